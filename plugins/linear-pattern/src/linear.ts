// Is a pattern linear under a backtracking engine? A proof for the common ones, made from the source alone.

import { isBounded, isOpen, sequencesOf, type CharacterSet, type Sequence } from './sequences.ts'

const EVERYTHING: CharacterSet = { ascii: (1n << 128n) - 1n, beyond: true }
const NOTHING: CharacterSet = { ascii: 0n, beyond: false }

/**
 * Whether the language's own engine is proven to need time in proportion to the input's length at most, on every input.
 * False means "not proven", and is the answer for what is no regular expression as well.
 *
 * A pattern costs as much as its alternatives together. An alternative is linear where the engine can backtrack into at most
 * one run, and what follows that run is bounded. A run (`[^/]+`) whose characters can't begin what follows it has one possible
 * length, so that backtracking into it ends at once; a run at the very end is never backtracked into.
 */
export function isLinear (source: string, ignoreCase = false): boolean {
  return compiles(source) && sequencesOf(source, ignoreCase)?.every(sequence => sequenceIsLinear(sequence, false)) === true
}

function compiles (source: string): boolean {
  try {
    RegExp(source)
    return true
  } catch {
    return false
  }
}

function sequenceIsLinear (sequence: Sequence, inside: boolean): boolean {
  // Without `^` the engine tries the sequence again at every character.
  const anchored = inside || sequence[0]?.kind === 'start'
  const end = endOf(sequence)
  // Whether a run so far has more than one possible length: the engine can backtrack into it.
  let backtracks = false
  let optional = 0
  for (const [index, step] of sequence.entries()) {
    if (index >= end) return true
    if (step.kind === 'start' && index > 0) return false
    if (step.kind === 'ahead') {
      const plain = anchored && !sequence.slice(0, index).some(isOpen)
      if (!step.sequences.every(inner => plain ? sequenceIsLinear(inner, true) : isBounded(inner))) return false
    }
    if (step.kind !== 'run') continue
    if (!isOpen(step)) {
      if (!isBounded([step])) return false
      if (step.min !== step.max && ++optional > 6) return false
      continue
    }
    if (!anchored || backtracks) return false
    if (overlap(step.set, firstOf(sequence, index + 1))) backtracks = true
  }
  return true
}

/** The index of the part that always matches once it is reached: a last run, or a last `.*` with its `$`. The length where there is none. */
function endOf (sequence: Sequence): number {
  const closed = sequence.at(-1)?.kind === 'end'
  const index = sequence.length - (closed ? 2 : 1)
  const last = sequence[index]
  if (last?.kind !== 'run' || !isOpen(last) || last.max !== Infinity || last.min > 1) return sequence.length
  if (!closed) return index
  return last.set.ascii === EVERYTHING.ascii && last.set.beyond && last.partial === undefined ? index : sequence.length
}

/** The characters that the rest of a sequence can begin with. */
function firstOf (sequence: Sequence, from: number): CharacterSet {
  let first = NOTHING
  for (const step of sequence.slice(from)) {
    if (step.kind === 'end') return first
    if (step.kind !== 'run') return EVERYTHING
    first = { ascii: first.ascii | step.set.ascii, beyond: first.beyond || step.set.beyond }
    if (step.min > 0) return first
  }
  return first
}

const overlap = (a: CharacterSet, b: CharacterSet): boolean => (a.ascii & b.ascii) !== 0n || (a.beyond && b.beyond)
