// How do a route's `onSend` hooks run where Fastify sends nothing itself: before a 101, and where the client has left?
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AnswerWay, OnSend } from './answer-way.ts'

/** nginx's status for a client that left before the answer. */
export const CLIENT_LEFT = 499

/** The replies whose hooks have run, or are running. */
const RUN = new WeakSet<FastifyReply>()

/** One after the other, as Fastify does, with null for the payload: there is none, and what they return for it is ignored. Rejects with what a hook threw. */
export async function runOnSend (hooks: readonly OnSend[], request: FastifyRequest, reply: FastifyReply): Promise<void> {
  RUN.add(reply)
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

/**
 * Runs them for a client that left before it was answered. Fastify runs them too where a handler answers later: what began with
 * the request, such as a span, ends with them. Nothing can be sent any more, so their errors change nothing.
 */
export function runAfterLeaving ({ onSend }: AnswerWay, request: FastifyRequest, reply: FastifyReply): void {
  if (onSend.length === 0 || reply.sent || reply.raw.headersSent || RUN.has(reply)) return
  reply.raw.statusCode = CLIENT_LEFT
  runOnSend(onSend, request, reply).catch((error: unknown) => { request.log.debug({ err: error }, 'an onSend hook failed; the client had left') })
}
