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

/** Reads HTML in pieces of any size. */
export class TagReader {
  readonly #wanted: Wanted
  readonly #rewrite: RewriteAttribute
  #held = ''
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
        if (text.length - open <= LONGEST_TAG) {
          this.#held = text.slice(open)
          return out
        }
        // Too long to hold: what follows is read as if it began here.
        out += '<'
        at = open + 1
        continue
      }
      out += this.#pass(text.slice(open, end))
      at = end
    }
    return out
  }

  /** What is left when the stream ends. */
  end (): string {
    const rest = this.#held
    this.#held = ''
    return rest
  }

  /** The end of what begins with `<`, or -1 where more is needed to tell. */
  #endOf (text: string, open: number): number {
    if (this.#raw !== null) {
      const close = `</${this.#raw}`
      const head = text.slice(open, open + close.length).toLowerCase()
      if (head === close) return endOfTag(text, open)
      return close.startsWith(head) ? -1 : open + 1
    }
    if (text.startsWith('<!--', open)) {
      this.#comment = true
      return open + 2
    }
    const next = text[open + 1]
    if (next === undefined) return -1
    if (next === '!' && '<!--'.startsWith(text.slice(open, open + 4))) return -1
    return /[a-z/!?]/i.test(next) ? endOfTag(text, open) : open + 1
  }

  #pass (piece: string): string {
    if (this.#raw !== null) {
      if (piece.length > 1) this.#raw = null
      return piece
    }
    const name = TAG_NAME.exec(piece)?.[1]?.toLowerCase()
    if (name === undefined) return piece
    if (RAW_TEXT.has(name) && !/["'\s]\/>$/.test(piece)) this.#raw = name
    const attributes = this.#wanted.get(name)
    if (attributes === undefined) return piece
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

/** Just after the `>` that is not inside quotes, or -1. */
function endOfTag (text: string, open: number): number {
  let quote = ''
  let before = ''
  for (let at = open + 1; at < text.length; at++) {
    const character = text[at] as string
    if (quote !== '') {
      if (character === quote) quote = ''
      continue
    }
    if (character === '>') return at + 1
    if (before === '=' && (character === '"' || character === "'")) quote = character
    if (!/\s/.test(character)) before = character
  }
  return -1
}
