// Which rows does a filter name? Compiled once, then asked for each row.
import { anywhere, FIELDS, type Row, type RowTest } from './fields.ts'
import { wordsOf, type Word } from './words.ts'

/** What is known of a request in its first hook. */
const AT_BEGINNING: ReadonlySet<string | null> = new Set(['host', 'path', 'method', 'client', 'ua', 'worker'])

/**
 * Compiles a filter as one types it: `host:shop status:5xx -path:/health "two words"`. All words must hold; of several with one name, one.
 * Takes whatever is typed: what can't be understood is a plain word, which is looked for in all texts of a row.
 * Rows of exchanges and of WebSockets are both understood; a value that a row does not have is like none.
 */
export function compileFilter (text: string): (row: object) => boolean {
  return compile(wordsOf(typeof text === 'string' ? text : '', isName))
}

/** Compiles what a filter says of an exchange that begins: false where it can't name it, whatever becomes of it. */
export function compileBeginning (text: string): (row: object) => boolean {
  return compile(wordsOf(typeof text === 'string' ? text : '', isName).filter(({ name, value }) => AT_BEGINNING.has(name) || (name === 'ws' && value === '')))
}

/** What a question to the filter costs at most, in tenths of a microsecond: a plain word is looked for in all texts. */
export function costOf (text: string): number {
  return wordsOf(typeof text === 'string' ? text : '', isName).reduce((cost, { name }) => cost + (name === null ? 10 : 1), 1)
}

function compile (words: readonly Word[]): (row: object) => boolean {
  const alternatives = new Map<string, RowTest[]>()
  const all: RowTest[] = []
  for (const { negated, name, value } of words) {
    const test = name === null ? anywhere(value) : FIELDS[name]!(value)
    if (negated) all.push(row => !test(row))
    else if (name === null) all.push(test)
    else alternatives.set(name, [...alternatives.get(name) ?? [], test])
  }
  for (const tests of alternatives.values()) all.unshift(tests.length === 1 ? tests[0] as RowTest : one(tests))
  return row => {
    for (const test of all) if (!test(row as Row)) return false
    return true
  }
}

function isName (name: string): boolean {
  return Object.hasOwn(FIELDS, name)
}

function one (tests: readonly RowTest[]): RowTest {
  return row => {
    for (const test of tests) if (test(row)) return true
    return false
  }
}
