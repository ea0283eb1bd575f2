// Files of IIS with any access sections, and what IIS refuses because of them; and what request-filter refuses of it.
import fc from 'fast-check'
import type { FilterOptions, RequestFilterOptions } from '../src/index.ts'

/** A request of any client. */
export interface Asked { readonly ip: string, readonly tls: boolean, readonly verb: string, readonly path: string, readonly query: string, readonly body: number, readonly header: number }

const REQUESTS: readonly Asked[] = [
  { ip: '198.51.100.7', tls: false, verb: 'GET', path: '/', query: '', body: 0, header: 20 },
  { ip: '10.0.0.1', tls: true, verb: 'GET', path: '/admin/list.html', query: 'a=1&b=select', body: 0, header: 20 },
  { ip: '198.51.100.7', tls: true, verb: 'POST', path: '/caf\u00E9/pay.php', query: '', body: 20_000_000, header: 20 },
  { ip: '10.0.0.1', tls: false, verb: 'PUT', path: `/${'x'.repeat(300)}`, query: 'q'.repeat(1500), body: 100, header: 900 }
]

/** One section: its XML, and whether IIS refuses a request because of it. All requests are anonymous. `many`: only a client with enough requests is refused. */
export interface Section { readonly xml: string, readonly many?: true, readonly group: 'security' | 'authentication' | 'requestFiltering' | 'system.web' | 'system.webServer', readonly refuses: (asked: Asked) => boolean }

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })
const flag = fc.constantFrom('true', 'false', 'True', 'FALSE')
const is = (value: string | undefined, byDefault: boolean): boolean => value === undefined ? byDefault : value.toLowerCase() === 'true'
const attributes = (values: Readonly<Record<string, string | number | undefined>>): string =>
  Object.entries(values).map(([name, value]) => value === undefined ? '' : ` ${name}="${value}"`).join('')

/** A list of IIS with `allowUnlisted`: the entry decides, or the attribute where there is no entry. */
function listed (name: string, key: string, values: readonly string[], group: Section['group'], byDefault: boolean, fits: (value: string, asked: Asked) => boolean): fc.Arbitrary<Section> {
  return fc.record({ unlisted: maybe(flag), entries: fc.uniqueArray(fc.record({ value: fc.constantFrom(...values), allowed: byDefault ? flag : maybe(flag) }), { selector: ({ value }) => value, maxLength: 3 }) })
    .map(({ unlisted, entries }) => ({
      group,
      xml: `<${name}${attributes({ allowUnlisted: unlisted })}>${entries.map(({ value, allowed }) => `<add${attributes({ [key]: value, allowed })} />`).join('')}</${name}>`,
      refuses: asked => {
        const entry = entries.find(({ value }) => fits(value, asked))
        return entry === undefined ? !is(unlisted, true) : !is(entry.allowed, false)
      }
    }))
}

function denied (name: string, key: string, values: readonly string[], fits: (value: string, asked: Asked) => boolean): fc.Arbitrary<Section> {
  return fc.uniqueArray(fc.constantFrom(...values), { maxLength: 2 }).map(entries => ({
    group: 'requestFiltering',
    xml: `<${name}>${entries.map(value => `<add ${key}="${value}" />`).join('')}</${name}>`,
    refuses: asked => entries.some(value => fits(value, asked))
  }))
}

const rule = fc.record({ accessType: fc.constantFrom('Allow', 'Deny'), users: fc.constantFrom('*', '?', 'bob', ''), verbs: fc.constantFrom('', 'GET', 'POST') })
type Rule = typeof rule extends fc.Arbitrary<infer T> ? T : never
const isAbout = ({ users, verbs }: Rule, asked: Asked): boolean => (users === '*' || users === '?') && (verbs === '' || verbs === asked.verb)

/** The sections that can refuse requests. */
export const SECTIONS: readonly fc.Arbitrary<Section>[] = [
  listed('ipSecurity', 'ipAddress', ['10.0.0.1', '198.51.100.7', '203.0.113.1'], 'security', false, (value, { ip }) => value === ip),
  listed('verbs', 'verb', ['GET', 'POST', 'TRACE'], 'requestFiltering', true, (value, { verb }) => value === verb),
  listed('fileExtensions', 'fileExtension', ['.html', '.php', '.cs'], 'requestFiltering', true, (value, { path }) => path.endsWith(value)),
  denied('hiddenSegments', 'segment', ['bin', 'admin', 'web.config', 'other'], (value, { path }) => path.split('/').includes(value)),
  denied('denyUrlSequences', 'sequence', ['..', 'xx', 'pay'], (value, { path }) => path.includes(value)),
  denied('denyQueryStringSequences', 'sequence', ['select', 'drop'], (value, { query }) => query.includes(value)),
  fc.uniqueArray(fc.constantFrom('None', 'Ssl', 'Ssl128', 'SslNegotiateCert', 'SslRequireCert'), { maxLength: 3 }).map(flags => ({
    group: 'security',
    xml: `<access sslFlags="${flags.join(', ')}" />`,
    refuses: ({ tls }) => flags.includes('SslRequireCert') || (!tls && flags.some(one => one === 'Ssl' || one === 'Ssl128'))
  })),
  fc.record({ enabled: maybe(flag), other: fc.constantFrom('windows', 'basic', 'digest', 'clientCertificateMapping'), on: flag }).map(({ enabled, other, on }) => ({
    group: 'authentication',
    xml: `<anonymousAuthentication${attributes({ enabled })} /><${other}Authentication enabled="${on}" />`,
    refuses: () => !is(enabled, true)
  })),
  fc.record({ only: maybe(flag), concurrent: maybe(flag), rate: maybe(flag) }).map(({ only, concurrent, rate }) => ({
    group: 'security',
    xml: `<dynamicIpSecurity${attributes({ enableLoggingOnlyMode: only })}><denyByConcurrentRequests${attributes({ enabled: concurrent })} /><denyByRequestRate${attributes({ enabled: rate })} /></dynamicIpSecurity>`,
    many: true as const,
    refuses: () => !is(only, false) && (is(concurrent, false) || is(rate, false))
  })),
  fc.record({ cut: fc.constantFrom('', '<clear />', '<remove users="*" roles="" verbs="" />'), rules: fc.uniqueArray(rule, { selector: ({ users, verbs }) => `${users} ${verbs}`, maxLength: 3 }) }).map(({ cut, rules }) => ({
    group: 'security',
    xml: `<authorization>${cut}${rules.map(one => `<add${attributes(one)} />`).join('')}</authorization>`,
    refuses: asked => rules.some(one => one.accessType === 'Deny' && isAbout(one, asked)) ||
      !(cut === '' || rules.some(one => one.accessType === 'Allow' && isAbout(one, asked)))
  })),
  fc.array(rule, { maxLength: 4 }).map(rules => ({
    group: 'system.web',
    xml: `<authorization>${rules.map(({ accessType, users, verbs }) => `<${accessType.toLowerCase()}${attributes({ users, verbs })} />`).join('')}</authorization>`,
    refuses: asked => rules.find(one => isAbout(one, asked))?.accessType === 'Deny'
  })),
  fc.record({ content: maybe(fc.constantFrom(0, 1000, 30_000_000, 2 ** 31)), url: maybe(fc.constantFrom(100, 4096, 8192)), query: maybe(fc.constantFrom(1000, 2048, 9999)), header: maybe(fc.constantFrom(10, 1000)) }).map(({ content, url, query, header }) => ({
    group: 'requestFiltering',
    xml: `<requestLimits${attributes({ maxAllowedContentLength: content, maxUrl: url, maxQueryString: query })}><headerLimits>${header === undefined ? '' : `<add header="X-A" sizeLimit="${header}" />`}</headerLimits></requestLimits>`,
    refuses: asked => asked.body > (content ?? 30_000_000) || asked.path.length > (url ?? 4096) || asked.query.length > (query ?? 2048) || asked.header > (header ?? Infinity)
  })),
  fc.record({ scanUrl: flag, text: fc.constantFrom('admin', 'nowhere') }).map(({ scanUrl, text }) => ({
    group: 'requestFiltering',
    xml: `<filteringRules><filteringRule name="a" denyUnescapedPercent="false" scanUrl="${scanUrl}"><denyStrings><add string="${text}" /></denyStrings></filteringRule></filteringRules>`,
    refuses: ({ path }) => is(scanUrl, false) && path.includes(text)
  })),
  maybe(flag).map(enabled => ({ group: 'system.webServer', xml: `<serverRuntime${attributes({ enabled })} />`, refuses: () => !is(enabled, true) }))
]

/** A file with any of them, for all paths or for one. */
export const accessFile = fc.record({
  sections: fc.uniqueArray(fc.nat(SECTIONS.length - 1), { maxLength: 5 }).chain(places => fc.tuple(...places.map(place => SECTIONS[place] as fc.Arbitrary<Section>))),
  highBit: maybe(flag),
  path: maybe(fc.constantFrom('admin', '/admin/', 'pay'))
})

/** The requests that can be asked of a file, each with whether IIS refuses it, and whether it refuses even the first one of a client. */
interface Made { readonly xml: string, readonly asked: readonly (Asked & { readonly isRefused: boolean, readonly isRefusedAtOnce: boolean })[] }

/** The file, and what IIS does with each request. Sections in a `<location>` apply to its path. */
export function made ({ sections, highBit, path }: typeof accessFile extends fc.Arbitrary<infer T> ? T : never): Made {
  const of = (group: Section['group']): string => sections.filter(one => one.group === group).map(({ xml }) => xml).join('')
  const inside = `<system.web>${of('system.web')}</system.web><system.webServer>${of('system.webServer')}<security>${of('security')}<authentication>${of('authentication')}</authentication>
    <requestFiltering${attributes({ allowHighBitCharacters: highBit })}>${of('requestFiltering')}</requestFiltering></security></system.webServer>`
  const place = path?.replaceAll('/', '')
  const there = place === undefined ? REQUESTS : REQUESTS.map(asked => ({ ...asked, path: `/${place}${asked.path}` }))
  const isHigh = (asked: Asked): boolean => !is(highBit, true) && /[^ -~]/.test(asked.path)
  return {
    xml: `<configuration>${path === undefined ? inside : `<location path="${path}">${inside}</location>`}</configuration>`,
    asked: there.map(asked => ({
      ...asked,
      isRefused: isHigh(asked) || sections.some(section => section.refuses(asked)),
      isRefusedAtOnce: isHigh(asked) || sections.some(section => section.many !== true && section.refuses(asked))
    }))
  }
}

/** Whether request-filter refuses a request of a client with enough requests: what its options mean, as far as these files need it. */
export function isFiltered (options: RequestFilterOptions | undefined, asked: Asked): boolean {
  const around = [options ?? {}, ...(options?.places ?? []).filter(({ path = '/' }) => asked.path.startsWith(path))]
  const { ipSecurity = false, dynamicIpSecurity = false, requestFiltering }: FilterOptions = Object.assign({}, ...around)
  if (ipSecurity !== false && !(ipSecurity.addresses.find(({ ipAddress }) => ipAddress === asked.ip)?.allowed ?? ipSecurity.allowUnlisted)) return true
  if (dynamicIpSecurity !== false && !dynamicIpSecurity.enableLoggingOnlyMode) return true
  if (requestFiltering === undefined) return false
  const { allowHighBitCharacters, requestLimits, verbs = { allowUnlisted: true }, fileExtensions, hiddenSegments, denyUrlSequences = [], denyQueryStringSequences = [], filteringRules = [] } = requestFiltering
  const extension = /\.[^./]*$/.exec(asked.path)?.[0] ?? '.'
  return (!allowHighBitCharacters && /[^ -~]/.test(asked.path)) ||
    asked.body > requestLimits.maxAllowedContentLength || asked.path.length > requestLimits.maxUrl || asked.query.length > requestLimits.maxQueryString ||
    asked.header > (requestLimits.headerLimits?.['X-A'] ?? Infinity) ||
    !(verbs.verbs?.[asked.verb] ?? verbs.allowUnlisted) || !(fileExtensions.fileExtensions[extension] ?? fileExtensions.allowUnlisted) ||
    asked.path.split('/').some(segment => hiddenSegments.includes(segment)) ||
    denyUrlSequences.some(sequence => asked.path.includes(sequence)) || denyQueryStringSequences.some(sequence => asked.query.includes(sequence)) ||
    filteringRules.some(({ scanUrl, denyStrings }) => scanUrl === true && denyStrings.some(text => asked.path.includes(text)))
}
