// Which of a client's headers are the proxy's to say? Backends believe these, so a client must not say them.
import { HOP_BY_HOP } from './hop-by-hop.ts'
import { TOKEN } from './raw-headers.ts'

/** Which of a client's headers go no further. */
export interface OwnedHeadersOptions {
  /**
   * Headers that only a client whom the server's `trustProxy` believes may send; rules and `rewriteRequest` may set them. A list takes
   * the place of `OWNED_HEADERS`, the default. X-ARR-LOG-ID is always the proxy's, X-Forwarded-For, -Host, -Proto and Forwarded are as `forwarded` says.
   */
  ownedHeaders?: readonly string[]
  /**
   * Which headers with an underscore in their names are dropped: to CGI, WSGI and PHP `X_Forwarded_For` is X-Forwarded-For.
   * `owned`: those that would be a header of the proxy's or of a rule's. `all`: all of them, as nginx does. `none`. Defaults to `owned`.
   */
  dropUnderscores?: 'owned' | 'all' | 'none'
}

/** What backends believe about the way a request came, and no proxy in front of it has checked. */
export const OWNED_HEADERS: readonly string[] = [
  'Front-End-Https', 'X-ARR-ClientCert', 'X-ARR-SSL', 'X-Client-Cert', 'X-Forwarded-Client-Cert', 'X-Forwarded-Port', 'X-Forwarded-Prefix',
  'X-Forwarded-Protocol', 'X-Forwarded-Scheme', 'X-Forwarded-Server', 'X-Forwarded-Ssl', 'X-Original-URL', 'X-Real-IP', 'X-Rewrite-URL'
]

/** The options as they run. */
export interface Ownership {
  /** Lower-cased. */
  readonly owned: ReadonlySet<string>
  readonly underscores: 'owned' | 'all' | 'none'
}

// They frame the message or say whom it is for: without them it is another one.
const NEEDED: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'host', 'content-length'])

/** Compiles the options; what is wrong with them is added to `mistakes`. */
export function compileOwnership ({ ownedHeaders = OWNED_HEADERS, dropUnderscores = 'owned' }: OwnedHeadersOptions, mistakes: string[]): Ownership {
  const names: readonly unknown[] = Array.isArray(ownedHeaders) ? ownedHeaders : [null]
  const owned = names.map(name => typeof name === 'string' && TOKEN.test(name) ? name.toLowerCase() : null)
  if (owned.some(name => name === null || NEEDED.has(name))) {
    mistakes.push('`ownedHeaders` must be a list of header names, without those that frame a message or belong to a connection')
  }
  if (!['owned', 'all', 'none'].includes(dropUnderscores)) mistakes.push('`dropUnderscores` must be owned, all or none')
  return { owned: new Set(owned.filter(name => name !== null)), underscores: dropUnderscores }
}
