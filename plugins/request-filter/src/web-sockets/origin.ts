// Which page opens a WebSocket? The Origin header, if it is exactly what a browser writes (RFC 6454 §6.2).

/** An origin, taken apart. */
export interface Origin {
  /** Lower case, without the colon. */
  readonly scheme: string
  /** As browsers write it: lower case, punycode, IPv6 in brackets. A trailing dot is part of it. */
  readonly host: string
  /** The port, the scheme's default one among them; null where the scheme has none and none is named. */
  readonly port: number | null
}

/** The longest that a host name, a scheme and a port can be, and more. */
const LONGEST = 300

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 }

/** The port of a scheme's origins that name none. */
export function defaultPortOf (scheme: string): number | null {
  return Object.hasOwn(DEFAULT_PORTS, scheme) ? DEFAULT_PORTS[scheme] as number : null
}

/**
 * Reads a serialised origin. Null for what no browser writes: several origins, user information, a path, upper case, letters beyond ASCII,
 * the scheme's default port, an empty host; and for `null`, which names no page.
 */
export function parseOrigin (text: string): Origin | null {
  if (text.length > LONGEST || !URL.canParse(text)) return null
  const { protocol, host, hostname, port } = new URL(text)
  // A URL's parts are in normal form: a text that is not made of them is not in that form.
  if (hostname === '' || `${protocol}//${host}` !== text) return null
  const scheme = protocol.slice(0, -1)
  return { scheme, host: hostname, port: port === '' ? defaultPortOf(scheme) : Number(port) }
}
