// Which hooks run when a WebSocket opens? Those of `onSend` before it: what they set on the reply, such as a session's cookie, goes with
// the 101. Those of `onResponse` after it: the request ends with its handshake.
import type { Duplex } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OnSend } from '../../route/answer-way.ts'
import { CLIENT_LEFT, runOnSend } from '../../route/on-send.ts'

/**
 * Calls `opens` when the hooks have run, at once where none has to be waited for; with null, or with what a hook threw. The upstream
 * is paused while they wait. The client is not, so that its leaving is noticed. The hooks see the status that will be sent.
 */
export function afterHooks (hooks: readonly OnSend[], request: FastifyRequest, reply: FastifyReply, upstream: Duplex, opens: (error: unknown) => void): void {
  if (hooks.length === 0) {
    opens(null)
    return
  }
  const { raw } = reply
  const before = raw.statusCode
  // Over HTTP/2 the status of an open WebSocket is 200 (RFC 8441 §5), which the reply has already.
  if (!('stream' in raw)) raw.statusCode = 101
  const waiting = runOnSend(hooks, request, reply)
  if (waiting === null) {
    opens(null)
    return
  }
  upstream.pause()
  waiting.then(() => null, (error: unknown) => {
    if (!raw.headersSent) raw.statusCode = before
    return error ?? new TypeError('an onSend hook failed without an error')
  }).then(opens)
}

/** Takes back the 101 that the hooks have seen: the handshake has failed. `left`: nobody is there to get another status. */
export function takeBack ({ raw }: FastifyReply, left: boolean): void {
  if (raw.statusCode === 101) raw.statusCode = left ? CLIENT_LEFT : 200
}

/**
 * Tells the listeners of the response's 'finish' that its head, which is all of it, has been sent: Fastify's runs the `onResponse`
 * hooks. Each is told once, though over HTTP/2 Node emits the event when the stream closes.
 */
export function tellFinished ({ raw }: FastifyReply): void {
  for (const listener of raw.rawListeners('finish')) {
    raw.removeListener('finish', listener as () => void)
    listener.call(raw)
  }
}
