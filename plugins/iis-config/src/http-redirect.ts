// What does `<httpRedirect>` say? The same as rules of type Redirect, which url-rewrite is given.
import type { Reading } from './reading.ts'
import { collection } from './collection.ts'
import { written, type Rule } from './rewrite-options.ts'
import type { XmlElement } from './xml.ts'

const STATUSES = { Permanent: 301, Found: 302, Temporary: 307, PermRedirect: 308, 301: 301, 302: 302, 307: 307, 308: 308 } as const

/** Tokens of an exact destination: the path asked for, and its query. */
const TOKENS: Readonly<Record<string, string>> = { $S: '{URL}', $V: '{URL}', $P: '{QUERY_STRING}', $Q: '?{QUERY_STRING}' }

/** The rules a section comes to; none where it is switched off. `from` names them. */
export function readHttpRedirect (reading: Reading, element: XmlElement, from: string): Rule[] {
  reading.used(element)
  const enabled = reading.flag(element, 'enabled') === true
  const destination = reading.text(element, 'destination') ?? ''
  const exact = reading.flag(element, 'exactDestination') === true
  const childOnly = reading.flag(element, 'childOnly') === true
  const status = reading.word(element, 'httpResponseStatus', STATUSES) ?? 302
  const wildcards = collection(reading, element, 'add', 'wildcard')
  for (const removed of wildcards.removed.values()) reading.differs(removed, 'nothing of this name is in the files that were read')
  if (!enabled) {
    for (const entry of wildcards.entries) reading.usedAll(entry, 'the redirect is off')
    return []
  }
  const rules = wildcards.entries.flatMap((entry, index) => readWildcard(reading, entry, `${from} ${index + 1}`, status))
  if (destination === '' && wildcards.entries.length === 0) reading.problem(element, '<httpRedirect enabled="true"> needs destination="…"')
  if (destination !== '') {
    rules.push(reading.made(written<Rule>({
      name: from,
      stopProcessing: true,
      match: { url: childOnly ? '^[^/]*$' : '.*' },
      action: {
        type: 'Redirect',
        ...exact ? exactly(destination) : { url: `${destination}${destination.endsWith('/') ? '' : '/'}{R:0}` },
        redirectType: status
      }
    }), element))
  }
  reading.differs(element, 'becomes a rule of url-rewrite, after those of <rewrite>')
  return rules
}

/** `exactDestination`: nothing is appended that a token does not ask for. */
function exactly (destination: string): { url: string, appendQueryString: boolean } {
  const url = destination.replace(/\$[SVPQ]/g, token => TOKENS[token] ?? token)
  return { url, appendQueryString: false }
}

/** `<add wildcard="*.php" destination="/new/$1">`: `$1` is what the first `*` took. */
function readWildcard (reading: Reading, element: XmlElement, name: string, redirectType: 301 | 302 | 307 | 308): Rule[] {
  const wildcard = reading.required(element, 'wildcard')
  const destination = reading.required(element, 'destination')
  if (wildcard.startsWith('*/')) {
    reading.losesAll(element, 'a wildcard that begins with */ also means the root folder, which a pattern of URL Rewrite cannot say', 'write one rule for the root and one for folders')
    return []
  }
  return [{
    name,
    patternSyntax: 'Wildcard',
    stopProcessing: true,
    match: { url: wildcard.replace(/^\//, '') },
    action: { type: 'Redirect', url: destination.replace(/\$(\d)/g, '{R:$1}'), appendQueryString: false, redirectType }
  }]
}
