// What does a request ask for? Its target, cut into the parts that filters look at.
import { decodeOnce } from './decode.ts'
import { fold } from './fold.ts'
import { isPlain, readingsOf, type Readings } from './readings.ts'

// The absolute form of a target (RFC 9112 §3.2.2); any scheme, since a proxy may accept any.
const ABSOLUTE_FORM = /^[a-z][a-z\d+.-]*:\/\/[^/?#\\]*/i
// What HTTP.sys refuses, unless its registry value AllowRestrictedChars is set.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/

/** A request's target. Readings are made when they are first asked for: most paths have one. */
export class Target {
  /** As it came, without the query, and without scheme and authority. */
  readonly rawPath: string
  /** As it came, behind the `?`; empty where there is none. */
  readonly rawQuery: string
  /** All servers read the path alike. */
  readonly isPlain: boolean
  readonly #isAmbiguous: boolean
  #readings: Readings | null = null
  #texts: readonly string[] | null = null
  #queries: readonly string[] | null = null

  constructor (url: string) {
    const authority = url.startsWith('/') || url === '*' ? '' : ABSOLUTE_FORM.exec(url)?.[0] ?? null
    const origin = authority === null || authority === '' ? url : url.slice(authority.length)
    const mark = origin.indexOf('?')
    const path = mark === -1 ? origin : origin.slice(0, mark)
    this.rawPath = path === '' && authority !== null ? '/' : path
    this.rawQuery = mark === -1 ? '' : origin.slice(mark + 1)
    // Without a path, Fastify's router takes the query from its first slash on for one.
    this.#isAmbiguous = authority === null || (path === '' && origin.includes('/')) || (path !== '' && path !== '*' && !path.startsWith('/'))
    this.isPlain = !this.#isAmbiguous && isPlain(this.rawPath)
  }

  /** The path's readings, by which places and names are found. */
  get readings (): Readings {
    if (this.#readings !== null) return this.#readings
    if (!this.isPlain) return (this.#readings = readingsOf(this.rawPath))
    return (this.#readings = { resolved: [this.rawPath.toLowerCase()], literal: [], steps: [this.rawPath], deeper: false, tangled: false })
  }

  /** The path decoded once and normalised, as HTTP.sys shows it; folded. */
  get path (): string {
    return this.readings.resolved[0] as string
  }

  /** Everything that the path says to anybody, folded: as it came, each step of decoding, and the readings. For sequences that may be anywhere in it. */
  get texts (): readonly string[] {
    if (this.#texts !== null) return this.#texts
    const { resolved, steps } = this.readings
    if (this.isPlain) return (this.#texts = resolved)
    const texts = [fold(this.rawPath)]
    for (const step of steps) addNew(texts, fold(step))
    for (const reading of resolved) addNew(texts, reading)
    return (this.#texts = texts)
  }

  /** What the query says, folded: as it came; decoded once; the same with each `+` as a space, which is how forms are encoded. */
  get queries (): readonly string[] {
    if (this.#queries !== null) return this.#queries
    const raw = this.rawQuery
    const queries = [fold(raw)]
    if (/[%\x80-\uffff]/.test(raw)) queries.push(fold(decodeOnce(raw, true)))
    if (raw.includes('+')) queries.push(fold(decodeOnce(raw.replaceAll('+', ' '), true)))
    return (this.#queries = queries)
  }

  /**
   * Nothing well-meaning asks for it, and servers make different things of it: it has a fragment (RFC 9112 §3.2), control characters such as
   * NUL, which HTTP.sys refuses, is encoded more than three times, or goes up from where servers disagree.
   */
  get isMalformed (): boolean {
    if (this.rawQuery.includes('#')) return true
    if (this.isPlain) return false
    if (this.#isAmbiguous || this.rawPath.includes('#')) return true
    const { steps, deeper, tangled } = this.readings
    return deeper || tangled || steps.some(step => CONTROL.test(step))
  }
}

function addNew (texts: string[], text: string): void {
  if (!texts.includes(text)) texts.push(text)
}
