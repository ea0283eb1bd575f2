// Does a plugin have the options that it is given? A misspelt option would be ignored, and it may be a limit or a login.

/** Options that every plugin may be given: Fastify's `register` reads them, and @fastify/autoload adds `prefix`. */
const REGISTER: readonly string[] = ['prefix', 'logLevel', 'logSerializers']

/** A sentence for each key that is no option, with the nearest name or, where none is near, all names. */
export function unknownOptions (options: object, known: readonly string[]): string[] {
  return Object.keys(options).filter(key => !known.includes(key) && !REGISTER.includes(key)).map(key => {
    const near = nearest(key, known)
    return `\`${key}\` is no option; ${near === undefined ? `there are ${known.join(', ')}` : `the nearest is \`${near}\``}`
  })
}

/** The name with the fewest edits, at most one for every three letters; the case of letters does not count. */
function nearest (key: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(1, Math.floor(key.length / 3)) + 1
  for (const name of known) {
    const edits = distance(key.toLowerCase(), name.toLowerCase())
    if (edits < least) [best, least] = [name, edits]
  }
  return best
}

/** The Levenshtein distance: how many letters are added, removed or replaced. */
function distance (a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const kept = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(kept, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
