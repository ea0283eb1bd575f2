// The references of an expression: `{R:1}`, `{HTTP_HOST}`, `{ToLower:{C:1}}`, `{Map:{URL}}`.

/** A reference inside braces: a variable has no argument, everything else has one. */
export interface Reference {
  /** The text before the colon, or the variable's name. */
  readonly name: string
  /** The text behind the colon, or null. */
  readonly argument: string | null
}

const FUNCTIONS = ['tolower', 'urlencode', 'urldecode', 'htmlencode', 'r', 'c']

/** The limit of nested braces, more than any real expression has. */
const DEEPEST = 16

/** All references of an expression, nested ones included. Unmatched braces are text. */
export function references (expression: string): Reference[] {
  const found: Reference[] = []
  const starts: number[] = []
  for (let index = 0; index < expression.length; index++) {
    if (expression[index] === '{') {
      starts.push(index)
      if (starts.length > DEEPEST) break
    }
    if (expression[index] === '}') {
      const start = starts.pop()
      if (start === undefined) continue
      const inside = expression.slice(start + 1, index)
      const colon = /^[^{}:]*:/.exec(inside)?.[0].length
      if (colon === undefined) found.push({ name: inside, argument: null })
      else found.push({ name: inside.slice(0, colon - 1), argument: inside.slice(colon) })
    }
  }
  return found
}

/** The names of the maps and providers in an expression: references with an argument that are neither a function nor a capture. */
export function tablesAsked (expression: string): string[] {
  return references(expression)
    .filter(({ name, argument }) => argument !== null && !FUNCTIONS.includes(name.toLowerCase()))
    .map(({ name }) => name)
}

/** What is wrong with the braces of an expression, or null. IIS and url-rewrite refuse such an expression. */
export function bracesMistake (expression: string): string | null {
  let open = 0
  for (const character of expression) {
    if (character === '{') {
      if (++open > DEEPEST) return `has braces more than ${DEEPEST} deep`
    } else if (character === '}' && --open < 0) return 'has a } without its {'
  }
  if (open > 0) return 'has a { without its }'
  if (references(expression).some(({ name, argument }) => name === '' && argument === null)) return 'has an empty {}'
  const capture = references(expression).find(({ name, argument }) => /^[rc]$/i.test(name) && argument !== null && !/^\d{1,2}$/.test(argument))
  return capture === undefined ? null : `has {${capture.name}:…} without a number`
}
