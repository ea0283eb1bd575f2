// Which words does a filter have? Split at spaces; quotes keep spaces together, a leading `-` negates.

/** One word of a filter. */
export interface Word {
  readonly negated: boolean
  /** In lower case, before the first colon; null for a plain word. */
  readonly name: string | null
  /** As typed, without quotes. */
  readonly value: string
}

const MOST_CHARACTERS = 500
const MOST_WORDS = 30

/** The words of whatever is typed; a quote that is not closed reaches to the end. `isName` says what may stand before a colon. */
export function wordsOf (text: string, isName: (name: string) => boolean): Word[] {
  const typed = text.slice(0, MOST_CHARACTERS)
  const words: Word[] = []
  let at = 0
  while (at < typed.length && words.length < MOST_WORDS) {
    if (isSpace(typed[at])) {
      at++
      continue
    }
    const negated = typed[at] === '-'
    if (negated) at++
    let value = ''
    let name: string | null = null
    let isQuoted = false
    let wasQuoted = false
    for (; at < typed.length; at++) {
      const character = typed[at] as string
      if (character === '"') {
        isQuoted = !isQuoted
        wasQuoted = true
      } else if (!isQuoted && isSpace(character)) {
        break
      } else if (!wasQuoted && character === ':' && name === null && isName(value.toLowerCase())) {
        name = value.toLowerCase()
        value = ''
      } else {
        value += character
      }
    }
    // `ws` alone is a question, and a word to look for where it is quoted.
    if (name === null && !wasQuoted && value.toLowerCase() === 'ws') words.push({ negated, name: 'ws', value: '' })
    else if (name !== null || value !== '') words.push({ negated, name, value })
  }
  return words
}

function isSpace (character: string | undefined): boolean {
  return character !== undefined && character.trim() === ''
}
