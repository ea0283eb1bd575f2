// What is a method called? The conventions know ten; any other would let clients invent names of spans.
import type { Attributes } from '@opentelemetry/api'

const KNOWN: ReadonlySet<string> = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE'])

/** The beginning of a span's name. */
export function spanName (method: string): string {
  return KNOWN.has(method) ? method : 'HTTP'
}

export function addMethod (attributes: Attributes, method: string): void {
  const isKnown = KNOWN.has(method)
  attributes['http.request.method'] = isKnown ? method : '_OTHER'
  if (!isKnown) attributes['http.request.method_original'] = method
}
