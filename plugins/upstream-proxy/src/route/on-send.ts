// How do a route's `onSend` hooks run where Fastify sends nothing itself: before a 101, and where the client has left?
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AnswerWay, OnSend } from './answer-way.ts'

/** nginx's status for a client that left before the answer. */
export const CLIENT_LEFT = 499

/** The replies whose hooks have run, or are running. */
const RUN = new WeakSet<FastifyReply>()

/**
 * One after the other, as Fastify does, with null for the payload: there is none, and what they return for it is ignored. Null where
 * all have called back at once: a promise would cost each handshake a turn of the microtasks. Else a promise, which rejects with what a hook threw.
 */
export function runOnSend (hooks: readonly OnSend[], request: FastifyRequest, reply: FastifyReply): Promise<void> | null {
  RUN.add(reply)
  for (let i = 0; i < hooks.length; i++) {
    const waiting = run(hooks[i] as OnSend, request, reply)
    if (waiting !== null) return runRest(waiting, hooks.slice(i + 1), request, reply)
  }
  return null
}

async function runRest (first: Promise<void>, rest: readonly OnSend[], request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await first
  for (const hook of rest) await run(hook, request, reply)
}

/** Null where the hook has called back at once, without an error. Of several answers of a hook only the first counts. */
function run (hook: OnSend, request: FastifyRequest, reply: FastifyReply): Promise<void> | null {
  let isOver = false
  let failure: Error | null = null
  let tell = (error: Error | null): void => {
    if (isOver) return
    isOver = true
    failure = error
  }
  let given: unknown
  try {
    given = (hook as (...values: unknown[]) => unknown)(request, reply, null, (error?: Error | null) => { tell(error ?? null) })
  } catch (error) {
    if (!isOver) return Promise.reject(error)
  }
  // An async hook gives a promise, any other calls back.
  const later = typeof (given as PromiseLike<unknown> | undefined)?.then === 'function' ? given as PromiseLike<unknown> : null
  if (isOver && failure === null && later === null) return null
  return new Promise((resolve, reject) => {
    tell = error => {
      if (error === null) resolve()
      else reject(error)
    }
    if (isOver) tell(failure)
    later?.then(() => { resolve() }, reject)
  })
}

/**
 * Runs them for a client that left before it was answered. Fastify runs them too where a handler answers later: what began with
 * the request, such as a span, ends with them. Nothing can be sent any more, so their errors change nothing.
 */
export function runAfterLeaving ({ onSend }: AnswerWay, request: FastifyRequest, reply: FastifyReply): void {
  if (onSend.length === 0 || reply.sent || reply.raw.headersSent || RUN.has(reply)) return
  reply.raw.statusCode = CLIENT_LEFT
  runOnSend(onSend, request, reply)?.catch((error: unknown) => { request.log.debug({ err: error }, 'an onSend hook failed; the client had left') })
}
