// What of request filtering and address rules holds where: servers, sites, applications, folders, locations.
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { readConfig, readConfigText, type FilterPlace, type IisConfig } from '../src/index.ts'

const security = (inside: string): string => `<system.webServer><security>${inside}</security></system.webServer>`
const filtering = (inside: string, attributes = ''): string => security(`<requestFiltering${attributes}>${inside}</requestFiltering>`)
const at = (path: string, inside: string, attributes = ''): string => `<location path="${path}"${attributes}>${inside}</location>`
const web = (inside: string): IisConfig => readConfigText(`<configuration>${inside}</configuration>`)
const SITES = `<system.applicationHost><sites>
  <site name="Shop" id="1"><application path="/"><virtualDirectory path="/" physicalPath="C:\\shop" /></application><application path="/app"><virtualDirectory path="/" physicalPath="C:\\app" /></application>
    <bindings><binding protocol="http" bindingInformation="*:80:shop.example" /></bindings></site>
  <site name="Blog" id="2"><application path="/"><virtualDirectory path="/" physicalPath="C:\\blog" /></application><bindings><binding protocol="http" bindingInformation="*:80:blog.example" /></bindings></site>
</sites></system.applicationHost>`

/** A server with the web.config files of its folders. */
function server (t: Test, host: string, files: Readonly<Record<string, string>> = {}): IisConfig {
  const folder = t.testdir({
    'applicationHost.config': `<configuration>${SITES}${host}</configuration>`,
    ...Object.fromEntries(['shop', 'app', 'blog'].map(name => [name, files[name] === undefined ? {} : { 'web.config': `<configuration>${files[name]}</configuration>` }]))
  })
  return readConfig(join(folder, 'applicationHost.config'), { roots: { 'C:\\': folder } })
}

/** One value of each place that has it, by site and path. */
function each<T> ({ options: { requestFilter = {} } }: IisConfig, value: (place: FilterPlace) => T): Record<string, T> {
  const { places = [], ...root } = requestFilter
  return Object.fromEntries([root, ...places].map((place: FilterPlace) => [`${place.site ?? ''}${place.path ?? '/'}`, value(place)] as const))
}

test('a location has all that is written for it and above it, and its parts are whole', async t => {
  const config = web(filtering('<requestLimits maxUrl="100" maxQueryString="10" /><verbs allowUnlisted="false"><add verb="GET" allowed="true" /></verbs><hiddenSegments><clear /><add segment="a" /></hiddenSegments>') +
    at('up/load', filtering('<requestLimits maxAllowedContentLength="7" /><verbs><remove verb="GET" /><add verb="PUT" allowed="true" /></verbs><hiddenSegments><add segment="b" /></hiddenSegments>')) +
    at('up', security('<ipSecurity allowUnlisted="false" />')))
  t.strictSame(each(config, place => place.requestFiltering?.requestLimits), { '/': { maxAllowedContentLength: 30_000_000, maxUrl: 100, maxQueryString: 10 }, '/up': undefined, '/up/load': { maxAllowedContentLength: 7, maxUrl: 100, maxQueryString: 10 } })
  t.strictSame(each(config, place => place.requestFiltering?.verbs), { '/': { allowUnlisted: false, verbs: { GET: true } }, '/up': undefined, '/up/load': { allowUnlisted: false, verbs: { PUT: true } } })
  t.strictSame(each(config, place => place.requestFiltering?.hiddenSegments), { '/': ['a'], '/up': undefined, '/up/load': ['a', 'b'] })
  t.strictSame(each(config, place => place.ipSecurity), { '/': undefined, '/up': { allowUnlisted: false, addresses: [], denyAction: 'Forbidden' }, '/up/load': undefined })
  t.equal(config.report.complete, true)
  t.ok(config.options.requestFilter?.places?.every(place => config.rowsOf(place).length > 1), 'each place knows its rows')
})

test('the section in one location has IIS\'s defaults everywhere, as IIS has them', async t => {
  const config = web(at('up', filtering('<requestLimits maxAllowedContentLength="7" />')))
  t.strictSame(each(config, place => place.requestFiltering?.requestLimits.maxAllowedContentLength), { '/': 30_000_000, '/up': 7 })
  t.ok(each(config, place => place.requestFiltering?.hiddenSegments)['/']?.includes('bin'))
})

test('the limit on bodies is that of each place, and none of upstream-proxy', async t => {
  const limit = (bytes: number): string => filtering(`<requestLimits maxAllowedContentLength="${bytes}" />`)
  const config = web(limit(1024) + at('upload', limit(104_857_600)) + at('none', limit(0)))
  t.strictSame(each(config, place => place.requestFiltering?.requestLimits.maxAllowedContentLength), { '/': 1024, '/upload': 104_857_600, '/none': 0 })
  t.equal(config.options.upstreamProxy, undefined)
})

test('applicationHost.config says which lists there are; a site, an application and a folder add to them', async t => {
  const config = server(t, filtering('<fileExtensions><add fileExtension=".cs" allowed="false" /></fileExtensions><hiddenSegments><add segment="web.config" /></hiddenSegments>') +
    at('Blog', filtering('<fileExtensions allowUnlisted="false"><clear /><add fileExtension=".html" allowed="true" /></fileExtensions>')), {
    shop: filtering('<hiddenSegments><add segment="private" /></hiddenSegments>') + at('img', filtering('<fileExtensions><add fileExtension=".exe" allowed="false" /></fileExtensions>')),
    app: filtering('<hiddenSegments><remove segment="private" /></hiddenSegments>')
  })
  t.strictSame(each(config, place => place.requestFiltering?.fileExtensions.fileExtensions), {
    '/': { '.cs': false },
    'Shop/': { '.cs': false },
    'Shop/img': { '.cs': false, '.exe': false },
    'Shop/app': { '.cs': false },
    'Blog/': { '.html': true }
  })
  t.strictSame(each(config, place => place.requestFiltering?.hiddenSegments), {
    '/': ['web.config'], 'Shop/': ['web.config', 'private'], 'Shop/img': ['web.config', 'private'], 'Shop/app': ['web.config'], 'Blog/': ['web.config']
  })
  t.equal(config.report.counts.closes, 0)
})

test('an applicationHost.config without the section has IIS\'s limits where a site has it, and none of the lists', async t => {
  const config = server(t, '', { blog: filtering('') })
  t.match(config.options.requestFilter, { requestFiltering: { requestLimits: { maxUrl: 4096 }, hiddenSegments: [], fileExtensions: { fileExtensions: {} } }, places: [{ site: 'Blog' }] })
  t.strictSame(Object.keys(server(t, '').options.requestFilter ?? {}), [], 'and where nobody has it, nothing is filtered')
})

test('inheritInChildApplications="false" keeps an application out', async t => {
  const config = server(t, '', { shop: at('.', security('<ipSecurity allowUnlisted="false" />'), ' inheritInChildApplications="false"') })
  t.strictSame(each(config, place => place.ipSecurity), { '/': undefined, 'Shop/': { allowUnlisted: false, addresses: [], denyAction: 'Forbidden' }, 'Shop/app': false })
})

test('a place that switches off what is around it says so', async t => {
  const config = web(security('<ipSecurity allowUnlisted="false" /><dynamicIpSecurity><denyByRequestRate enabled="true" /></dynamicIpSecurity>') +
    at('open', security('<ipSecurity allowUnlisted="true" /><dynamicIpSecurity><denyByRequestRate enabled="false" /></dynamicIpSecurity>')))
  t.strictSame(config.options.requestFilter?.places, [{ path: '/open', ipSecurity: false, dynamicIpSecurity: false }])
})

test('addresses are in the order of IIS, and taken back by all that tells them apart', async t => {
  const config = server(t, security('<ipSecurity><add ipAddress="10.0.0.1" allowed="true" /><add ipAddress="10.0.0.0" subnetMask="255.0.0.0" /></ipSecurity>'), {})
  const inner = server(t, security('<ipSecurity><add ipAddress="10.0.0.1" allowed="true" /><add ipAddress="10.0.0.0" subnetMask="255.0.0.0" /></ipSecurity>') + at('Shop', security('<ipSecurity><remove ipAddress="10.0.0.1" /><remove ipAddress="10.0.0.0" /><add ipAddress="::1" /></ipSecurity>')))
  const list = (place: FilterPlace): unknown => typeof place.ipSecurity === 'object' ? place.ipSecurity.addresses.map(({ ipAddress }) => ipAddress) : place.ipSecurity
  t.strictSame(each(config, list), { '/': ['10.0.0.1', '10.0.0.0'] })
  t.strictSame(each(inner, list), { '/': ['10.0.0.1', '10.0.0.0'], 'Shop/': ['10.0.0.0', '::1'] })
})

test('an entry that the list above has already holds here, and is a mistake: IIS answers 500.19', async t => {
  const config = web(filtering('<verbs><add verb="PUT" allowed="false" /></verbs>') + at('up', filtering('<verbs><add verb="PUT" allowed="true" /></verbs>')))
  t.match(config.report.mistakes, [{ code: 'inherited-twice', message: /has this entry already, at web\.config:1:/ }])
  t.strictSame(each(config, place => place.requestFiltering?.verbs?.verbs), { '/': { PUT: false }, '/up': { PUT: true } })
  t.strictSame(web(filtering('<fileExtensions><add fileExtension=".config" allowed="true" /></fileExtensions>')).report.mistakes, [], 'of a list that is only assumed it is not known')
})

test('removeServerHeader of the server is taken back by a site, an application and a folder', async t => {
  const config = server(t, filtering('', ' removeServerHeader="true"'), { blog: filtering('', ' removeServerHeader="false"'), app: filtering('', ' removeServerHeader="false"') })
  const { outboundRules, siteOutboundRules = {}, pathOutboundRules } = config.options.urlRewrite ?? {}
  t.equal(outboundRules, undefined, 'each site has its own list')
  t.strictSame(Object.entries(siteOutboundRules).map(([site, { rules }]) => [site, rules.map(({ name }) => name)]), [['Shop', ['removeServerHeader']]])
  t.match(pathOutboundRules, [{ site: 'Shop', path: '/app', remove: ['removeServerHeader'], rules: [] }])
})

test('a web.config for a directory filters that directory alone', async t => {
  const { options } = readConfigText(`<configuration>${filtering('')}</configuration>`, 'web.config', { base: '/app' })
  t.strictSame(Object.keys(options.requestFilter ?? {}), ['places'])
  t.match(options.requestFilter?.places, [{ path: '/app', requestFiltering: {} }])
})

test('locks of one file alone are used with a difference', async t => {
  const { report } = web(security('<requestFiltering lockAttributes="allowDoubleEscaping"><hiddenSegments lockItem="true"><add segment="a" lockItem="true" /></hiddenSegments></requestFiltering>'))
  t.equal(report.complete, true)
  t.strictSame(report.rows.filter(({ status }) => status === 'difference').map(({ name }) => name), ['lockAttributes', 'lockItem', 'lockItem'])
})
