// Has the client left? 'close' may have been emitted before there was a listener.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'

/** True where the client has left. A response that waits behind another one is not destroyed with its connection, so the socket is checked too. */
export function isGone (request: IncomingMessage, response: ServerResponse | Http2ServerResponse): boolean {
  return 'stream' in response ? response.stream.destroyed : response.destroyed || request.socket.destroyed
}
