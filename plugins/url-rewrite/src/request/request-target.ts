// What is a request's target, as the request line has it?

// The absolute form of a target (RFC 9112 §3.2.2): its host is the client's word, and no rule's. Any scheme, since a proxy may take any.
const ABSOLUTE_FORM = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*(\/[^?]*)?(\?.*)?$/is

/** A target as path and query, which is all that rules and upstreams are to see of it; `*` stays. */
export function originForm (target: string): string {
  if (target.startsWith('/')) return target
  const absolute = ABSOLUTE_FORM.exec(target)
  return absolute === null ? target : `${absolute[1] ?? '/'}${absolute[2] ?? ''}`
}

/** Whether a target is one that nobody may be sent: with a fragment (RFC 9112 §3.2), or NUL in its path, as HTTP.sys and nginx refuse. */
export function isMalformed (target: string): boolean {
  if (target.includes('#')) return true
  const nul = target.indexOf('%00')
  if (nul === -1) return false
  const mark = target.indexOf('?')
  return mark === -1 || nul < mark
}
