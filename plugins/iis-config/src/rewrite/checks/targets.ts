// The URLs that a rule may lead to: HTTP only. url-rewrite refuses the others as well; here the error has a line.

const HTTP = /^(https?|wss?)$/i
const AUTHORITY = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i

/** Why url-rewrite would refuse a URL for every request, or null. A host may be the name of a farm; `farms` has the names in lower case. */
export function targetMistake (url: string, farms: ReadonlySet<string>): string | null {
  const brace = url.indexOf('{')
  const literal = brace === -1 ? url : url.slice(0, brace)
  const [, scheme, slashes, authority = ''] = /^([a-z][a-z\d+.-]*):(\/\/([^/?]*))?/i.exec(literal) ?? []
  if (scheme === undefined) return null
  if (!HTTP.test(scheme)) return `leads to ${scheme}:, and only http and https are known here`
  if (slashes === undefined) return 'has a scheme without // after it'
  if (authority.includes('@')) return 'holds a user name or password'
  // An authority that ends at a brace continues with values of the request.
  const whole = brace === -1 || literal.length > scheme.length + 1 + slashes.length
  if (!whole || farms.has(authority.toLowerCase())) return null
  return AUTHORITY.test(authority) && Number(/:(\d+)$/.exec(authority)?.[1] ?? 0) <= 65535 ? null : `has "${authority}" where a host and port should stand`
}
