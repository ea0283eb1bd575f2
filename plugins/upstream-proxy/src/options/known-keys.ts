// Does a group of options have this key? A misspelt limit would be no limit.

/** Adds a mistake where a group of options is not an object, and for each key that is not an option. */
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
