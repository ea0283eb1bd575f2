import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { convertToTypeScript, readConfig, watchConfig, type IisConfig } from '../src/index.ts'
import { location, places, readServer, rewrite, row, rule, rules, SITES, write } from './copied.ts'

const whole = fileURLToPath(new URL('fixtures/whole-server', import.meta.url))

const fails = (read: () => unknown): { code?: string, problems?: { message: string }[] } => {
  try {
    read()
  } catch (error) {
    return error as { code?: string, problems: { message: string }[] }
  }
  return {}
}

test('the folder of a copied server is one configuration', async t => {
  const config = readConfig(whole)
  const expected = JSON.parse(readFileSync(join(whole, 'expected.json'), 'utf8').replaceAll('{folder}', JSON.stringify(whole).slice(1, -1))) as unknown
  t.strictSame(JSON.parse(JSON.stringify(config.options)), expected)
  t.strictSame(config.files.map(file => file.slice(whole.length + 1).replaceAll('\\', '/')), [
    'System32/inetsrv/config/applicationHost.config', 'inetpub/shop/web.config', 'inetpub/shop/img/web.config', 'apps/api/Web.Config', 'apps/api/v2/web.config', 'inetpub/blog/web.config'
  ], 'a web.config under the URL of an application with another folder is not read')
  t.match(row(config, 'apps/api/Web.Config', 'rules/rule'), { status: 'used', line: 12 }, 'a row has its file and line')
  t.match(config.report.mistakes, [{ code: 'locked-section', line: 4, message: 'webSocket' }])
})

test('the web.config of a site is found by the physical path, of which case and environment do not matter', async t => {
  const config = readServer(t, '', { 'C/Shop/Web.config': rules('shop'), 'c/blog/web.config': rules('other'), 'C/BLOG/web.config': rules('blog'), 'D/app/web.config': rules('app') })
  t.strictSame(places(config), { Shop: 'shop', Blog: 'blog', 'Shop/app': 'app' })
  t.match(row(config, 'applicationHost.config', 'site[2]/application/virtualDirectory/@physicalPath'), { status: 'difference', note: /on this machine the folder is .*BLOG/ })
  t.match(row(config, 'applicationHost.config', 'site[1]/application[1]/virtualDirectory[2]/@physicalPath'), { status: 'unsupported', note: 'no root leads to this folder', advice: '--root' })
  t.notOk(config.report.complete, 'what is not read may hold rules')
})

test('folders below a site are directories of it; a web.config below a virtual directory counts only where allowSubDirConfig allows it', async t => {
  const config = readServer(t, '', { 'C/shop/a/web.config': rules('a'), 'C/shop/a/b/web.config': rules('b'), 'C/images/web.config': rules('img'), 'C/images/in/web.config': rules('never'), 'C/shop/img/web.config': rules('never'), 'C/shop/app/in/web.config': rules('never'), 'D/app/in/web.config': rules('in'), 'C/shop/node_modules/x/web.config': rules('never') })
  t.strictSame(places(config), { 'Shop/a': 'a', 'Shop/a/b': 'b', 'Shop/img': 'img', 'Shop/app/in': 'in' })
})

test('files are given by name with their place, which goes before what the roots lead to', async t => {
  const folder = write(t, { 'applicationHost.config': SITES, 'C/shop/web.config': rules('found'), 'C/shop/in/web.config': rules('in'), 'mine.config': rules('mine'), 'app/web.config': rules('app') })
  const read = (...files: string[]): IisConfig => readConfig([join(folder, 'applicationHost.config'), ...files], { roots: { 'C:\\': join(folder, 'C') } })
  t.strictSame(places(read(`shop=${join(folder, 'mine.config')}`, `SHOP/app=${join(folder, 'app')}`)), { Shop: 'mine', 'Shop/in': 'in', 'Shop/app': 'app' })
  const mistake = (file: string): string | undefined => fails(() => read(file)).problems?.[0]?.message
  t.match(mistake(`Shoop=${join(folder, 'mine.config')}`), 'there is no site "Shoop" in applicationHost.config; there are "Shop", "Blog"')
  t.match(mistake(join(folder, 'mine.config')), 'name the one that this file is for, as in Shop=')
  t.match(fails(() => read(`shop=${join(folder, 'mine.config')}`, `Shop/=${join(folder, 'mine.config')}`)), { code: 'FST_ARR_IIS_CONFIG_INVALID_OPTION', problems: [{ message: 'another file is given for Shop/ as well' }] })
  t.match(fails(() => readConfig([`shop=${join(folder, 'mine.config')}`])).problems, [{ message: 'applicationHost.config must be the first of the files' }])
  t.match(fails(() => readConfig([join(folder, 'mine.config'), join(folder, 'applicationHost.config')])).problems, [{ message: 'must be the first of the files' }])
})

test('with one site, its web.config needs no name', async t => {
  const folder = write(t, { 'applicationHost.config': '<system.applicationHost><sites><site name="Only"><bindings /></site></sites></system.applicationHost>', 'web.config': rules('a'), 'x=y.config': rules('b') })
  t.strictSame(places(readConfig([join(folder, 'applicationHost.config'), join(folder, 'web.config'), `/in=${join(folder, 'x=y.config')}`])), { Only: 'a', 'Only/in': 'b' })
  t.strictSame(places(readConfig([join(folder, 'applicationHost.config'), join(folder, 'x=y.config')])), { Only: 'b' }, 'a file may have = in its name')
})

test('base is the directory that a web.config is for: rules, locations, headers and files', async t => {
  const folder = write(t, {
    'web.config': `${rules('own').replace('</rule>', '<conditions><add input="{REQUEST_FILENAME}" matchType="IsFile" /></conditions></rule>')}
    <system.webServer><httpProtocol><customHeaders><add name="X-A" value="1" /></customHeaders></httpProtocol></system.webServer>
    ${location('in', rules('in'))}`
  })
  const { urlRewrite } = readConfig(join(folder, 'web.config'), { base: '/app' }).options
  t.match(urlRewrite, {
    pathRules: [{ path: '/app', rules: [{ name: 'own' }] }, { path: '/app/in', rules: [{ name: 'in' }] }],
    pathOutboundRules: [{ path: '/app', rules: [{ name: 'customHeaders X-A' }] }],
    documentRoot: [{ path: '/app', folder }]
  })
  t.notOk('rules' in (urlRewrite ?? {}))
  t.match(readConfig(join(folder, 'web.config'), { base: '/app', documentRoot: '/srv' }).options.urlRewrite?.documentRoot, [{ path: '/app', folder: '/srv' }])
  for (const base of ['app', '', 7]) t.match(fails(() => readConfig(join(folder, 'web.config'), { base: base as string })), { code: 'FST_ARR_IIS_CONFIG_INVALID_OPTION', problems: [{ message: 'must be a path that begins with a slash' }] })
  t.match(fails(() => readConfig(join(write(t, { 'applicationHost.config': SITES }), 'applicationHost.config'), { base: '/app' })).problems, [{ message: 'applicationHost.config has none' }])
})

test('several web.config files without applicationHost.config are directories of one site', async t => {
  const folder = write(t, { 'web.config': rules('site', 'gone'), 'app/web.config': rewrite(`<rules><remove name="GONE" />${rule('app')}</rules>`) })
  const config = readConfig([join(folder, 'web.config'), `/app=${join(folder, 'app', 'web.config')}`])
  t.strictSame(config.options.urlRewrite?.rules?.map(({ name }) => name), ['site', 'gone'])
  t.strictSame(places(config), { '/app -gone': 'app' })
  t.ok(config.report.complete)
  t.strictSame(places(readConfig(folder)), { '/app -gone': 'app' }, 'so is a folder with its folders')
})

test('roots that are none are mistakes, all at once', async t => {
  const folder = write(t, { 'applicationHost.config': SITES })
  const read = (roots: unknown): string[] => fails(() => readConfig(join(folder, 'applicationHost.config'), { roots: roots as Record<string, string> })).problems?.map(({ message }) => message) ?? []
  t.strictSame(read({ inetpub: folder, 'C:\\a': join(folder, 'gone') }), ['roots: "inetpub" must be an absolute path of Windows', `roots: ${JSON.stringify(join(folder, 'gone'))}, for "C:\\\\a", must be a folder on this machine`])
  t.match(read(['C:\\a=/b']), [/must be an object/])
})

test('a broken web.config refuses the server, with its file and line', async t => {
  t.match(fails(() => readServer(t, '', { 'C/shop/web.config': '<a>' })), { code: 'FST_ARR_IIS_CONFIG_INVALID_XML', problems: [{ file: /C.shop.web\.config$/, line: 1 }] })
})

test('what refuses requests in the web.config of an application holds for the application; where it is locked, it closes', async t => {
  const refuses = { 'D/app/web.config': '<system.webServer><security><ipSecurity allowUnlisted="false" /></security></system.webServer>' }
  const locks = '<configSections><sectionGroup name="system.webServer"><sectionGroup name="security"><section name="ipSecurity" overrideModeDefault="Deny" /></sectionGroup></sectionGroup></configSections>'
  t.strictSame(readServer(t, '', refuses).options.requestFilter, { places: [{ site: 'Shop', path: '/app', ipSecurity: { allowUnlisted: false, addresses: [], denyAction: 'Forbidden' } }] })
  t.match(fails(() => readServer(t, locks, refuses)), { code: 'FST_ARR_IIS_CONFIG_CLOSED_DOORS', problems: [{ file: /app.web\.config$/, message: 'of the site Shop, under /app' }] })
})

test('a web.config that appears in the folder of an application, and one that changes, are read', async t => {
  const folder = write(t, { 'applicationHost.config': SITES, 'C/shop/web.config': rules('one') })
  mkdirSync(join(folder, 'D', 'app'), { recursive: true })
  let wake = (_: IisConfig): void => {}
  const watched = watchConfig(join(folder, 'applicationHost.config'), (error, config) => { if (error === null) wake(config) }, { interval: 20, quiet: 40, roots: { 'C:': join(folder, 'C'), 'D:': join(folder, 'D') } })
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => { clearInterval(alive); watched.close() })
  t.strictSame(watched.config.missing, [join(folder, 'D', 'app', 'web.config')])
  const next = async (change: () => void): Promise<Record<string, string>> => {
    const config = new Promise<IisConfig>(resolve => { wake = resolve })
    change()
    return places(await config)
  }
  t.strictSame(await next(() => writeFileSync(join(folder, 'D', 'app', 'web.config'), `<configuration>${rules('app')}</configuration>`)), { Shop: 'one', 'Shop/app': 'app' })
  t.strictSame(await next(() => writeFileSync(join(folder, 'C', 'shop', 'web.config'), `<configuration>${rules('changed')}</configuration>`)), { Shop: 'changed', 'Shop/app': 'app' })
})

test('convert names the file of a comment that is about another one than the first', async t => {
  const text = convertToTypeScript(readConfig(whole))
  t.match(text, /✖ \S+shop.web\.config:4, <webSocket>: the section is locked/)
  t.match(text, /rewriteResponse/)
  t.match(text, /path: '\/app',\n\s+site: 'Shop',\n\s+remove: \['shop'\]/)
})
