// Where does this request go? A URL is split into an origin to dial and a path to send, byte for byte.
import { ERRORS } from '../errors.ts'

/** A server that can be dialled. One object per origin: it is the key of pools and counts. */
export interface Origin {
  /** `http://localhost:8080`: for logs, and for `request.upstream.server`. */
  readonly name: string
  readonly secure: boolean
  readonly hostname: string
  readonly port: number
  /** Set for an upstream behind a unix socket. */
  readonly socketPath: string | null
  /** The Host header that names this origin (without a default port, RFC 9110 §7.2). */
  readonly host: string
  /** What a farm may be called: the host as it is written, where it stands without a port; null elsewhere. */
  readonly farm: string | null
}

/** An origin and the path to request. */
export interface Target {
  readonly origin: Origin
  /** Origin-form (RFC 9112 §3.2.1): path and query as they are sent. */
  readonly path: string
}

const ABSOLUTE = /^(https?|wss?|unix):\/\/([^/?#]*)(.*)/is
const CONTROL = /[\u0000-\u0020\u007f]/ // eslint-disable-line no-control-regex
const SLASH = 0x2f
// Some servers still treat it as one with path parameters after it (`..;x`).
const DOT_SEGMENT = /^((?:\.|%2e){1,2})(?:;.*)?$/i

/** More than the servers of several farms, each by http and https: one that were forgotten would lose its connections. */
const MOST = 8192
/** Characters. No host has so long a name (RFC 1035 §2.3.4), and no unix socket, escaped or not. */
const LONGEST = 512

/** The origins in use, each parsed once. Bounded, because `to` may compute any number of them. */
export class Origins {
  readonly #known = new Map<string, Origin>()
  readonly #limit: number
  // Most requests go where the one before went. Always one of those known: the newest is never forgotten first.
  #last: Origin | null = null
  #lastKey = ''

  constructor (limit = MOST) {
    this.#limit = limit
  }

  /** The origin of a URL without a path, as origins are named. Throws BadTarget. */
  of (server: string): Origin {
    return this.#known.get(server) ?? this.target(server).origin
  }

  /** Splits an absolute URL. The path stays as written, neither normalised nor decoded; a fragment stays too, and makes the path invalid. Throws BadTarget. */
  target (url: string): Target {
    if (this.#last !== null && url.charCodeAt(this.#lastKey.length) === SLASH && url.startsWith(this.#lastKey)) {
      const path = url.slice(this.#lastKey.length)
      if (CONTROL.test(path)) throw new ERRORS.BadTarget()
      return { origin: this.#last, path }
    }
    const match = ABSOLUTE.exec(url)
    if (match === null || CONTROL.test(url)) throw new ERRORS.BadTarget()
    const [, scheme = '', authority = '', rest = ''] = match
    const key = `${scheme}://${authority}`
    let origin = this.#known.get(key)
    if (origin === undefined) {
      origin = parseOrigin(scheme.toLowerCase(), authority)
      if (authority.length > LONGEST) return { origin, path: rest.startsWith('/') ? rest : `/${rest}` }
      if (this.#known.size >= this.#limit) this.#known.delete(this.#known.keys().next().value as string)
      this.#known.set(key, origin)
    }
    this.#last = origin
    this.#lastKey = key
    return { origin, path: rest.startsWith('/') ? rest : `/${rest}` }
  }
}

function parseOrigin (scheme: string, authority: string): Origin {
  if (scheme === 'unix') {
    // unix://%2Frun%2Fapp.sock/path: the percent-encoded path of the socket stands where the authority would.
    let socketPath: string
    try {
      socketPath = decodeURIComponent(authority)
    } catch {
      throw new ERRORS.BadTarget()
    }
    return { name: `unix://${authority}`, secure: false, hostname: 'localhost', port: 80, socketPath, host: 'localhost', farm: null }
  }
  const secure = scheme === 'https' || scheme === 'wss'
  let url: URL
  try {
    url = new URL(`${secure ? 'https' : 'http'}://${authority}`)
  } catch {
    throw new ERRORS.BadTarget()
  }
  if (url.username !== '' || url.password !== '' || url.hostname === '') throw new ERRORS.BadTarget()
  const hostname = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  return {
    name: `${url.protocol}//${url.host}`,
    secure,
    hostname,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    socketPath: null,
    host: url.host,
    farm: /[:@[]/.test(authority) ? null : authority
  }
}

/**
 * True where a path, resolved as a server may resolve it (percent-encoded dots, backslashes), leads above where it starts.
 * Such a path must not be appended to a prefix: it would leave the prefix.
 */
export function climbs (path: string): boolean {
  const end = path.search(/[?#]/)
  const bare = end === -1 ? path : path.slice(0, end)
  if (!bare.includes('.') && !/%2e/i.test(bare)) return false
  let depth = 0
  for (const segment of bare.split(/[/\\]|%2f|%5c/i)) {
    const dots = DOT_SEGMENT.exec(segment)
    if (dots === null) {
      if (segment !== '') depth++
    } else if (/^(?:\.|%2e){2}$/i.test(dots[1] as string) && --depth < 0) {
      return true
    }
  }
  return false
}
