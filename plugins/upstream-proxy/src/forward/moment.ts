// How far has an exchange come? Asked when its client leaves.
import type { Moment, Upstream } from '@fastify-arr/facts'
import type { RequestBody } from './request/request-body.ts'

/** The moment of an exchange. `body` is null where the request has none. */
export function momentOf ({ status }: Upstream, hasConnection: boolean, body: RequestBody | null): Moment {
  if (status !== null) return 'body'
  if (!hasConnection) return body?.awaited === true ? 'request' : 'connect'
  return body === null || body.ended ? 'headers' : 'request'
}
