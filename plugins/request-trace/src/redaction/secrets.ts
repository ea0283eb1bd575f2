// Which secrets does one exchange have? Each is shown by its length and a keyed hash: the same one is seen to be the same, and cannot be guessed.
import { hash, randomBytes } from 'node:crypto'
import { decode } from './names.ts'

/** New with each process: hashes of two runs cannot be compared, and nobody can try short secrets. */
const KEY = randomBytes(24).toString('base64')
/**
 * Letters of the hash that are shown. These 32 bits are why the hash needs no HMAC, which costs four times as much: an HMAC guards against
 * whoever knows a whole hash and goes on with it (RFC 2104 §6).
 */
const SHOWN = 8
/** Shorter ones are replaced where they stand; elsewhere the same letters mean something else. */
const SHORTEST = 6
/** What the percent-encoding leaves as it is. */
const UNCHANGED = /^[\w.~-]*$/
/** A request may have thousands of cookies; each hash is a few µs. */
const MOST = 100

/** The secrets of one exchange, as far as they are known. They are forgotten with its recording. */
export class Secrets {
  /** The longest first: one may be a part of another one. */
  #texts: string[] = []
  #marks: string[] = []
  #lower: string[] | null = null
  /** The token among the sub-protocols: an answer repeats it alone, and it may be short. */
  protocol: string | null = null
  /** True where there are too many to look for each. */
  full = false

  get none (): boolean {
    return this.#texts.length === 0 && !this.full
  }

  /** What stands in the place of a secret. It is noted, so that it is found in other places of this exchange as well. */
  mark (secret: string): string {
    if (secret === '') return ''
    const known = this.#texts.indexOf(secret)
    if (known !== -1) return this.#marks[known] as string
    if (this.#texts.length >= MOST) {
      this.full = true
      return `redacted-${secret.length}`
    }
    const mark = `redacted-${secret.length}-${hash('sha256', KEY + secret, 'hex').slice(0, SHOWN)}`
    this.#note(secret, mark)
    if (UNCHANGED.test(secret)) return mark
    const decoded = otherForm(secret, decode)
    if (decoded !== null) this.#note(decoded, mark)
    const encoded = otherForm(secret, encodeURIComponent)
    if (encoded !== null) this.#note(encoded, mark)
    return mark
  }

  /** Whether `hide` may change this text. */
  isIn (text: string): boolean {
    if (this.full) return true
    this.#lower ??= this.#texts.map(text => text.toLowerCase())
    const lower = text.toLowerCase()
    return this.#lower.some(secret => secret.length >= SHORTEST && lower.includes(secret))
  }

  /** A text without the secrets that are known by now. */
  hide (text: string): string {
    if (text.length < SHORTEST || this.none) return text
    if (this.full) return this.mark(text)
    let shown = text
    this.#lower ??= this.#texts.map(text => text.toLowerCase())
    let lower = shown.toLowerCase()
    for (let i = 0; i < this.#lower.length; i++) {
      const secret = this.#lower[i] as string
      if (secret.length < SHORTEST || !lower.includes(secret)) continue
      // Rules may have put it into another case. Where that has changed its length, all of the text goes.
      shown = lower.length === shown.length ? without(shown, lower, secret, this.#marks[i] as string) : this.#marks[i] as string
      lower = shown.toLowerCase()
    }
    return shown
  }

  #note (text: string, mark: string): void {
    if (this.#texts.includes(text)) return
    let at = this.#texts.length
    while (at > 0 && (this.#texts[at - 1] as string).length < text.length) at--
    this.#texts.splice(at, 0, text)
    this.#marks.splice(at, 0, mark)
    this.#lower = null
  }
}

function without (text: string, lower: string, secret: string, mark: string): string {
  let shown = ''
  let from = 0
  for (let at = lower.indexOf(secret); at !== -1; at = lower.indexOf(secret, from)) {
    shown += text.slice(from, at) + mark
    from = at + secret.length
  }
  return shown + text.slice(from)
}

function otherForm (secret: string, change: (text: string) => string): string | null {
  try {
    const other = change(secret)
    return other === secret ? null : other
  } catch {
    return null
  }
}
