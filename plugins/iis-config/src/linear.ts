// Can no input make this pattern run for long? A proof for the common ones, made without running anything.

import { isBounded, isOpen, sequencesOf, type CharacterSet, type Sequence } from './sequences.ts'

const EVERYTHING: CharacterSet = { ascii: (1n << 128n) - 1n, beyond: true }
const NOTHING: CharacterSet = { ascii: 0n, beyond: false }

/**
 * Whether a backtracking engine's work is proven to grow with the input's length alone. A false says "not proven".
 *
 * A pattern is as costly as its alternatives together. One alternative is linear where there is at most one place
 * it can be taken up again from, and what follows that place is bounded: a run (`[^/]+`) whose characters
 * can't begin what follows it has one length only; a run at the very end is never taken up again.
 */
export function isLinear (source: string, ignoreCase: boolean): boolean {
  return sequencesOf(source, ignoreCase)?.every(sequence => sequenceIsLinear(sequence, false)) === true
}

function sequenceIsLinear (sequence: Sequence, inside: boolean): boolean {
  // Without `^` the engine begins anew at every character.
  const anchored = inside || sequence[0]?.kind === 'start'
  const end = endOf(sequence)
  let retaken = false
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
    if (!anchored || retaken) return false
    if (overlap(step.set, firstOf(sequence, index + 1))) retaken = true
  }
  return true
}

/** Where the part begins that is sure to match once it is reached: a last run, or a last `.*` with its `$`. */
function endOf (sequence: Sequence): number {
  const closed = sequence.at(-1)?.kind === 'end'
  const index = sequence.length - (closed ? 2 : 1)
  const last = sequence[index]
  if (last?.kind !== 'run' || !isOpen(last) || last.max !== Infinity || last.min > 1) return sequence.length
  if (!closed) return index
  return last.set.ascii === EVERYTHING.ascii && last.set.beyond && last.partial === undefined ? index : sequence.length
}

/** The characters that what follows can begin with. */
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
