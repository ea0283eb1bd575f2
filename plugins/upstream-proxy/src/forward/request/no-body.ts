// How is a request without a body made cheap? After the answer, Node reads an unread request to its end, in seven turns of its
// tick queue. A request without a body needs three, if `read(0)` is called before it ends, and `read()` before it is answered.
import type { IncomingMessage } from 'node:http'

/** To be called when the request has arrived. */
export function expectNothing (request: IncomingMessage): void {
  if (request.httpVersionMajor === 1) request.read(0)
}

/** To be called before the request is answered. */
export function takeNothing (request: IncomingMessage): void {
  if (request.httpVersionMajor === 1 && request.complete) request.read()
}
