// Where are the attributes of tags in a stream of HTML? Passes everything on, with the wanted values rewritten.

/** Returns an attribute's new value; the same value where it stays. */
export type RewriteAttribute = (tag: string, attribute: string, value: string) => string

/** The attributes to rewrite by tag, both in lower case. */
export type Wanted = ReadonlyMap<string, ReadonlySet<string>>

// The most characters of a tag that are buffered; a longer tag is passed on unread.
const LONGEST_TAG = 65_536

// The content of these elements is not markup (HTML §13.1.2, raw text and escapable raw text elements).
const RAW_TEXT = new Set(['script', 'style', 'textarea', 'title', 'xmp', 'noembed', 'noframes', 'iframe'])

const TAG_NAME = /^<([a-z][^\s/>]*)/i
// HTML §13.2.5.32 and on: a name may contain quotes, and a value is quoted only where it begins with a quote.
const ATTRIBUTE = /([^\s/>=]+)(?:(\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)))?|[^]/g

/** An open tag. Its parts are joined once, and each character is scanned once, however small the chunks are. */
interface OpenTag {
  readonly parts: string[]
  length: number
  /** The quote that the last scanned character is inside of; empty outside of quotes. */
  quote: string
  /** The last character outside of quotes that is not a space. */
  before: string
  /** Whether the tag is too long, and passes unread. */
  unread: boolean
}

/** Reads HTML in chunks of any size. */
export class TagReader {
  readonly #wanted: Wanted
  readonly #rewrite: RewriteAttribute
  /** A few characters that may begin a tag or a comment. */
  #held = ''
  #tag: OpenTag | null = null
  /** The element whose content is not markup: only its end tag is searched for. */
  #raw: string | null = null
  #comment = false

  constructor (wanted: Wanted, rewrite: RewriteAttribute) {
    this.#wanted = wanted
    this.#rewrite = rewrite
  }

  /** Takes a chunk; returns what can be passed on. */
  push (piece: string): string {
    const text = this.#held + piece
    this.#held = ''
    let out = ''
    let at = 0
    while (at < text.length) {
      if (this.#tag !== null) {
        const close = endOfTag(text, at, this.#tag)
        const end = close === -1 ? text.length : close
        out += this.#take(this.#tag, text.slice(at, end), close !== -1)
        at = end
        continue
      }
      if (this.#comment) {
        const close = text.indexOf('-->', at)
        // The last two characters may begin the `-->`.
        const end = close === -1 ? Math.max(at, text.length - 2) : close + 3
        out += text.slice(at, end)
        this.#comment = close === -1
        at = end
        if (!this.#comment) continue
        this.#held = text.slice(at)
        return out
      }
      const open = text.indexOf('<', at)
      if (open === -1) return out + text.slice(at)
      out += text.slice(at, open)
      const end = this.#endOf(text, open)
      if (end === -1) {
        this.#held = text.slice(open)
        return out
      }
      if (end === open) this.#tag = { parts: [], length: 0, quote: '', before: '', unread: false }
      out += text.slice(open, end)
      at = end
    }
    return out
  }

  /** Returns what is still buffered when the stream ends. */
  end (): string {
    const rest = this.#held + (this.#tag?.parts.join('') ?? '')
    this.#held = ''
    this.#tag = null
    return rest
  }

  /** Adds a part to the open tag; returns what can be passed on. */
  #take (tag: OpenTag, part: string, last: boolean): string {
    if (last) this.#tag = null
    if (tag.unread) return part
    tag.parts.push(part)
    tag.length += part.length
    const long = tag.length > LONGEST_TAG
    if (!last && !long) return ''
    const whole = tag.parts.splice(0).join('')
    tag.unread = long
    return this.#pass(whole, long)
  }

  /** The end of what begins with `<`: `open` itself where it is a tag, -1 where more characters are needed to decide. */
  #endOf (text: string, open: number): number {
    if (this.#raw !== null) {
      const close = `</${this.#raw}`
      const head = text.slice(open, open + close.length).toLowerCase()
      if (head === close) return open
      return close.startsWith(head) ? -1 : open + 1
    }
    if (text.startsWith('<!--', open)) {
      this.#comment = true
      return open + 2
    }
    const next = text[open + 1]
    if (next === undefined) return -1
    if (next === '!' && '<!--'.startsWith(text.slice(open, open + 4))) return -1
    return /[a-z/!?]/i.test(next) ? open : open + 1
  }

  /** Rewrites a tag. Of a tag that is too long, only the name is read. */
  #pass (piece: string, long: boolean): string {
    if (this.#raw !== null) {
      this.#raw = null
      return piece
    }
    const name = TAG_NAME.exec(piece)?.[1]?.toLowerCase()
    if (name === undefined) return piece
    if (RAW_TEXT.has(name) && !/["'\s]\/>$/.test(piece)) this.#raw = name
    const attributes = this.#wanted.get(name)
    if (attributes === undefined || long) return piece
    const head = piece.slice(0, name.length + 1)
    return head + piece.slice(head.length).replace(ATTRIBUTE, (whole: string, attribute?: string, equals?: string, double?: string, single?: string, bare?: string) => {
      const value = double ?? single ?? bare
      if (attribute === undefined || equals === undefined || value === undefined || !attributes.has(attribute.toLowerCase())) return whole
      const next = this.#rewrite(name, attribute.toLowerCase(), value)
      if (next === value) return whole
      // A new value must not end its own quotes.
      return single === undefined
        ? `${attribute}${equals}"${next.replaceAll('"', '&quot;')}"`
        : `${attribute}${equals}'${next.replaceAll("'", '&#39;')}'`
    })
  }
}

/** The index after the first `>` outside of quotes, or -1; the state of the quotes is kept in the tag. */
function endOfTag (text: string, from: number, tag: OpenTag): number {
  for (let at = from; at < text.length; at++) {
    const character = text[at] as string
    if (tag.quote !== '') {
      if (character === tag.quote) tag.quote = ''
      continue
    }
    if (character === '>') return at + 1
    if (tag.before === '=' && (character === '"' || character === "'")) tag.quote = character
    if (!/\s/.test(character)) tag.before = character
  }
  return -1
}
