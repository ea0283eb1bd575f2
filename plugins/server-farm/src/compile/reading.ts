// What stands in one object of options? Each value is read with its default; what is of another kind becomes a mistake.
import { unknownOptions } from '../known-options.ts'

/** The longest time that Node's timers take, ms. */
export const MAX_TIME = 2_147_483_647

/** Reads an object of options. After a mistake the default is given, so that reading goes on. */
export class Reading {
  readonly place: string
  readonly mistakes: string[]
  readonly #options: Readonly<Record<string, unknown>>

  constructor (options: object, place: string, known: readonly string[], mistakes: string[]) {
    this.#options = options as Readonly<Record<string, unknown>>
    this.place = place
    this.mistakes = mistakes
    for (const mistake of unknownOptions(options, known)) mistakes.push(place === '' ? mistake : `\`${place}\`: ${mistake}`)
  }

  get (name: string): unknown {
    return this.#options[name]
  }

  at (name: string): string {
    return this.place === '' ? name : `${this.place}.${name}`
  }

  wrong (name: string, must: string): void {
    this.mistakes.push(`\`${this.at(name)}\` must be ${must}`)
  }

  whole (name: string, normal: number, least = 0, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.#options[name] ?? normal
    if (Number.isSafeInteger(value) && value as number >= least && value as number <= most) return value as number
    this.wrong(name, most === Number.MAX_SAFE_INTEGER ? `a whole number, ${least} or more` : `a whole number from ${least} to ${most}`)
    return normal
  }

  /** ms. */
  time (name: string, normal: number): number {
    return this.number(name, normal, MAX_TIME)
  }

  number (name: string, normal: number, most = Infinity): number {
    const value = this.#options[name] ?? normal
    if (typeof value === 'number' && value >= 0 && value <= most && value !== Infinity) return value
    this.wrong(name, most === Infinity ? 'a number, 0 or more' : `a number from 0 to ${most}`)
    return normal
  }

  text (name: string): string | null {
    const value = this.#options[name]
    if (value === undefined) return null
    if (typeof value === 'string' && value !== '') return value
    this.wrong(name, 'a text that is not empty')
    return null
  }

  oneOf <Word extends string> (name: string, normal: Word, words: readonly Word[]): Word {
    const value = this.#options[name] ?? normal
    if (words.includes(value as Word)) return value as Word
    this.wrong(name, `one of ${words.join(', ')}`)
    return normal
  }

  /** The object of options that stands under a name, or null where there is none; `false` means none as well, where it may be written. */
  object (name: string, known: readonly string[], mayBeFalse = false): Reading | null {
    const value = this.#options[name]
    if (value === undefined || (mayBeFalse && value === false)) return null
    if (isObject(value)) return new Reading(value, this.at(name), known, this.mistakes)
    this.wrong(name, mayBeFalse ? 'false or an object' : 'an object')
    return null
  }
}

export function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
