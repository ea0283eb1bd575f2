// How do values of events become text and values again? XML has texts only, and one kind of line break.
import type { Value } from '../../trace/trace.ts'

/**
 * What a value's text does not show. `s`: it is a text, though it reads like a number or a boolean. `x`: its line breaks are as written,
 * since not all of them are CR LF. Most values have neither.
 */
export interface ValueNote {
  readonly text: boolean
  readonly exact: boolean
}

const LINE_BREAK_OF_ITS_OWN = /\r(?!\n)|(?<!\r)\n/

/** What has to be noted of a value. */
export function noteOf (value: Value): ValueNote {
  return {
    text: typeof value === 'string' && typeof valueOf(value) !== 'string',
    exact: typeof value === 'string' && LINE_BREAK_OF_ITS_OWN.test(value)
  }
}

/** The value that a text stands for. */
export function valueOf (text: string): Value {
  if (text === 'true' || text === 'false') return text === 'true'
  return text !== '' && String(Number(text)) === text ? Number(text) : text
}

/** The notes as one text: `3.0s 7.2x`, each with the positions of its event and of its value. */
export function writeNotes (notes: ReadonlyMap<string, ValueNote>): string {
  return [...notes].map(([place, { text, exact }]) => `${place}${text ? 's' : ''}${exact ? 'x' : ''}`).join(' ')
}

/** Reads what `writeNotes` has written; what is no note is left out. */
export function readNotes (text: string): Map<string, ValueNote> {
  const notes = new Map<string, ValueNote>()
  for (const [, place, marks = ''] of text.matchAll(/(\d+\.\d+)([sx]{1,2})/g)) {
    notes.set(place as string, { text: marks.includes('s'), exact: marks.includes('x') })
  }
  return notes
}
