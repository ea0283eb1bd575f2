// Which requests may be sent again? Those of idempotent methods: sent twice, they have the effect of one (RFC 9110 §9.2.2).
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY', 'PROPFIND', 'SEARCH', 'REPORT'])

export function isIdempotent (method: string): boolean {
  return IDEMPOTENT.has(method)
}
