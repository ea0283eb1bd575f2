// What is one attempt to reach a server? A client span, from the moment at which a connection is taken to its answer's end.
import { SpanKind, SpanStatusCode, type Attributes, type Context, type Span, type Tracer } from '@opentelemetry/api'
import type { AttemptAnswered, AttemptFailed, AttemptSent } from '@fastify-arr/facts'
import { addMethod, spanName } from '../attributes/methods.ts'
import { addPeer, serverAttributes } from '../attributes/server.ts'

/** Begins the span. `before` is how many attempts there were. */
export function beginAttempt (tracer: Tracer, context: Context, method: string, server: string, before: number): Span {
  const attributes: Attributes = { 'network.protocol.version': '1.1' }
  addMethod(attributes, method)
  Object.assign(attributes, serverAttributes(server))
  if (before > 0) attributes['http.request.resend_count'] = before
  return tracer.startSpan(spanName(method), { kind: SpanKind.CLIENT, attributes }, context)
}

/** The head is written: what is asked, without its query. */
export function noteSent (span: Span, { server, head, remote }: AttemptSent): void {
  if (!span.isRecording()) return
  const attributes: Attributes = {}
  const start = head.indexOf(' ') + 1
  const target = head.slice(start, head.indexOf(' ', start))
  const query = target.indexOf('?')
  attributes['url.full'] = `${server}${query === -1 ? target : target.slice(0, query)}`
  addPeer(attributes, remote)
  span.setAttributes(attributes)
}

/** A head has come. On a client's span a 4xx is an error. */
export function noteAnswer (span: Span, { status }: AttemptAnswered): void {
  if (status < 200 && status !== 101) return
  span.setAttribute('http.response.status_code', status)
  if (status >= 400) noteError(span, String(status))
}

export function noteFailure (span: Span, { code, moment, systemCode }: AttemptFailed): void {
  span.setAttribute('fastify_arr.error.moment', moment)
  if (systemCode !== null) span.setAttribute('fastify_arr.error.system_code', systemCode)
  noteError(span, code)
}

export function noteError (span: Span, type: string): void {
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR })
}
