// Is a pattern linear under a backtracking engine? A proof for the common ones, made from the source alone.

import type { CharacterSet } from './character-set.ts'
import { isBounded, isOpen, sequencesOf, type Ahead, type Sequence, type Step } from './sequences.ts'

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
  const judged: Judged = { linear: new Map(), bounded: new Map() }
  return compiles(source) && sequencesOf(source, ignoreCase)?.every(sequence => sequenceIsLinear(sequence, false, judged)) === true
}

function compiles (source: string): boolean {
  try {
    RegExp(source)
    return true
  } catch {
    return false
  }
}

/** The verdicts on look-aheads. Every sequence of a pattern has the same ones, and nested ones would be judged anew for each of the outer ones' sequences. */
interface Judged {
  readonly linear: Map<Ahead, boolean>
  readonly bounded: Map<Ahead, boolean>
}

function sequenceIsLinear (sequence: Sequence, inside: boolean, judged: Judged): boolean {
  // Without `^` the engine tries the sequence again at every character.
  const anchored = inside || sequence[0]?.kind === 'start'
  const end = endOf(sequence)
  let open = false
  // Whether a run so far has more than one possible length: the engine can backtrack into it.
  let backtracks = false
  let optional = 0
  for (const [index, step] of sequence.entries()) {
    if (index >= end) return true
    if (step.kind === 'start' && index > 0) return false
    if (step.kind === 'ahead' && !aheadIsLinear(step, anchored && !open, judged)) return false
    if (step.kind !== 'run') continue
    if (!isOpen(step)) {
      if (!isBounded([step])) return false
      if (step.min !== step.max && ++optional > 6) return false
      continue
    }
    open = true
    if (!anchored || backtracks) return false
    if (overlap(step.set, firstOf(sequence, index + 1))) backtracks = true
  }
  return true
}

/** A look-ahead that is tried at one place only may be linear; one that is tried at many must be bounded. */
function aheadIsLinear (step: Ahead, once: boolean, judged: Judged): boolean {
  const verdicts = once ? judged.linear : judged.bounded
  let verdict = verdicts.get(step)
  if (verdict === undefined) {
    verdict = step.sequences.every(inner => once ? sequenceIsLinear(inner, true, judged) : isBounded(inner))
    verdicts.set(step, verdict)
  }
  return verdict
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
  for (let index = from; index < sequence.length; index++) {
    const step = sequence[index] as Step
    if (step.kind === 'end') return first
    if (step.kind !== 'run') return EVERYTHING
    first = { ascii: first.ascii | step.set.ascii, beyond: first.beyond || step.set.beyond }
    if (step.min > 0) return first
  }
  return first
}

const overlap = (a: CharacterSet, b: CharacterSet): boolean => (a.ascii & b.ascii) !== 0n || (a.beyond && b.beyond)
