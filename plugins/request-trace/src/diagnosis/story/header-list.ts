// Which headers does an event's list have? Lines of `Name: value`, as IIS writes them.

/** One header as it stands. */
export interface Header {
  readonly name: string
  readonly value: string
}

/** A list of headers, looked up without case. */
export class HeaderList implements Iterable<Header> {
  readonly #headers: readonly Header[]

  /** `text` may begin with a request line or a status line. */
  constructor (text: string) {
    this.#headers = text.split(/\r\n|\n|\r/).flatMap((line, index) => {
      if (index === 0 && (/ HTTP\/\d(?:\.\d)?$/.test(line) || /^HTTP\/\d/.test(line))) return []
      // A pseudo-header of HTTP/2 begins with a colon.
      const mark = line.indexOf(':', 1)
      return mark < 1 ? [] : [{ name: line.slice(0, mark).trim(), value: line.slice(mark + 1).trim() }]
    })
  }

  /** The value, of several lines with commas between; null where there is none. */
  get (name: string): string | null {
    const lower = name.toLowerCase()
    const values = this.#headers.filter(header => header.name.toLowerCase() === lower).map(({ value }) => value)
    return values.length === 0 ? null : values.join(', ')
  }

  /** The members of a list value, in lower case: tokens of Connection, Upgrade. */
  tokens (name: string): string[] {
    return (this.get(name) ?? '').split(',').map(token => token.trim().toLowerCase()).filter(token => token !== '')
  }

  [Symbol.iterator] (): Iterator<Header> {
    return this.#headers[Symbol.iterator]()
  }
}

/** The names of a list of extensions, without their parameters, in lower case (RFC 6455 §9.1). */
export function extensionNames (value: string | null): string[] {
  return (value ?? '').split(',').map(one => (one.split(';')[0] as string).trim().toLowerCase()).filter(name => name !== '')
}
