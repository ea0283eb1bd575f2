// Has the client left? 'close' may have been told before anybody listened.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'

/** True where nobody waits for the answer any more. One that waits behind another is not told of its connection's end. */
export function isGone (request: IncomingMessage, response: ServerResponse | Http2ServerResponse): boolean {
  return 'stream' in response ? response.stream.destroyed : response.destroyed || request.socket.destroyed
}
