// Which label does a name become? At most so many different ones, so that nobody who names things from outside fills the memory.

/** What stands for all names beyond the limit. */
export const OTHER = 'other'

/** The names that a label has had. */
export class BoundedLabel {
  readonly #known = new Set<string>()
  readonly #most: number

  constructor (most = 256) {
    this.#most = most
  }

  /** The name, or `other` where there are too many. */
  of (name: string): string {
    if (this.#known.has(name)) return name
    if (this.#known.size >= this.#most) return OTHER
    this.#known.add(name)
    return name
  }
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE'])

/** A method that everybody knows, or `other`. */
export function methodLabel (method: string): string {
  return METHODS.has(method) ? method : OTHER
}

/** Close codes of RFC 6455 §7.4.1 and IANA's registry by themselves, those of applications (RFC 6455 §7.4.2) by their thousand; `none` where no Close frame was sent. */
export function closeCodeLabel (code: number | null): string {
  if (code === null) return 'none'
  if (code >= 1000 && code <= 1015) return String(code)
  return code >= 3000 && code < 4000 ? '3xxx' : code >= 4000 && code < 5000 ? '4xxx' : OTHER
}
