// What of a header or a URL may be shown? Redacted when it is recorded, so that no recording holds a secret.
import type { RedactOptions } from '../options.ts'
import { SecretNames } from './names.ts'
import type { Secrets } from './secrets.ts'

// What a text must have before it is looked at: a pair, a JSON Web Token, a user in a URL.
const SUSPECT = /[=@]|eyJ/
const PAIR = /([?&#;])([^=&#;?\s]{1,200})=([^&#;\s]*)/g
const JSON_WEB_TOKEN = /eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*){0,3}/g
const USER = /:\/\/([^/?#@\s]+)@/g
const DEEPEST = 2

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
  text (text: string, secrets: Secrets, depth = 0): string {
    if (!this.on || !SUSPECT.test(text)) return text
    let shown = text
    if (shown.includes('eyJ')) shown = shown.replace(JSON_WEB_TOKEN, token => secrets.mark(token))
    if (shown.includes('@')) shown = shown.replace(USER, (_, user: string) => `://${secrets.mark(user)}@`)
    if (!shown.includes('=')) return shown
    return shown.replace(PAIR, (pair, before: string, name: string, value: string) => {
      if (value === '' || value.startsWith('redacted-')) return pair
      if (this.#names.parameter(name)) return `${before}${name}=${secrets.mark(value)}`
      return value.includes('%') && this.#hasSecretInside(value, secrets, depth) ? `${before}${name}=${secrets.mark(value)}` : pair
    })
  }

  /** A query without its question mark. */
  query (query: string, secrets: Secrets): string {
    return this.text(`?${query}`, secrets).slice(1)
  }

  /** A URL may hold another one, encoded. */
  #hasSecretInside (value: string, secrets: Secrets, depth: number): boolean {
    if (depth >= DEEPEST) return false
    let inside
    try {
      inside = `?${decodeURIComponent(value)}`
    } catch {
      return false
    }
    return this.text(inside, secrets, depth + 1) !== inside
  }

  /** A header's value. */
  value (name: string, value: string, secrets: Secrets): string {
    if (!this.on) return value
    switch (this.#names.header(name)) {
      case 'plain': return this.text(value, secrets)
      case 'secret': return secrets.mark(value)
      case 'credentials': return credentials(value, secrets)
      case 'cookie': return value.split(';').map(pair => cookie(pair, secrets)).join(';')
      case 'setCookie': return setCookie(value, secrets)
      case 'protocols': return this.protocols(value, secrets)
    }
  }

  /** Names and values in turn: a copy. */
  headers (headers: readonly string[], secrets: Secrets): string[] {
    const shown = headers.slice()
    if (!this.on) return shown
    for (let i = 0; i + 1 < shown.length; i += 2) shown[i + 1] = this.value(shown[i] as string, shown[i + 1] as string, secrets)
    // Once more: a later header may have told what an earlier one repeats.
    if (!secrets.none) for (let i = 1; i < shown.length; i += 2) shown[i] = secrets.hide(shown[i] as string)
    return shown
  }

  /** Whether a header of this name may hold a secret. */
  hides (name: string): boolean {
    return this.on && this.#names.header(name) !== 'plain'
  }

  /** A head: its first line, and the lines of its headers. */
  head (head: string, secrets: Secrets): string {
    if (!this.on) return head
    const lines = head.split('\r\n')
    lines[0] = this.text(lines[0] as string, secrets)
    for (let i = 1; i < lines.length; i++) {
      const line = lines[i] as string
      const colon = line.indexOf(':')
      if (colon === -1) continue
      lines[i] = `${line.slice(0, colon)}: ${this.value(line.slice(0, colon), line.slice(colon + 1).trim(), secrets)}`
    }
    // Rules may have put a secret of the request into any line.
    const shown = lines.join('\r\n')
    return secrets.isIn(shown) ? lines.map(line => secrets.hide(line)).join('\r\n') : shown
  }

  /** Sec-WebSocket-Protocol: browsers can send no other header with a WebSocket, so tokens are sent in it. */
  protocols (value: string, secrets: Secrets): string {
    if (!this.on) return value
    let before = ''
    return value.split(',').map(one => {
      const protocol = one.trim()
      const secret = isToken(protocol) || (before !== '' && this.#names.parameter(before))
      before = protocol
      return secret ? one.replace(protocol, () => secrets.mark(protocol)) : one
    }).join(',')
  }
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
