// Which text does every match of a pattern contain? Searched for first, since that is cheaper than running the pattern.

import type { CharacterSet } from './character-set.ts'
import { sequencesOf, type Sequence } from './sequences.ts'

/** A text that every match contains, in lower case where case is ignored. */
export interface Needed {
  readonly text: string
  /** Whether the input has to begin with it. */
  readonly first: boolean
}

/** The longest needed text of a pattern; null where there is none worth a search. */
export function neededBy (source: string, ignoreCase: boolean): Needed | null {
  const sequences = sequencesOf(source, ignoreCase)
  // Alternatives rarely share a text that all of them need.
  return sequences === null || sequences.length !== 1 ? null : longest(sequences[0] as Sequence, ignoreCase)
}

function longest (sequence: Sequence, ignoreCase: boolean): Needed | null {
  let best: Needed | null = null
  let text = ''
  let first = true
  for (const step of [...sequence, null]) {
    const character = step?.kind === 'run' && step.min === 1 && step.max === 1 ? only(step.set, ignoreCase) : null
    if (character !== null) {
      text += character
      continue
    }
    if (text.length > (best?.text.length ?? 1)) best = { text, first: first && sequence[0]?.kind === 'start' }
    if (text !== '' || step?.kind !== 'start') first = false
    text = ''
  }
  return best
}

/** The only character of a set, in lower case where case is ignored; null where it has more. */
function only ({ ascii, beyond }: CharacterSet, ignoreCase: boolean): string | null {
  if (beyond) return null
  for (let code = 0; code < 128; code++) {
    if (ascii >> BigInt(code) & 1n) {
      const character = String.fromCharCode(code)
      const upper = 1n << BigInt(code)
      const lower = ignoreCase ? 1n << BigInt(character.toLowerCase().charCodeAt(0)) : upper
      return ascii === (upper | lower) ? (ignoreCase ? character.toLowerCase() : character) : null
    }
  }
  return null
}

let lastText = ''
let lastFolded = ''

/** Whether a text contains what is needed. The folded text is kept: the next pattern of a list is mostly tried on the same one. */
export function holds (text: string, { text: needed, first }: Needed, ignoreCase: boolean): boolean {
  let searched = text
  if (ignoreCase) {
    if (text !== lastText) {
      lastText = text
      lastFolded = text.toLowerCase()
    }
    searched = lastFolded
  }
  return first ? searched.startsWith(needed) : searched.includes(needed)
}
