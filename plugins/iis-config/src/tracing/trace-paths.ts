// Which paths of a site does the pattern of a trace rule mean? In IIS it is compared with the rest of the path behind a directory.

/** The patterns for a whole path. A pattern of a directory holds for the directories below it as well, as they inherit it. */
export function pathsOf (directory: string, pattern: string): string[] {
  const place = directory === '/' ? '' : directory
  const local = pattern.trim()
  if (local === '*') return place === '' ? ['*'] : [place, `${place}/*`]
  if (local === '' || local === '/') return place === '' ? ['/'] : [place, `${place}/`]
  if (local.startsWith('/')) return [place + local]
  return local.startsWith('*') ? [`${place}/${local}`] : [`${place}/${local}`, `${place}/*/${local}`]
}
