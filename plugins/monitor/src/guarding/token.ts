// Who has the token? Compared in the same time whatever is given; a browser keeps something that is derived from it.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { parseCookie, stringifySetCookie } from 'cookie'

/** The token of the page. */
export class Token {
  readonly #digest: Buffer
  readonly #cookie: string
  readonly #cookieDigest: Buffer
  /** Cookies don't know ports: two monitors of one host have two names. */
  readonly #name: string

  constructor (token: string) {
    this.#digest = digest(token)
    // Derived, not random, so that a page is still known after a restart of the server.
    this.#cookie = createHmac('sha256', token).update('fastify-arr monitor: cookie').digest('base64url')
    this.#cookieDigest = digest(this.#cookie)
    this.#name = `fastify-arr-monitor-${createHmac('sha256', token).update('fastify-arr monitor: name').digest('hex').slice(0, 8)}`
  }

  matches (given: string): boolean {
    return timingSafeEqual(digest(given), this.#digest)
  }

  /** Whether a Cookie header has what `setCookie` has given. */
  isIn (header: string | undefined): boolean {
    const given = header === undefined ? undefined : parseCookie(header)[this.#name]
    return given !== undefined && timingSafeEqual(digest(given), this.#cookieDigest)
  }

  /** The value of a Set-Cookie header. Without a path: it is for the folder of the page, as the browser sees it. */
  setCookie (secure: boolean): string {
    return stringifySetCookie({ name: this.#name, value: this.#cookie, httpOnly: true, sameSite: 'strict', secure })
  }
}

// Of equal length, as timingSafeEqual needs them.
function digest (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
