// Which headers may only the proxy or a trusted peer send? Backends believe these, so other clients must not send them.
import { HOP_BY_HOP } from './hop-by-hop.ts'
import { TOKEN } from './raw-headers.ts'

/** Which of a client's headers are not passed on. */
export interface OwnedHeadersOptions {
  /**
   * Headers that only a peer trusted by the server's `trustProxy` may send; rules and `rewriteRequest` may set them. A list replaces
   * `OWNED_HEADERS`, the default. X-ARR-LOG-ID is always set by the proxy; X-Forwarded-For, -Host, -Proto and Forwarded follow `forwarded`.
   */
  ownedHeaders?: readonly string[]
  /**
   * Which headers with an underscore in their names are dropped: to CGI, WSGI and PHP `X_Forwarded_For` is X-Forwarded-For.
   * `owned`: those that could pass for a header that the proxy or a rule sets. `all`: all of them, as nginx does. `none`. Defaults to `owned`.
   */
  dropUnderscores?: 'owned' | 'all' | 'none'
}

/** Headers that backends believe about how a request arrived, though an untrusted client can send them. */
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

// They frame the message or name its target: without them it would be a different message.
const NEEDED: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'host', 'content-length'])

/** Compiles the options; mistakes in them are added to `mistakes`. */
export function compileOwnership ({ ownedHeaders = OWNED_HEADERS, dropUnderscores = 'owned' }: OwnedHeadersOptions, mistakes: string[]): Ownership {
  const names: readonly unknown[] = Array.isArray(ownedHeaders) ? ownedHeaders : [null]
  const owned = names.map(name => typeof name === 'string' && TOKEN.test(name) ? name.toLowerCase() : null)
  if (owned.some(name => name === null || NEEDED.has(name))) {
    mistakes.push('`ownedHeaders` must be a list of header names, without those that frame a message or belong to a connection')
  }
  if (!['owned', 'all', 'none'].includes(dropUnderscores)) mistakes.push('`dropUnderscores` must be owned, all or none')
  return { owned: new Set(owned.filter(name => name !== null)), underscores: dropUnderscores }
}
