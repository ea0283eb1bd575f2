// Whose default is a message larger than? Limits of servers and gateways, each from its documentation or its source.

interface SizeLimit {
  readonly bytes: number
  readonly who: string
  readonly setting: string
}

/** The smallest first. */
export const SIZE_LIMITS: readonly SizeLimit[] = [
  // Tomcat, WebSocket how-to: the default size for buffers of messages is 8192.
  { bytes: 8_192, who: 'Tomcat and Spring', setting: '`maxTextMessageBufferSize`, `maxBinaryMessageBufferSize`' },
  // learn.microsoft.com/aspnet/core/signalr/configuration: MaximumReceiveMessageSize 32 KB.
  { bytes: 32 * 1_024, who: 'SignalR', setting: '`MaximumReceiveMessageSize`' },
  // docs.aws.amazon.com/apigateway, quotas of WebSocket APIs: message payload 128 KB, frame 32 KB.
  { bytes: 128 * 1_024, who: 'AWS API Gateway', setting: 'a fixed quota' },
  // engine.io/build/server.js: maxHttpBufferSize 1e6.
  { bytes: 1_000_000, who: 'socket.io', setting: '`maxHttpBufferSize`' },
  // websockets.readthedocs.io: max_size 1 MiB; uvicorn has 16 MiB.
  { bytes: 1_024 * 1_024, who: 'Python websockets', setting: '`max_size`' },
  // learn.microsoft.com/iis/configuration/system.webserver/websocket: receiveBufferLimit 4194304.
  { bytes: 4_194_304, who: 'IIS', setting: '`receiveBufferLimit` of system.webServer/webSocket' },
  { bytes: 16 * 1_024 * 1_024, who: 'uvicorn', setting: '`--ws-max-size`' },
  // ws/lib/websocket-server.js: maxPayload 100 MiB.
  { bytes: 100 * 1_024 * 1_024, who: 'ws (Node.js)', setting: '`maxPayload`' }
]

/** The two largest defaults that a message of this size is over; the others are less likely, as its predecessors would have met them. */
export function limitsUnder (bytes: number): SizeLimit[] {
  return SIZE_LIMITS.filter(limit => limit.bytes < bytes).slice(-2).reverse()
}
