// Which text must be there for a pattern to match at all? Asked first, since looking for a text is cheaper.

import { sequencesOf, type CharacterSet, type Sequence } from './sequences.ts'

/** A text, in lower case where case does not matter, that every match holds. */
export interface Needed {
  readonly text: string
  /** Whether it has to be the input's beginning. */
  readonly first: boolean
}

/** The longest needed text of a pattern; null where there is none worth looking for. */
export function neededBy (source: string, ignoreCase: boolean): Needed | null {
  const sequences = sequencesOf(source, ignoreCase)
  // With alternatives no text is needed by all of them, as a rule.
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

/** The one character of a set, in lower case where case does not matter; null where it has more. */
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

/** Whether a text holds what is needed. The folded text is kept for the next pattern, which mostly asks about the same one. */
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
