// What does a request cost that has no body? Node reads an unread one to its end once it is answered, in seven turns of its
// tick queue. One that has none needs three: asked for bytes before it has ended, and for its end before it is answered.
import type { IncomingMessage } from 'node:http'

/** When the request has arrived. */
export function expectNothing (request: IncomingMessage): void {
  if (request.httpVersionMajor === 1) request.read(0)
}

/** Before it is answered. */
export function takeNothing (request: IncomingMessage): void {
  if (request.httpVersionMajor === 1 && request.complete) request.read()
}
