// Where are the attributes of tags in a stream of HTML? Passes everything on and offers the values that are asked for.

/** Gives an attribute's new value; the same value where it stays. */
export type RewriteAttribute = (tag: string, attribute: string, value: string) => string

/** Which attributes of which tags are offered, in lower case. */
export type Wanted = ReadonlyMap<string, ReadonlySet<string>>

// A tag longer than this is passed on unread, so that a body can't make the server hold it.
const LONGEST_TAG = 65_536

// The text inside these is no markup (HTML §13.1.2, raw text and escapable raw text elements).
const RAW_TEXT = new Set(['script', 'style', 'textarea', 'title', 'xmp', 'noembed', 'noframes', 'iframe'])

const TAG_NAME = /^<([a-z][^\s/>]*)/i
// HTML §13.2.5.32 and on: a name may hold quotes, and a value is quoted only where the quote comes first.
const ATTRIBUTE = /([^\s/>=]+)(?:(\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)))?|[^]/g

/** A tag that has begun. Its parts are joined once, and no character of it is looked at twice, however small the pieces are. */
interface OpenTag {
  readonly parts: string[]
  length: number
  /** The quote that the last character seen stands in; empty outside of quotes. */
  quote: string
  /** The last character outside of quotes that is no space. */
  before: string
  /** Whether it has grown too long, and passes. */
  unread: boolean
}

/** Reads HTML in pieces of any size. */
export class TagReader {
  readonly #wanted: Wanted
  readonly #rewrite: RewriteAttribute
  /** A few characters that may be the beginning of something. */
  #held = ''
  #tag: OpenTag | null = null
  /** Inside such an element only its end tag is looked for. */
  #raw: string | null = null
  #comment = false

  constructor (wanted: Wanted, rewrite: RewriteAttribute) {
    this.#wanted = wanted
    this.#rewrite = rewrite
  }

  /** Takes a piece; gives what can be passed on. */
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
        // The last two characters may be the beginning of the end.
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

  /** What is left when the stream ends. */
  end (): string {
    const rest = this.#held + (this.#tag?.parts.join('') ?? '')
    this.#held = ''
    this.#tag = null
    return rest
  }

  /** Adds a part to the open tag; gives what can be passed on. */
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

  /** The end of what begins with `<`: its beginning where that is a tag, -1 where more is needed to tell. */
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

  /** Rewrites a tag. Of one that is too long only the name is read. */
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
      // A value must not end its own quotes, whatever a rule put into it.
      return single === undefined
        ? `${attribute}${equals}"${next.replaceAll('"', '&quot;')}"`
        : `${attribute}${equals}'${next.replaceAll("'", '&#39;')}'`
    })
  }
}

/** Just after the `>` that is not inside quotes, or -1; the tag remembers how far the quotes are. */
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
