// How did an exchange end? Its status, as the client got it, and the error where there was one.
import { SpanStatusCode, type Attributes, type Span } from '@opentelemetry/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { add, addPlace, type Facts } from './place.ts'

/** What nobody has answered, and no upstream has failed: a client has left, or a rule has cut the connection. */
const ABORTED = 'aborted'

/** Says on the span of an exchange how it has ended. `switched`: a WebSocket has opened. */
export function tellOutcome (span: Span, request: FastifyRequest, response: FastifyReply['raw'], switched: boolean): void {
  const facts = request as Facts
  const attributes: Attributes = {}
  addPlace(attributes, facts)
  add(attributes, 'fastify_arr.rejection', facts.rejection?.reason)
  const error = switched ? null : facts.upstream?.error
  const status = statusOf(response, request.raw.httpVersionMajor === 2, switched, error?.statusCode)
  add(attributes, 'http.response.status_code', status)
  if (error !== null && error !== undefined) {
    attributes['error.type'] = error.code ?? ABORTED
    add(attributes, 'fastify_arr.error.side', error.side)
    add(attributes, 'fastify_arr.error.moment', error.moment)
  } else if (status === null || (!switched && isCut(response, facts))) {
    attributes['error.type'] = ABORTED
  } else if (status >= 500) {
    attributes['error.type'] = String(status)
  }
  span.setAttributes(attributes)
  // A 4xx is the client's, and so is its leaving: on a server's span they are no errors.
  const isError = status !== null && (status >= 500 || (status < 400 && error !== null && error !== undefined && error.side !== 'client'))
  if (isError) span.setStatus({ code: SpanStatusCode.ERROR })
}

/** What the client got, or would have got. Null where nothing was sent. */
function statusOf (response: FastifyReply['raw'], isHttp2: boolean, switched: boolean, failed: number | undefined): number | null {
  if (switched) return isHttp2 ? 200 : 101
  if (response.headersSent) return response.statusCode
  return failed ?? null
}

/** Of what upstreams answer, the facts say it. */
function isCut (response: FastifyReply['raw'], { upstream }: Facts): boolean {
  return (upstream === null || upstream === undefined) && !response.writableFinished
}
