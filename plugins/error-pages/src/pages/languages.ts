// In which language does a client read? The folders of languages, in the order in which it wants them (RFC 9110 §12.5.4, RFC 4647 §3.4).

/** What is read of a header: a client may write more. */
const LONGEST = 500
const MOST = 10
const RANGE = /^([a-z]{1,8}(?:-[a-z\d]{1,8}){0,4})(?:\s*;\s*q=([\d.]+))?$/i
/** What Windows Server ships, and IIS falls back to. */
const USUAL = 'en-us'

/** Those of the folders that the client reads, then `en-US`, then the others. */
export function byLanguage (folders: readonly string[], acceptLanguage: string | undefined): string[] {
  const order = [...rangesIn(acceptLanguage ?? ''), USUAL].flatMap(range => matches(folders, range))
  return [...new Set([...order, ...folders])].slice(0, MOST)
}

function rangesIn (header: string): string[] {
  return header.slice(0, LONGEST).split(',', MOST).flatMap(one => {
    const [, range, weight = '1'] = RANGE.exec(one.trim()) ?? []
    return range === undefined || !(Number(weight) > 0) ? [] : [{ range: range.toLowerCase(), weight: Number(weight) }]
  }).sort((a, b) => b.weight - a.weight).map(({ range }) => range)
}

/** The folder of a language; failing that, of the language at large (`de` for `de-AT`), or of it in another country (`de-DE`). */
function matches (folders: readonly string[], range: string): string[] {
  for (let wanted = range; wanted !== ''; wanted = wanted.slice(0, Math.max(0, wanted.lastIndexOf('-')))) {
    const exact = folders.filter(name => name.toLowerCase() === wanted)
    const found = exact.length > 0 ? exact : folders.filter(name => name.toLowerCase().startsWith(`${wanted}-`))
    if (found.length > 0) return found
  }
  return []
}
