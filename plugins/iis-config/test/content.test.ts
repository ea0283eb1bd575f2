// The sections that say how files are served, as options of static-content: which folder has which, what is lost, and what is only IIS's default.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { readConfig, readConfigText, type IisConfig } from '../src/index.ts'

const site = (sections: string, more = ''): IisConfig =>
  readConfigText(`<configuration><system.webServer>${sections}</system.webServer>${more}</configuration>`, 'web.config', { files: true, documentRoot: '/srv/www' })
const folders = ({ options }: IisConfig): readonly Record<string, unknown>[] => (options.staticContent?.folders ?? []) as unknown as Record<string, unknown>[]
const first = (config: IisConfig): Record<string, unknown> => folders(config)[0] as Record<string, unknown>

t.test('the files of a web.config are served only where somebody says so', async t => {
  const text = '<configuration><system.webServer><defaultDocument enabled="true"/></system.webServer></configuration>'
  t.equal(readConfigText(text).options.staticContent, undefined)
  t.equal(readConfigText(text, 'web.config', { documentRoot: '/srv/www' }).options.staticContent, undefined)
  t.equal(first(site('')).root, '/srv/www')
})

t.test('media types are added and taken away', async t => {
  const { mediaTypes } = first(site(`<staticContent>
    <remove fileExtension=".json"/><mimeMap fileExtension=".JSON" mimeType="application/json"/>
    <remove fileExtension=".txt"/><mimeMap fileExtension=".woff2" mimeType="font/woff2"/><mimeMap fileExtension="." mimeType="text/plain"/>
  </staticContent>`))
  t.same(mediaTypes, { '.json': 'application/json', '.txt': null, '.woff2': 'font/woff2', '.': 'text/plain' })
})

t.test('<clientCache> in each of its modes', async t => {
  const cache = (attributes: string): unknown => first(site(`<staticContent><clientCache ${attributes}/></staticContent>`)).clientCache
  t.equal(cache(''), undefined)
  t.equal(cache('cacheControlMode="NoControl" cacheControlMaxAge="1.00:00:00"'), undefined)
  t.same(cache('cacheControlMode="UseMaxAge"'), { maxAge: 86400 })
  t.same(cache('cacheControlMode="UseMaxAge" cacheControlMaxAge="7.00:00:01" cacheControlCustom="public"'), { maxAge: 604801, custom: 'public' })
  t.same(cache('cacheControlMode="UseExpires" httpExpires="Tue, 19 Jan 2038 03:14:07 GMT"'), { expires: 'Tue, 19 Jan 2038 03:14:07 GMT' })
  t.same(cache('cacheControlMode="DisableCache"'), { noCache: true })
  t.same(cache('cacheControlCustom="private"'), { custom: 'private' })
  t.throws(() => cache('cacheControlMode="Sometimes"'), /cacheControlMode="Sometimes" is not one of/)
})

t.test('default documents go before those that are inherited, <remove> and <clear> take back', async t => {
  const documents = (inner: string): unknown => first(site(`<defaultDocument>${inner}</defaultDocument>`)).defaultDocuments
  t.same(documents('<files><add value="home.html"/></files>'), ['home.html', 'Default.htm', 'Default.asp', 'index.htm', 'index.html', 'iisstart.htm', 'default.aspx'])
  t.same(documents('<files><clear/><add value="home.html"/></files>'), ['home.html'])
  t.same(documents('<files><remove value="default.ASP"/></files>'), ['Default.htm', 'index.htm', 'index.html', 'iisstart.htm', 'default.aspx'])
  t.same(first(site('<defaultDocument enabled="false"/>')).defaultDocuments, [])
})

t.test('a <location> has a folder of its own, with what it inherits', async t => {
  const config = site('<staticContent><clientCache cacheControlMode="UseMaxAge" cacheControlMaxAge="00:01:00"/></staticContent>',
    '<location path="img"><system.webServer><staticContent><clientCache cacheControlMaxAge="01:00:00"/></staticContent></system.webServer></location>')
  t.same(folders(config).map(({ path, root, clientCache }) => ({ path, root, clientCache })), [
    { path: undefined, root: '/srv/www', clientCache: { maxAge: 60 } },
    { path: '/img', root: '/srv/www/img', clientCache: { maxAge: 3600 } }
  ])
})

t.test('what has no effect in IIS has none here, and nothing of the shipped defaults is lost', async t => {
  const config = site('<directoryBrowse enabled="false" showFlags="Date, Time, Size, Extension"/><urlCompression/><httpErrors lockAttributes="x" existingResponse="PassThrough"/><staticContent/>'.replace(' lockAttributes="x"', ''))
  t.ok(config.report.complete, JSON.stringify(config.report.rows.filter(({ status }) => status === 'unsupported')))
  t.notOk(site('<directoryBrowse enabled="true"/>').report.complete)
  t.equal(first(site('')).compress, true, 'as IIS is installed')
  t.equal(first(site('<urlCompression doStaticCompression="false"/>')).compress, undefined)
  t.notOk(site('<urlCompression doDynamicCompression="true"/>').report.complete, 'what an upstream answers is not compressed')
})

t.test('the folders of a server are those of its sites, applications and virtual directories', async t => {
  const copied = server(t, {
    'applicationHost.config': `<configuration><system.applicationHost><sites><site name="Shop" id="1">
      <application path="/"><virtualDirectory path="/" physicalPath="C:\\inetpub\\shop"/><virtualDirectory path="/pics" physicalPath="D:\\pics"/></application>
      <application path="/app"><virtualDirectory path="/" physicalPath="C:\\inetpub\\app"/></application>
      <bindings><binding protocol="http" bindingInformation="*:80:shop.example"/></bindings></site></sites></system.applicationHost>
      <system.webServer><staticContent><mimeMap fileExtension=".x" mimeType="a/b"/></staticContent></system.webServer></configuration>`,
    'inetpub/shop/web.config': '<configuration><system.webServer><staticContent><mimeMap fileExtension=".y" mimeType="c/d"/></staticContent></system.webServer></configuration>',
    'inetpub/app/web.config': '<configuration><system.webServer><staticContent><remove fileExtension=".x"/></staticContent></system.webServer></configuration>',
    'pics/a.png': ''
  })
  const read = (files?: boolean): IisConfig => readConfig(join(copied, 'applicationHost.config'), { roots: { 'C:\\inetpub': join(copied, 'inetpub'), 'D:\\': copied }, ...files !== undefined && { files } })
  const found = Object.fromEntries(folders(read()).map(folder => [`${String(folder.site)}${String(folder.path ?? '/')}`, folder]))
  t.same(Object.keys(found).sort(), ['Shop/', 'Shop/app', 'Shop/pics'])
  t.same(found['Shop/']?.mediaTypes, { '.x': 'a/b', '.y': 'c/d' })
  t.same(found['Shop/app']?.mediaTypes, { '.x': null, '.y': 'c/d' })
  t.equal(found['Shop/pics']?.root, join(copied, 'pics'))
  t.equal(read(false).options.staticContent, undefined)
})

function server (t: Test, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'iis-content-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

t.test('what an application answers in IIS is no file: a handler of all paths, of extensions, of one script, and no right to read', async t => {
  const handlers = (inner: string, attributes = ''): Record<string, unknown> => first(site(`<handlers${attributes}>${inner}</handlers>`))
  t.same(handlers('<add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" />'), { served: false })
  t.same(handlers('<add name="block" path="*" verb="*" preCondition="integratedMode" type="System.Web.HttpNotFoundHandler" />'), { served: false })
  t.same(handlers('', ' accessPolicy="Script"'), { served: false })
  t.same(handlers('<clear />'), { served: false })
  t.equal(handlers('<add name="trace" path="*" verb="TRACE" modules="ProtocolSupportModule" />').root, '/srv/www')
  t.equal(handlers('<add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModule" /><remove name="x" />').served, false)
  t.equal(handlers('<add name="Files" path="*" verb="GET" modules="StaticFileModule" />').root, '/srv/www')
  t.same(handlers('<add name="php" path="*.PHP" verb="GET,POST" modules="FastCgiModule" />').mediaTypes, { '.php': null })
  const { hiddenSegments } = handlers('<add name="node" path="server.js" verb="*" modules="iisnode" />') as { hiddenSegments: string[] }
  t.ok(hiddenSegments.includes('server.js') && hiddenSegments.includes('web.config'), 'beside IIS\'s own')
  const inherited = folders(site('<handlers><add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" /></handlers>', '<location path="static"><system.webServer><handlers><remove name="aspNetCore" /></handlers></system.webServer></location>'))
  t.same(inherited.map(({ path, served, root }) => [path, served, root]), [[undefined, false, undefined], ['/static', undefined, '/srv/www/static']])
})

t.test('only the folders that roots lead to are served: not those of files that are given by name, nor those above an application that is elsewhere', async t => {
  const copied = server(t, {
    'applicationHost.config': `<configuration><system.applicationHost><sites><site name="Shop" id="1">
      <application path="/"><virtualDirectory path="/" physicalPath="C:\\inetpub\\shop"/></application>
      <application path="/gone"><virtualDirectory path="/" physicalPath="E:\\elsewhere"/></application>
      <application path="/core"><virtualDirectory path="/" physicalPath="C:\\inetpub\\core"/></application>
      <bindings><binding protocol="http" bindingInformation="*:80:shop.example"/></bindings></site></sites></system.applicationHost></configuration>`,
    'given/web.config': '<configuration/>',
    'inetpub/shop/Assets/a.css': '',
    'inetpub/shop/web.config': '<configuration><location path="assets"><system.webServer><staticContent><clientCache cacheControlMode="DisableCache"/></staticContent></system.webServer></location></configuration>',
    'inetpub/core/a.txt': ''
  })
  const files = [join(copied, 'applicationHost.config'), `Shop/core=${join(copied, 'given', 'web.config')}`]
  t.equal(readConfig(files).options.staticContent, undefined, 'no root, no files')
  const rooted = readConfig(files, { roots: { 'C:\\inetpub': join(copied, 'inetpub') } })
  const of = (config: IisConfig): unknown[] => folders(config).map(({ path, root, served }) => [path, root ?? served]).sort()
  t.same(of(rooted), [['/assets', join(copied, 'inetpub', 'shop', 'Assets')], ['/core', join(copied, 'inetpub', 'core')], ['/gone', false], [undefined, join(copied, 'inetpub', 'shop')]].sort())
  t.same(of(readConfig(files, { files: true })).filter(one => (one as string[])[0] === '/core'), [['/core', join(copied, 'given')]], 'where somebody says so')
})

t.test('the web.config of a linked folder is read', { skip: process.platform === 'win32' ? 'links need a right there' : false }, async t => {
  const copied = server(t, {
    'applicationHost.config': `<configuration><system.applicationHost><sites><site name="Shop" id="1"><application path="/"><virtualDirectory path="/" physicalPath="C:\\shop"/></application>
      <bindings><binding protocol="http" bindingInformation="*:80:shop.example"/></bindings></site></sites></system.applicationHost></configuration>`,
    'shop/a.txt': '',
    'elsewhere/web.config': '<configuration><system.webServer><security><ipSecurity><add domainName="a.example"/></ipSecurity></security></system.webServer></configuration>'
  })
  symlinkSync(join(copied, 'elsewhere'), join(copied, 'shop', 'link'))
  symlinkSync(join(copied, 'shop'), join(copied, 'shop', 'loop'))
  t.throws(() => readConfig(join(copied, 'applicationHost.config'), { roots: { 'C:\\': copied } }), { code: 'FST_ARR_IIS_CONFIG_CLOSED_DOORS' })
})
