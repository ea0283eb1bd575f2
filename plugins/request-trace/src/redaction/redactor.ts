// What of a header or a URL may be shown? Redacted when it is recorded, so that no recording holds a secret.
import type { RedactOptions } from '../options.ts'
import { decode, isStructure, SecretNames } from './names.ts'
import type { Secrets } from './secrets.ts'

// What a text must have before it is looked at: a pair, a JSON Web Token, a user in a URL.
const SUSPECT = /[=@]|eyJ/
const NAME = /[?&#;]([^=&#;?\s]+)=/g
/** A secret may have a semicolon and a question mark in it; another value may be followed by a parameter there. */
const SECRET_VALUE = /[^&#\s]*/y
const VALUE = /[^&#;?\s]*/y
const MARK = /^redacted-\d+(?:-[0-9a-f]{8})?$/
const MEMBER = /"([\w.-]{1,100})"\s*:/g
const JSON_WEB_TOKEN = /eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*){0,3}/g
const USER = /\/\/([^/?#\s]+)@/g
const DEEPEST = 4

/** Redacts by names and by looks; see `Secrets` for how. */
export class Redactor {
  /** False where everything is written. */
  readonly on: boolean
  readonly #names: SecretNames

  constructor (redact: RedactOptions, on: boolean) {
    this.on = on
    this.#names = new SecretNames(redact)
  }

  /** A URL, a path with a query, or any text that may hold one. */
  text (text: string, secrets: Secrets, isInside = false): string {
    if (!this.on || !SUSPECT.test(text)) return text
    let shown = text
    if (shown.includes('eyJ')) shown = shown.replace(JSON_WEB_TOKEN, token => secrets.mark(token))
    if (shown.includes('@')) shown = shown.replace(USER, (_, user: string) => `//${secrets.mark(user)}@`)
    return shown.includes('=') ? this.#pairs(shown, secrets, isInside) : shown
  }

  /** One after the other, since what is no secret may hold the next pair: `?next=/a?code=5`. */
  #pairs (text: string, secrets: Secrets, isInside: boolean): string {
    let shown = ''
    let from = 0
    for (let match = at(NAME, text, 0); match !== null; match = at(NAME, text, NAME.lastIndex)) {
      const start = NAME.lastIndex
      const isSecret = this.#names.parameter(match[1] as string)
      const pattern = isSecret ? SECRET_VALUE : VALUE
      const [value = ''] = at(pattern, text, start) ?? []
      NAME.lastIndex = start
      if (value === '' || MARK.test(value)) continue
      if (!isSecret && (isInside || !value.includes('%') || !this.#hasSecretInside(value, secrets))) continue
      // Elsewhere it may stand without what comes after a semicolon.
      if (value.includes(';')) secrets.mark(value.slice(0, value.indexOf(';')))
      shown += text.slice(from, start) + secrets.mark(value)
      from = NAME.lastIndex = start + value.length
    }
    return shown + text.slice(from)
  }

  /** A query without its question mark. */
  query (query: string, secrets: Secrets): string {
    return this.text(`?${query}`, secrets).slice(1)
  }

  /** A URL may hold another one, or an object in JSON, encoded once or more. */
  #hasSecretInside (value: string, secrets: Secrets): boolean {
    const place = NAME.lastIndex
    let inside = value
    let found = false
    for (let depth = 0; depth < DEEPEST && !found && inside.includes('%'); depth++) {
      inside = decode(inside)
      found = this.text(`?${inside}`, secrets, true) !== `?${inside}` || [...inside.matchAll(MEMBER)].some(([, name]) => this.#names.parameter(name as string))
    }
    NAME.lastIndex = place
    return found
  }

  /** A header's value. */
  value (name: string, value: string, secrets: Secrets): string {
    if (!this.on) return value
    switch (this.#names.header(name)) {
      case 'plain': return this.text(value, secrets)
      case 'secret': return secrets.mark(value)
      case 'credentials': return credentials(value, secrets)
      case 'cookie': return value.split(';').map(pair => cookie(pair, secrets)).join(';')
      case 'setCookie': return this.text(setCookie(value, secrets), secrets)
      case 'protocols': return this.protocols(value, secrets)
    }
  }

  /** Names and values in turn: a copy. */
  headers (headers: readonly string[], secrets: Secrets): string[] {
    const shown = headers.slice()
    if (!this.on) return shown
    for (let i = 0; i + 1 < shown.length; i += 2) shown[i + 1] = this.value(shown[i] as string, shown[i + 1] as string, secrets)
    // Once more: a later header may have told what an earlier one repeats.
    if (!secrets.none) for (let i = 1; i < shown.length; i += 2) if (!isStructure(shown[i - 1] as string)) shown[i] = secrets.hide(shown[i] as string)
    return shown
  }

  /** Whether a header of this name may hold a secret. */
  hides (name: string): boolean {
    return this.on && this.#names.header(name) !== 'plain'
  }

  /** A head: its first line, and the lines of its headers. */
  head (head: string, secrets: Secrets): string {
    if (!this.on) return head
    const first = lineEnd(head, 0)
    let shown = this.text(head.slice(0, first), secrets)
    // How much of the head `shown` has. No line is copied that stays as it is: this is done for every exchange.
    let from = first
    for (let at = first + 2; at < head.length;) {
      const end = lineEnd(head, at)
      const colon = head.indexOf(':', at)
      if (colon === -1) break
      if (colon < end) {
        let start = colon + 1
        while (start < end && isBlank(head.charCodeAt(start))) start++
        const value = head.slice(start, end)
        const safe = this.value(head.slice(at, colon), value, secrets)
        if (safe !== value) {
          shown += head.slice(from, start) + safe
          from = end
        }
      }
      at = end + 2
    }
    shown += head.slice(from)
    // Rules may have put a secret of the request into any line.
    return secrets.isIn(shown) ? shown.split('\r\n').map(line => isStructure(line.slice(0, Math.max(0, line.indexOf(':')))) ? line : secrets.hide(line)).join('\r\n') : shown
  }

  /** Sec-WebSocket-Protocol: browsers can send no other header with a WebSocket, so tokens are sent in it. */
  protocols (value: string, secrets: Secrets): string {
    if (!this.on) return value
    let before = ''
    return value.split(',').map(one => {
      const protocol = one.trim()
      const isNamed = before !== '' && this.#names.parameter(before)
      const secret = isNamed || protocol === secrets.protocol || isToken(protocol)
      if (isNamed && !MARK.test(protocol)) secrets.protocol = protocol
      before = protocol
      return secret ? one.replace(protocol, () => secrets.mark(protocol)) : one
    }).join(',')
  }
}

/** The match at, or from, a place. */
function at (pattern: RegExp, text: string, place: number): RegExpExecArray | null {
  pattern.lastIndex = place
  return pattern.exec(text)
}

function lineEnd (head: string, at: number): number {
  const end = head.indexOf('\r\n', at)
  return end === -1 ? head.length : end
}

/** A space or a tab. */
function isBlank (code: number): boolean {
  return code === 32 || code === 9
}

/** Longer than 20, of base64's letters, and with a digit or a capital, which names of protocols in such length rarely have. */
function isToken (protocol: string): boolean {
  if (protocol.startsWith('redacted-')) return false
  if (/eyJ[\w-]+\./.test(protocol)) return true
  return protocol.split('.').some(part => part.length > 20 && /^[\w+/=~-]+$/.test(part) && /[0-9A-Z]/.test(part))
}

function credentials (value: string, secrets: Secrets): string {
  const space = value.indexOf(' ')
  return space === -1 ? secrets.mark(value) : `${value.slice(0, space)} ${secrets.mark(value.slice(space + 1))}`
}

function cookie (pair: string, secrets: Secrets): string {
  const equals = pair.indexOf('=')
  // A cookie without a name is all value.
  if (equals === -1) return pair.trim() === '' ? pair : pair.replace(pair.trim(), text => secrets.mark(text))
  const value = pair.slice(equals + 1)
  return value === '' ? pair : `${pair.slice(0, equals + 1)}${secrets.mark(value)}`
}

function setCookie (value: string, secrets: Secrets): string {
  const end = value.indexOf(';')
  return end === -1 ? cookie(value, secrets) : `${cookie(value.slice(0, end), secrets)}${value.slice(end)}`
}
