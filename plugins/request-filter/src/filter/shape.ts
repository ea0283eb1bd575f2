// Has a value the kind that its option asks for? Each function adds a sentence to the mistakes where it has not.
import { unknownOptions } from '../known-options.ts'

/** Options that a plugin may be given, and a part of its options may not. */
const REGISTER = ['prefix', 'logLevel', 'logSerializers']

/** The value as an object whose keys are all known; null, with a mistake, where it is none. */
export function objectAt (value: unknown, known: readonly string[], at: string, mistakes: string[]): Readonly<Record<string, unknown>> | null {
  if (!isObject(value)) {
    mistakes.push(`\`${at}\` must be an object`)
    return null
  }
  for (const sentence of unknownOptions(value, known)) mistakes.push(`\`${at}\`: ${sentence}`)
  for (const key of REGISTER) if (Object.hasOwn(value, key)) mistakes.push(`\`${at}\`: \`${key}\` is no option; there are ${known.join(', ')}`)
  return value
}

/** True or false; the default where it is left out. */
export function booleanAt (value: unknown, fallback: boolean, at: string, mistakes: string[]): boolean {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') mistakes.push(`\`${at}\` must be true or false`)
  return value === true
}

/** A whole number from 0; the default where it is left out. */
export function countAt (value: unknown, fallback: number, at: string, mistakes: string[]): number {
  if (value === undefined) return fallback
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  mistakes.push(`\`${at}\` must be a whole number of bytes, 0 or more`)
  return fallback
}

/** A list of texts, none of them empty: an empty one would be found everywhere. Empty where it is left out. */
export function textsAt (value: unknown, at: string, mistakes: string[]): readonly string[] {
  if (value === undefined) return []
  if (Array.isArray(value) && value.every(one => typeof one === 'string' && one !== '')) return value
  mistakes.push(`\`${at}\` must be a list of texts that are not empty`)
  return []
}

/** A table whose values are all of a kind; empty where it is left out. */
export function tableAt<Value> (value: unknown, is: (one: unknown) => one is Value, kind: string, at: string, mistakes: string[]): ReadonlyMap<string, Value> {
  const table = new Map<string, Value>()
  if (value === undefined) return table
  if (!isObject(value)) {
    mistakes.push(`\`${at}\` must be an object`)
    return table
  }
  for (const [name, one] of Object.entries(value)) {
    if (is(one)) table.set(name, one)
    else mistakes.push(`\`${at}.${name}\` must be ${kind}`)
  }
  return table
}

export function isBoolean (value: unknown): value is boolean {
  return typeof value === 'boolean'
}

function isObject (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
