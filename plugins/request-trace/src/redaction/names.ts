// Which headers and parameters hold secrets? Decided by their names, once per name.
import type { RedactOptions } from '../options.ts'

/** What is secret in a header's value: nothing, all, what follows the scheme, cookies' values, or the protocols that are tokens. */
export type HeaderKind = 'plain' | 'secret' | 'credentials' | 'cookie' | 'setCookie' | 'protocols'

const KINDS: ReadonlyArray<readonly [string, HeaderKind]> = [
  ['authorization', 'credentials'],
  ['proxy-authorization', 'credentials'],
  ['cookie', 'cookie'],
  ['set-cookie', 'setCookie'],
  ['sec-websocket-protocol', 'protocols'],
  // The handshake's key and the answer to it protect nothing, and whether they fit is worth seeing.
  ['sec-websocket-key', 'plain']
]

/** Words that make a name secret wherever they stand in it, e.g. `X-Auth-Token`, `client_secret`, `X-Amz-Signature`. */
const WORDS: ReadonlySet<string> = new Set(['token', 'tokens', 'key', 'secret', 'password', 'passwd', 'passphrase', 'pwd', 'signature', 'sig', 'authorization', 'auth', 'jwt',
  'credential', 'credentials', 'apikey', 'session', 'sessionid', 'jsessionid', 'phpsessid', 'sid', 'otp', 'csrf', 'xsrf', 'assertion',
  'authentication', 'bearer', 'hmac', 'passcode', 'pw', 'saml', 'verifier', 'wsse'])
/** Names of parameters that are secret alone; as a part of another name they mean too much else, such as `postcode`. */
const PARAMETERS: ReadonlySet<string> = new Set(['code', 'pass', 'pin', 'ticket'])
const ENDS = /(?:token|secret|password|passwd|signature|(?:api|access|secret|private|auth|session|shared|subscription)key|userpass|authcode|samlresponse)$/i
const MOST_KNOWN = 1_000
const LONGEST_KNOWN = 200

/** The names that are secret in one server. */
export class SecretNames {
  readonly #headers = new Map<string, HeaderKind>(KINDS)
  readonly #parameters = new Map<string, boolean>()

  /** The names that are added to those that always are secret. */
  constructor ({ headers = [], query = [] }: RedactOptions) {
    for (const name of headers) if (!isKnown(name)) this.#headers.set(name.toLowerCase(), 'secret')
    for (const name of query) this.#parameters.set(name.toLowerCase(), true)
  }

  header (name: string): HeaderKind {
    // As it is spelt: most names come in one or two spellings.
    const known = this.#headers.get(name)
    if (known !== undefined) return known
    const lower = name.toLowerCase()
    const kind = this.#headers.get(lower) ?? (isSecret(name) ? 'secret' : 'plain')
    if (this.#headers.size < MOST_KNOWN && name.length <= LONGEST_KNOWN) this.#headers.set(name, kind)
    return kind
  }

  parameter (name: string): boolean {
    const known = this.#parameters.get(name)
    if (known !== undefined) return known
    const decoded = decode(name.replaceAll('+', ' '))
    const lower = decoded.toLowerCase()
    const secret = this.#parameters.get(lower) === true || PARAMETERS.has(lower) || isSecret(decoded)
    if (this.#parameters.size < MOST_KNOWN && name.length <= LONGEST_KNOWN) this.#parameters.set(name, secret)
    return secret
  }
}

/** Cookies and credentials stay in their form, even where an option names them. */
function isKnown (name: string): boolean {
  return KINDS.some(([known, kind]) => known === name.toLowerCase() && kind !== 'plain')
}

function isSecret (name: string): boolean {
  return ENDS.test(name) || wordsIn(name).some(word => WORDS.has(word.toLowerCase()))
}

/** `X-Access-Key`, `accessKey` and `AWSAccessKeyId2` have the word `key`. */
function wordsIn (name: string): string[] {
  return [...name.split(/[^A-Za-z]+/), ...name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)]
}

/** Without the percent-encoding. Where that is none of UTF-8, as old clients have it, each byte is a character: names are of ASCII. */
export function decode (text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text.replace(/%([\da-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  }
}

/** Headers that say how a message is built. A cookie's value may be `upgrade`, too; they are shown all the same. */
const STRUCTURE: ReadonlySet<string> = new Set(['connection', 'upgrade', 'transfer-encoding', 'content-length', 'te', 'trailer', 'sec-websocket-version', 'sec-websocket-extensions'])

export function isStructure (name: string): boolean {
  return STRUCTURE.has(name.toLowerCase())
}
