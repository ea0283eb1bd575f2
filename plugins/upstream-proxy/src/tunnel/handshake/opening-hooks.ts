// Which hooks run before a WebSocket opens? Those of `onSend`: what they set on the reply, such as a session's cookie, goes with the 101.
import type { Duplex } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OnSend } from '../../route/answer-way.ts'

/**
 * Calls `opens` when the hooks have run, at once where there are none; with null, or with what a hook threw. The upstream is
 * paused meanwhile. The client is not, so that its leaving is noticed.
 */
export function afterHooks (hooks: readonly OnSend[], request: FastifyRequest, reply: FastifyReply, upstream: Duplex, opens: (error: unknown) => void): void {
  if (hooks.length === 0) {
    opens(null)
    return
  }
  upstream.pause()
  run(hooks, request, reply).then(() => null, (error: unknown) => error ?? new TypeError('an onSend hook failed without an error')).then(opens)
}

/** One after the other, as Fastify does, with null for the payload: a 101 has none, and what they return for it is ignored. */
async function run (hooks: readonly OnSend[], request: FastifyRequest, reply: FastifyReply): Promise<void> {
  for (const hook of hooks) {
    await new Promise<void>((resolve, reject) => {
      // An async hook gives a promise, any other calls back.
      const given = (hook as (...values: unknown[]) => unknown)(request, reply, null, (error?: Error | null) => {
        if (error === undefined || error === null) resolve()
        else reject(error)
      })
      if (typeof (given as PromiseLike<unknown> | undefined)?.then === 'function') (given as PromiseLike<unknown>).then(() => { resolve() }, reject)
    })
  }
}
