// Which path and query does a request target have, and is it well formed?

// The absolute form of a target (RFC 9112 §3.2.2). Its host comes from the client, so no rule uses it. Any scheme, since a proxy may accept any.
const ABSOLUTE_FORM = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*(\/[^?]*)?(\?.*)?$/is

/** A target as path and query, the only part that rules and upstreams see; `*` stays. */
export function originForm (target: string): string {
  if (target.startsWith('/')) return target
  const absolute = ABSOLUTE_FORM.exec(target)
  return absolute === null ? target : `${absolute[1] ?? '/'}${absolute[2] ?? ''}`
}

/** Whether a target must not be forwarded: it has a fragment (RFC 9112 §3.2), or NUL in its path, which HTTP.sys and nginx refuse too. */
export function isMalformed (target: string): boolean {
  if (target.includes('#')) return true
  const nul = target.indexOf('%00')
  if (nul === -1) return false
  const mark = target.indexOf('?')
  return mark === -1 || nul < mark
}
