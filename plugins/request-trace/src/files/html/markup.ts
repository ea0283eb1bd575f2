// How does a text get into a page, whatever it is? A template whose values are always text, unless they are markup themselves.

/** A piece of a page: what is in it has been escaped. Made by `html` alone. */
export class Markup {
  readonly text: string

  constructor (text: string) {
    this.text = text
  }
}

export type Content = string | number | Markup | null | undefined | readonly Content[]

/** A template of a page: values are escaped, markup goes in as it is, lists are joined, null is nothing. */
export function html (strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = strings[0] ?? ''
  for (const [at, value] of values.entries()) text += textOf(value) + (strings[at + 1] ?? '')
  return new Markup(text)
}

function textOf (value: Content): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Markup) return value.text
  return Array.isArray(value) ? value.map(textOf).join('') : escapeHtml(String(value))
}

const REFERENCES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x08\x0B\x0C\x0E-\x1F]/g
const BIDI = /[\u0080-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF\uFFFE\uFFFF]/g
const HALF = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g

/** Text for an element or an attribute. Characters that nobody sees, or that turn the direction of what follows, become visible. */
export function escapeHtml (text: string): string {
  return text
    .replace(/[&<>"']/g, character => REFERENCES[character] ?? character)
    .replace(CONTROL, character => String.fromCharCode(0x2400 + character.charCodeAt(0)))
    .replaceAll('\x7F', '\u2421')
    .replace(BIDI, character => `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`)
    .replace(HALF, '\uFFFD')
}
