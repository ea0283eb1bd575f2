// What a file says no more than IIS's default is no loss: the shipped applicationHost.config, and each section of it.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { DOORS, readConfigText, type Report } from '../src/index.ts'

const shipped = readFileSync(fileURLToPath(new URL('shipped.config', import.meta.url)), 'utf8')
const read = (xml: string): Report => readConfigText(xml, 'applicationHost.config').report
const lost = ({ sections }: Report): string[] => sections.filter(section => section.lost).map(({ path }) => path.slice(path.lastIndexOf('/') + 1))

test('the shipped applicationHost.config of IIS 10 with ARR checks clean', async t => {
  const report = read(shipped)
  t.same(lost(report), [])
  t.same(report.rows.filter(({ status }) => status === 'unsupported' || status === 'closes').map(({ path }) => path), [])
  t.ok(report.complete)
  t.same(report.local, [])
  t.same(report.mistakes, [])
  t.same(report.summary.missing, { count: 0, about: [] })
  t.ok(report.summary.byDefault.count > 15, String(report.summary.byDefault.count))
})

test('no standard section is unknown, whatever it says', async t => {
  const group = (name: string): string[] => [...(new RegExp(`<sectionGroup name="${name}">(.*?)</sectionGroup>\\s*<(?:sectionGroup name="system|section name="webFarms|/configSections)`, 's').exec(shipped)?.[1] ?? '')
    .replace(/<sectionGroup.*?<\/sectionGroup>/gs, '').matchAll(/<section name="(\w+)"/g)].map(([, section]) => section as string)
  const web = group('system.webServer')
  const host = group('system.applicationHost')
  t.ok(web.length > 20 && host.length > 6, [...web, ...host].join())
  const all = (names: readonly string[]): string => names.filter(name => !['sites', 'log', 'authorization', 'ipSecurity', 'dynamicIpSecurity', 'requestFiltering'].includes(name)).map(name => `<${name} made="up" />`).join('')
  const { report: { sections } } = readConfigText(`<configuration><system.applicationHost>${all(host)}</system.applicationHost><system.webServer>${all(web)}<webdav><authoring enabled="true" /></webdav></system.webServer></configuration>`, 'applicationHost.config', { open: DOORS })
  t.ok(sections.length > 25, String(sections.length))
  t.same(sections.filter(({ note }) => note.includes('is not one of IIS')).map(({ path }) => path), [])
})

/** Sections by what they say: no more than the default, and more. */
const SAYS: readonly (readonly [section: string, byDefault: string, more: string])[] = [
  ['staticContent', '<staticContent><remove fileExtension=".json" /><mimeMap fileExtension=".json" mimeType="application/json" /></staticContent>', '<staticContent><mimeMap fileExtension=".made" mimeType="up/up" /></staticContent>'],
  ['staticContent', '<staticContent><clientCache cacheControlMode="NoControl" /></staticContent>', '<staticContent><clientCache cacheControlMode="UseMaxAge" cacheControlMaxAge="1.00:00:00" /></staticContent>'],
  ['defaultDocument', '<defaultDocument enabled="true"><files><add value="index.html" /></files></defaultDocument>', '<defaultDocument><files><add value="home.php" /></files></defaultDocument>'],
  ['directoryBrowse', '<directoryBrowse enabled="false" />', '<directoryBrowse enabled="true" />'],
  ['handlers', '<handlers><remove name="WebDAV" /><add name="StaticFile" path="*" verb="*" modules="StaticFileModule" /></handlers>', '<handlers><add name="php" path="*.php" verb="*" modules="FastCgiModule" /></handlers>'],
  ['handlers', '<handlers accessPolicy="Read, Script" />', '<handlers accessPolicy="None" />'],
  ['urlCompression', '<urlCompression doStaticCompression="true" />', '<urlCompression doDynamicCompression="true" />'],
  ['caching', '<caching enabled="true" enableKernelCache="true" />', '<caching><profiles><add extension=".css" policy="CacheUntilChange" /></profiles></caching>'],
  ['httpLogging', '<httpLogging dontLog="false" />', '<httpLogging dontLog="true" />'],
  ['fastCgi', '<fastCgi />', '<fastCgi><application fullPath="C:\\PHP\\php-cgi.exe" /></fastCgi>'],
  ['diskCache', '<diskCache><compression><add mimeType="text/*" enabled="true" /></compression></diskCache>', '<diskCache><driveLocation path="C:\\cache" /></diskCache>'],
  ['authoring', '<webdav><authoring enabled="false" /></webdav>', '<webdav><authoring enabled="true" /></webdav>']
]

for (const [section, byDefault, more] of SAYS) {
  test(`${byDefault} is no loss, and ${more} is one`, async t => {
    const of = (xml: string): Report => read(`<configuration><system.webServer>${xml}</system.webServer></configuration>`)
    t.same(lost(of(byDefault)), [])
    t.match(of(byDefault).sections, [{ class: 'default' }])
    t.same(lost(of(more)), [section])
    t.match(of(more).sections, [{ class: 'missing' }])
  })
}
