// Does an option have what it is given? A misspelt limit would be no limit.

/** Adds a mistake for a group of options that is no object, and for each key that it does not have. */
export function checkKeys (group: string, options: unknown, keys: readonly string[], mistakes: string[]): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null) {
    mistakes.push(`\`${group}\` must be an object`)
    return
  }
  for (const key of Object.keys(options)) {
    if (!keys.includes(key)) mistakes.push(`\`${group}.${key}\` is no option; there are ${keys.join(', ')}`)
  }
}
