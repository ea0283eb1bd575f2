// `<httpRedirect>` becomes rules of type Redirect for url-rewrite.
import { collection } from '../reading/collection.ts'
import { written, type Reading } from '../reading/reading.ts'
import { above, type Found, type Scope } from '../sections/scopes.ts'
import type { XmlElement } from '../xml/element.ts'
import { targetMistake } from './checks/targets.ts'
import type { ReadRule } from './inbound-rules.ts'
import type { ScopedRules } from './read-rewrite.ts'
import type { Rule } from './rewrite-options.ts'

const NAME = 'httpRedirect'
const STATUSES = { Permanent: 301, Found: 302, Temporary: 307, PermRedirect: 308, 301: 301, 302: 302, 307: 307, 308: 308 } as const

/** Tokens of a destination: the rest of the path behind the folder, the whole path, and the query. */
const TOKENS: Readonly<Record<string, string>> = { $S: '/{R:0}', $V: '{URL}', $P: '{QUERY_STRING}', $Q: '?{QUERY_STRING}' }

/** The rules of one section. */
interface Redirect {
  readonly scope: Scope
  readonly element: XmlElement
  readonly rules: Rule[]
  /** Rules from above that do not apply here, by name. */
  readonly removed: Map<string, XmlElement>
}

/**
 * The rules of all sections. As in IIS, a section inherits the attributes that it does not have itself. Where it has rules of
 * its own, or is switched off, the rules of the section above do not apply.
 */
export function readHttpRedirects (reading: Reading, sections: readonly Found[]): ScopedRules[] {
  const redirects: Redirect[] = []
  const sectionsAbove = above(sections)
  for (const { scope, element } of sections) {
    const rules = readHttpRedirect(reading, element, sectionsAbove(scope).map(one => one.element))
    if (rules !== null) redirects.push({ scope, element, rules, removed: new Map() })
  }
  const redirectsAbove = above(redirects)
  for (const below of redirects) {
    for (const one of redirectsAbove(below.scope)) exempt(reading, one, below)
  }
  return redirects.filter(({ rules, removed }) => rules.length > 0 || removed.size > 0).map(({ scope, element, rules, removed }) => ({
    scope,
    global: false,
    redirect: true,
    rules: rules.map((rule): ReadRule => ({ element, rule })),
    collection: { entries: [], cleared: null, removed }
  }))
}

/** The rules of one section: none where it is switched off, null where it has no destination of its own. */
function readHttpRedirect (reading: Reading, element: XmlElement, further: readonly XmlElement[]): Rule[] | null {
  reading.used(element)
  const wildcards = collection(reading, element, 'add', 'wildcard')
  for (const removed of wildcards.removed.values()) reading.differs(removed, 'nothing of this name is in the files that were read')
  const says = (name: string): XmlElement => [element, ...further].find(one => reading.attribute(one, name) !== undefined) ?? element
  const own = reading.text(element, 'destination') ?? ''
  const enabled = reading.flag(says('enabled'), 'enabled') === true
  const exact = reading.flag(says('exactDestination'), 'exactDestination') === true
  const childOnly = reading.flag(says('childOnly'), 'childOnly') === true
  const status = reading.word(says('httpResponseStatus'), 'httpResponseStatus', STATUSES) ?? 302
  if (!enabled) {
    for (const entry of wildcards.entries) reading.usedAll(entry, 'the redirect is off')
    return []
  }
  if (own === '' && wildcards.entries.length === 0) {
    if (says('destination') === element) reading.problem(element, '<httpRedirect enabled="true"> needs destination="…"')
    else for (const name of ['exactDestination', 'childOnly', 'httpResponseStatus']) reading.loses(element.attributes.get(name), 'the redirect above holds here as it is written there', 'write the destination here as well')
    return null
  }
  const rules = wildcards.entries.flatMap((entry, index) => readWildcard(reading, entry, `${NAME} ${index + 1}`, status))
  if (own !== '') {
    const target = exact ? withTokens(own) : { url: `${literal(own)}${own.endsWith('/') ? '' : '/'}{R:0}` }
    if (leadsAstray(reading, element, target.url)) return rules
    rules.push(reading.made(written<Rule>({
      name: NAME,
      stopProcessing: true,
      match: { url: childOnly ? '^[^/]*$' : '.*' },
      action: { type: 'Redirect', ...target, redirectType: status }
    }), element))
  }
  reading.differs(element, 'becomes a rule of url-rewrite, after those of <rewrite>')
  return rules
}

/** Excludes a section from the rules of a section above it. */
function exempt (reading: Reading, { scope, rules }: Redirect, below: Redirect): void {
  const { site, path } = below.scope
  for (const rule of rules) {
    if (path === '/' || below.scope.among !== undefined) below.removed.set(rule.name.toLowerCase(), below.element)
    else if (scope.site === site) (rule.conditions ??= { add: [] }).add.push({ input: '{URL}', pattern: `^${path.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(/|$)`, negate: true })
    else reading.loses(below.element, 'the redirect of the server comes before this one', 'say it for the whole site')
  }
}

/** Whether url-rewrite would refuse a destination, which is then reported as lost. */
function leadsAstray (reading: Reading, element: XmlElement, url: string): boolean {
  const mistake = targetMistake(url, new Set())
  if (mistake !== null) reading.losesAll(element, `the redirect is left out: its destination ${mistake}`)
  return mistake !== null
}

/** Escapes braces, which have no meaning in a destination of `<httpRedirect>`. */
function literal (destination: string): string {
  return destination.replaceAll('{', '%7B').replaceAll('}', '%7D')
}

/** Replaces the tokens of a destination. The query is appended only where a token asks for it. */
function withTokens (destination: string): { url: string, appendQueryString: boolean } {
  // `$Q` at the end becomes appendQueryString, which adds no question mark where there is no query.
  const appendQueryString = destination.endsWith('$Q')
  const url = literal(appendQueryString ? destination.slice(0, -2) : destination).replace(/\$[SVPQ]/g, token => TOKENS[token] ?? token)
  return { url, appendQueryString }
}

/** `<add wildcard="*.php" destination="/new/$1">`: `$1` is the text that the first `*` matches. */
function readWildcard (reading: Reading, element: XmlElement, name: string, redirectType: 301 | 302 | 307 | 308): Rule[] {
  const wildcard = reading.required(element, 'wildcard')
  const { url, appendQueryString } = withTokens(reading.required(element, 'destination'))
  if (leadsAstray(reading, element, url)) return []
  if (wildcard.startsWith('*/')) {
    reading.losesAll(element, 'a wildcard that begins with */ also means the root folder, which a pattern of URL Rewrite cannot say', 'write one rule for the root and one for folders')
    return []
  }
  return [{
    name,
    patternSyntax: 'Wildcard',
    stopProcessing: true,
    match: { url: wildcard.replace(/^\//, '') },
    action: { type: 'Redirect', url: url.replace(/\$(\d)/g, '{R:$1}'), appendQueryString, redirectType }
  }]
}
