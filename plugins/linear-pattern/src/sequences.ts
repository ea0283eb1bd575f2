// Which plain sequences does a regular expression stand for? Reads the common constructs and gives up on the rest.

import { setAt, setOf, type CharacterSet } from './character-set.ts'

/** One step of a sequence: `min` to `max` characters of one set. */
export interface Run {
  readonly kind: 'run'
  readonly set: CharacterSet
  readonly min: number
  readonly max: number
  /** Set where a look-ahead stands before each character, so that not every character of the set continues the run. */
  readonly partial?: true
}

/** A step that consumes no characters. */
export interface Assertion {
  readonly kind: 'start' | 'end' | 'other'
}

/** A look-ahead, with what it looks for. */
export interface Ahead {
  readonly kind: 'ahead'
  readonly sequences: readonly Sequence[]
}

export type Step = Run | Assertion | Ahead

/** A pattern without alternatives: each `|` and each optional group gives one more of them. */
export type Sequence = readonly Step[]

/** The most sequences one pattern may stand for; with more it is not plain. */
const MOST = 256

/** The deepest nesting of groups. */
const DEEPEST = 100

/** The most steps in all sequences together: the proof's own cost is in proportion to them. */
const LONGEST = 2_000_000

/** Thrown for what is not read here: groups repeated in more than one way, back-references, look-behinds, Unicode properties. */
class NotPlain extends Error {}

/** The sequences, or null where the pattern is not plain enough to say. */
export function sequencesOf (source: string, ignoreCase: boolean): readonly Sequence[] | null {
  try {
    const reader = { source, at: 0, depth: 0, steps: 0, ignoreCase }
    const sequences = alternatives(reader)
    return reader.at === source.length ? sequences : null
  } catch (error) {
    if (error instanceof NotPlain) return null
    throw error
  }
}

interface Reader {
  readonly source: string
  at: number
  depth: number
  steps: number
  readonly ignoreCase: boolean
}

const atMost = (sequences: Sequence[]): Sequence[] => {
  if (sequences.length > MOST) throw new NotPlain()
  return sequences
}

function alternatives (reader: Reader): Sequence[] {
  let all = sequence(reader)
  while (reader.source[reader.at] === '|') {
    reader.at++
    all = atMost([...all, ...sequence(reader)])
  }
  return all
}

function sequence (reader: Reader): Sequence[] {
  let soFar: Step[][] = [[]]
  while (reader.at < reader.source.length && !'|)'.includes(reader.source[reader.at] as string)) {
    soFar = continued(soFar, step(reader), reader)
  }
  return soFar
}

/** Each sequence so far, continued by each of the next. A single next one is added in place: a copy for each step would cost the square of the length. */
function continued (soFar: Step[][], next: readonly Sequence[], reader: Reader): Step[][] {
  if (soFar.length * next.length > MOST) throw new NotPlain()
  for (const after of next) reader.steps += soFar.length * after.length
  if (reader.steps > LONGEST) throw new NotPlain()
  const [only] = next
  if (only === undefined || next.length > 1) return soFar.flatMap(before => next.map(after => [...before, ...after]))
  for (const before of soFar) for (const step of only) before.push(step)
  return soFar
}

const only = (kind: Assertion['kind']): Sequence[] => [[{ kind }]]

/** One step with its quantifier, as the sequences it stands for. */
function step (reader: Reader): Sequence[] {
  const { source, at } = reader
  const character = source[at] as string
  if (character === '^' || character === '$') {
    reader.at++
    return only(character === '^' ? 'start' : 'end')
  }
  if (character === '(') return group(reader)
  if (/^\\b/i.test(source.slice(at, at + 2))) {
    reader.at += 2
    return only('other')
  }
  const set = characterSet(reader)
  const { min, max } = quantifier(reader)
  return [[{ kind: 'run', set, min, max }]]
}

function group (reader: Reader): Sequence[] {
  const opening = /^\((?:\?(?:<[a-z_$][\w$]*>|[:=!]))?/i.exec(reader.source.slice(reader.at))?.[0] as string
  reader.at += opening.length
  if (++reader.depth > DEEPEST) throw new NotPlain()
  if (opening === '(' && reader.source[reader.at] === '?') throw new NotPlain()
  const inner = alternatives(reader)
  if (reader.source[reader.at++] !== ')') throw new NotPlain()
  reader.depth--
  const { min, max } = quantifier(reader)
  if (opening.endsWith('=') || opening.endsWith('!')) {
    if (min !== 1 || max !== 1) throw new NotPlain()
    return [[{ kind: 'ahead', sequences: inner }]]
  }
  if (max !== 1) return [[repeated(inner, min, max)]]
  return min === 0 ? atMost([...inner, []]) : inner
}

/** A repeated group is a run where each repetition consumes one character, in one way only: `(?:a|[b-d])*`, `((?!api).)*`. */
function repeated (turns: readonly Sequence[], min: number, max: number): Run {
  let ascii = 0n
  let beyond = false
  let partial = false
  for (const turn of turns) {
    const last = turn.at(-1)
    const ahead = turn.slice(0, -1)
    if (last?.kind !== 'run' || last.min !== 1 || last.max !== 1 || !ahead.every(step => step.kind === 'ahead' && step.sequences.every(isBounded))) throw new NotPlain()
    if ((ascii & last.set.ascii) !== 0n || (beyond && last.set.beyond)) throw new NotPlain()
    ascii |= last.set.ascii
    beyond ||= last.set.beyond
    partial ||= ahead.length > 0 || last.partial === true
  }
  const set = { ascii, beyond }
  return partial ? { kind: 'run', set, min, max, partial } : { kind: 'run', set, min, max }
}

// A repetition with a fixed count costs its count each time it is tried; up to this many count as a constant.
const LONGEST_FIXED = 64

/** Whether a run has more than one possible length, so that an engine can backtrack into it. */
export const isOpen = (step: Step): boolean => step.kind === 'run' && step.max > 1 && step.max !== step.min

/** Whether matching this takes a fixed number of steps at most, whatever the input. */
export const isBounded = (sequence: Sequence): boolean =>
  sequence.every(step => step.kind === 'run' ? !isOpen(step) && step.min <= LONGEST_FIXED : step.kind !== 'ahead')

function quantifier (reader: Reader): { min: number, max: number } {
  const [whole = '', sign, low, comma, high] = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(reader.source.slice(reader.at)) ?? []
  reader.at += whole.length
  if (whole === '') return { min: 1, max: 1 }
  if (sign === '*') return { min: 0, max: Infinity }
  if (sign === '+') return { min: 1, max: Infinity }
  if (sign === '?') return { min: 0, max: 1 }
  const min = Number(low)
  return { min, max: comma === '' ? min : high === '' ? Infinity : Number(high) }
}

function characterSet (reader: Reader): CharacterSet {
  const written = setAt(reader.source, reader.at)
  if (written === null) throw new NotPlain()
  reader.at += written.length
  return setOf(written, reader.ignoreCase)
}
