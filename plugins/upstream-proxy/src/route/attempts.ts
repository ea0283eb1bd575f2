// Which server does an exchange ask, and which has it asked in vain? Another attempt may go to another server.
import { randomUUID } from 'node:crypto'
import type { Moment, Upstream, UpstreamAttempt } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { codeOf, type ErrorName } from '../errors.ts'
import type { Route } from './route.ts'

/** Gives the route of another attempt. `request.upstream.attempts` has the failed ones by then. May throw. */
export type NextRoute = (request: FastifyRequest) => Route

type Writable = { -readonly [Key in keyof Upstream]: Upstream[Key] }

// Most exchanges need one attempt: they share one list.
const NONE: readonly UpstreamAttempt[] = Object.freeze([])
const NOT_CONNECTED = { moment: 'connect', status: null } as const

/** The fact of an exchange that is about to ask its first server, or a farm for it. */
export function newUpstream (server: string, farm: string | null = null): Upstream {
  return {
    logId: randomUUID(),
    server,
    attempts: NONE,
    farm,
    routed: null,
    status: null,
    error: null,
    answerHeaders: null,
    tunnel: null,
    connectTime: null,
    firstByteTime: null
  }
}

/** Notes which server of a farm is asked: its origin, and its name there. */
export function noteServer (fact: Writable, server: string, routed: string): void {
  fact.server = server
  fact.routed = routed
}

/** Notes a connection that did not come about, or how else the attempt failed. `since` is when the first attempt began, on `performance.now()`'s clock: each further one begins when the last has failed. */
export function noteFailure (fact: Upstream, name: ErrorName, since: number, how: { readonly moment: Moment, readonly status: number | null } = NOT_CONNECTED): void {
  let time = performance.now() - since
  for (const one of fact.attempts) time -= one.time
  const failed = { server: fact.server, code: codeOf(name), ...(how.status !== null && { status: how.status }), moment: how.moment, time: Math.max(0, time) }
  if (fact.attempts === NONE) (fact as Writable).attempts = [failed]
  else (fact.attempts as UpstreamAttempt[]).push(failed)
}

/** False where no server was asked: there was no room in the queue, or no file descriptor. */
export function isAttempt (name: ErrorName): boolean {
  return name !== 'TooMany'
}

/** Prepares another attempt. Null where that is not possible, because `to` has thrown an error, for example: then the failure before it is what the client is told. */
export function anotherAttempt<Attempt> (request: FastifyRequest, next: NextRoute, prepare: (route: Route) => Attempt): Attempt | null {
  try {
    const route = next(request)
    const attempt = prepare(route)
    ;(request.upstream as Writable).server = route.origin.name
    return attempt
  } catch (error) {
    request.log.error({ err: error }, 'upstream-proxy: there is no further attempt, because it could not be prepared; the client is told how the last one failed')
    return null
  }
}
