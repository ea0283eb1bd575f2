// How does the engine of the language itself run a pattern? Only patterns that are proven linear are given to it.

import type { LinearPattern } from './pattern.ts'

export function nativeEngine (source: string, ignoreCase: boolean): LinearPattern {
  // `s`: a line break must not let a text slip past `^admin/(.*)$`.
  const flags = ignoreCase ? 'is' : 's'
  const search = new RegExp(source, flags)
  let precise: RegExp | undefined
  return {
    exec: text => search.exec(text),
    spans: (text, from) => {
      precise ??= new RegExp(source, `${flags}dg`)
      precise.lastIndex = from
      const indices = precise.exec(text)?.indices
      return indices === undefined ? null : indices.flatMap(pair => pair ?? [-1, -1])
    }
  }
}
