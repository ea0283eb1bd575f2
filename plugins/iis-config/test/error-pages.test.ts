// `<httpErrors>` as options of error-pages: which pages, for whom, at which places; and what of it is lost.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { convertToTypeScript, readConfig, readConfigText, type IisConfig } from '../src/index.ts'

function folderOf (t: Test, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'iis-errors-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

const web = (sections: string, more = ''): string => `<configuration><system.webServer>${sections}</system.webServer>${more}</configuration>`
/** What is told of elements, and of attributes of the section. */
const rows = ({ report }: IisConfig, status: string): string[] => report.rows.filter(row => row.status === status && row.note !== undefined && !/\/error.*\/@/.test(row.path)).map(({ name, note }) => `${name}: ${note}`)
const read = (xml: string, file = 'web.config'): IisConfig => readConfigText(xml, file)

t.test('each kind of page: a file of the site, a URL of it, a redirect; by status and substatus', async t => {
  const root = folderOf(t, {
    'Errors/404.html': '',
    'Errors/type.html': '',
    'web.config': web(`<httpErrors errorMode="Custom" existingResponse="Auto">
      <remove statusCode="404" subStatusCode="-1"/>
      <error statusCode="404" path="errors\\404.html" responseMode="File"/>
      <error statusCode="404" subStatusCode="3" path="/errors/type.html?from=iis" responseMode="ExecuteURL"/>
      <error statusCode="403" subStatusCode="14" path="https://example.com/a b" responseMode="Redirect"/>
      <error statusCode="502" path="/Errors/404.html"/>
    </httpErrors>`)
  })
  const config = readConfig(join(root, 'web.config'))
  const inErrors = (file: string, pages: Readonly<Record<string, unknown>>): boolean => (pages[file] as { file: string }).file.toLowerCase().startsWith(join(root, 'errors').toLowerCase())
  const { pages = {}, ...rest } = config.options.errorPages ?? {}
  t.same(rest, { errorMode: 'Custom', existingResponse: 'Auto' })
  t.same(Object.keys(pages).sort(), ['403.14', '404', '404.3', '502'])
  for (const key of ['404', '404.3', '502']) t.ok(inErrors(key, pages), key)
  t.same(pages['403.14'], { redirect: 'https://example.com/a%20b' })
  t.ok(config.report.complete)
  t.same(rows(config, 'difference'), ['error: the file is sent with the status of the error'])
})

t.test('the examples of IIS\'s documentation', async t => {
  // learn.microsoft.com/iis/configuration/system.webserver/httperrors/, and …/httperrors/error
  const root = folderOf(t, {
    'inetpub/custerr/en-US/404.htm': '',
    'inetpub/custerr/de-DE/404.5.htm': '',
    'applicationHost.config': `<configuration><system.applicationHost><sites><site name="Default Web Site" id="1"><application path="/"><virtualDirectory path="/" physicalPath="C:\\inetpub\\wwwroot"/></application>
      <bindings><binding protocol="http" bindingInformation="*:80:"/></bindings></site></sites></system.applicationHost>
      <system.webServer><httpErrors lockAttributes="allowAbsolutePathsWhenDelegated,defaultPath"><error statusCode="401" prefixLanguageFilePath="%SystemDrive%\\inetpub\\custerr" path="401.htm" /></httpErrors></system.webServer></configuration>`,
    'inetpub/wwwroot/web.config': web(`<httpErrors errorMode="DetailedLocalOnly" defaultResponseMode="File" >
      <remove statusCode="500" />
      <error statusCode="500" prefixLanguageFilePath="C:\\Contoso\\Content\\errors" path="500.htm" />
      <error statusCode="404" subStatusCode="5" prefixLanguageFilePath="%SystemDrive%\\inetpub\\custerr" path="404.5.htm" />
    </httpErrors>`)
  })
  const config = readConfig(join(root, 'applicationHost.config'), { roots: { 'C:\\inetpub': join(root, 'inetpub') } })
  t.same(config.options.errorPages, {
    places: [{ site: 'Default Web Site', pages: { 404.5: { file: '404.5.htm', languages: join(root, 'inetpub', 'custerr') } }, errorMode: 'DetailedLocalOnly', existingResponse: 'Auto' }]
  })
  t.same(rows(config, 'unsupported'), ['error: it is not known where this file lies on this machine'])
  t.ok(rows(config, 'used').some(row => row.includes('the page that IIS ships says no more than the status')), 'the folder has no 401.htm')
})

t.test('the pages that IIS ships are no loss where they are not on this machine, and are sent where they are', async t => {
  const section = '<httpErrors><error statusCode="404" prefixLanguageFilePath="%SystemDrive%\\inetpub\\custerr" path="404.htm" /></httpErrors>'
  const config = read(web(section))
  t.equal(config.options.errorPages, undefined)
  t.ok(config.report.complete)
  t.equal(read(web('<httpErrors existingResponse="PassThrough" />')).options.errorPages, undefined)
  t.ok(read(web('<httpErrors errorMode="Custom" defaultPath="" />')).report.complete)
})

t.test('a page for every other status', async t => {
  const root = folderOf(t, { 'all.htm': '', 'web.config': web('<httpErrors defaultPath="/all.htm" defaultResponseMode="ExecuteURL"><clear/></httpErrors>') })
  t.same(readConfig(join(root, 'web.config')).options.errorPages, { pages: { '*': { file: join(root, 'all.htm') } }, errorMode: 'DetailedLocalOnly', existingResponse: 'Auto' })
  const redirected = read(web('<httpErrors defaultPath="/sorry" defaultResponseMode="Redirect"/>'))
  t.same(redirected.options.errorPages?.pages, { '*': { redirect: '/sorry' } })
  const lost = read(web('<httpErrors defaultPath="/error.aspx" defaultResponseMode="ExecuteURL"/>'))
  t.same(rows(lost, 'unsupported'), ['defaultPath: the page is made by an application, and only files are sent for errors'])
})

t.test('with Replace an error without a page has one line, so that nothing of an upstream\'s passes', async t => {
  const config = read(web('<httpErrors errorMode="Custom" existingResponse="Replace"><error statusCode="404" path="/sorry" responseMode="Redirect"/></httpErrors>'))
  t.same(config.options.errorPages, {
    pages: { 404: { redirect: '/sorry' }, '*': { text: 'The page cannot be displayed because an error has occurred.' } },
    errorMode: 'Custom',
    existingResponse: 'Replace'
  })
  t.match(rows(config, 'difference'), [/existingResponse: an error without a page of its own gets one line/])
  t.ok(config.report.complete)
})

t.test('pages that nobody gets are none', async t => {
  const page = '<error statusCode="404" path="/sorry" responseMode="Redirect"/>'
  for (const attributes of ['errorMode="Detailed"', 'existingResponse="PassThrough"', 'errorMode="Detailed" existingResponse="Replace"']) {
    const config = read(web(`<httpErrors ${attributes}>${page}</httpErrors>`))
    t.equal(config.options.errorPages, undefined, attributes)
    t.ok(config.report.complete, attributes)
  }
})

t.test('a <location> has what it inherits, and takes back what it does not want', async t => {
  const redirect = (status: string, to: string): string => `<error statusCode="${status}" path="/${to}" responseMode="Redirect"/>`
  const location = (path: string, section: string): string => `<location path="${path}"><system.webServer>${section}</system.webServer></location>`
  const { options } = read(web(`<httpErrors errorMode="Custom">${redirect('404', 'a')}${redirect('500', 'b')}</httpErrors>`,
    location('app', `<httpErrors><remove statusCode="404"/>${redirect('403', 'c')}</httpErrors>`) +
    location('app/api', '<httpErrors existingResponse="PassThrough"/>') +
    location('app/api/pages', '<httpErrors existingResponse="Auto"/>') +
    location('same', '<httpErrors errorMode="Custom"/>') +
    location('none', '<httpErrors><clear/></httpErrors>')))
  const mode = { errorMode: 'Custom', existingResponse: 'Auto' } as const
  const inApp = { 500: { redirect: '/b' }, 403: { redirect: '/c' } }
  t.same(options.errorPages, {
    pages: { 404: { redirect: '/a' }, 500: { redirect: '/b' } },
    ...mode,
    places: [
      { path: '/app', pages: inApp, ...mode },
      { path: '/none', pages: {} },
      { path: '/app/api', pages: {} },
      { path: '/app/api/pages', pages: inApp, ...mode }
    ]
  })
})

t.test('each site has its own files, and what no folder is known for is lost', async t => {
  const server = (more = ''): string => `<configuration><system.applicationHost><sites>
    <site name="A" id="1"><application path="/"><virtualDirectory path="/" physicalPath="C:\\a"/><virtualDirectory path="/shared" physicalPath="C:\\shared"/></application><bindings><binding protocol="http" bindingInformation="*:80:a.example"/></bindings></site>
    <site name="B" id="2"><application path="/"><virtualDirectory path="/" physicalPath="D:\\b"/></application><bindings><binding protocol="http" bindingInformation="*:80:b.example"/></bindings></site></sites></system.applicationHost>
    <system.webServer><httpErrors errorMode="Custom"><error statusCode="404" path="404.htm"/>${more}</httpErrors></system.webServer></configuration>`
  const root = folderOf(t, { 'applicationHost.config': server('<error statusCode="500" path="/shared/500.htm" responseMode="ExecuteURL"/>'), 'a/404.htm': '', 'b/404.htm': '', 'shared/500.htm': '' })
  const both = readConfig(join(root, 'applicationHost.config'), { roots: { 'C:\\': root, 'D:\\': root } })
  const mode = { errorMode: 'Custom', existingResponse: 'Auto' }
  t.same(both.options.errorPages, {
    places: [
      { site: 'A', pages: { 404: { file: join(root, 'a', '404.htm') }, 500: { file: join(root, 'shared', '500.htm') } }, ...mode },
      { site: 'B', pages: { 404: { file: join(root, 'b', '404.htm') }, 500: { file: join(root, 'b', 'shared', '500.htm') } }, ...mode }
    ]
  }, 'a virtual directory has the file of its URL')
  const one = readConfig(join(root, 'applicationHost.config'), { roots: { 'C:\\': root } })
  t.same(one.options.errorPages?.places?.map(({ site }) => site), ['A'])
  const none = readConfig(join(root, 'applicationHost.config'))
  t.equal(none.options.errorPages, undefined)
  t.match(rows(none, 'unsupported'), [/error: it is not known where this file lies/, /error: it is not known where this file lies/])
  t.notOk(none.report.complete)
})

t.test('what IIS refuses is refused', async t => {
  for (const [section, message] of [
    ['<error statusCode="404" path="a.htm"/><error statusCode="404" subStatusCode="-1" path="b.htm"/>', /a second <error> for 404/],
    ['<error statusCode="200" path="a.htm"/>', /statusCode="200" is not a whole number from 400 to 999/],
    ['<error statusCode="404" subStatusCode="x" path="a.htm"/>', /subStatusCode="x"/],
    ['<error path="a.htm"/>', /<error> needs statusCode/],
    ['<error statusCode="404" path="a.htm" responseMode="Text"/>', /responseMode="Text" is not one of/]
  ] as const) t.throws(() => read(web(`<httpErrors>${section}</httpErrors>`)), message)
  t.doesNotThrow(() => read(web('<httpErrors><error statusCode="404" path="a.htm"/><remove statusCode="404"/><error statusCode="404" path="b.htm"/></httpErrors>')))
})

t.test('no path of a page leads out of the folder of the site', async t => {
  const up = '..\\..\\..\\..\\..\\..\\..\\..\\etc'
  const out = folderOf(t, { 'secret.htm': '', 'site/a.htm': '', 'site/err/de/b.htm': '', 'site/web.config': '' })
  const of = (page: string): IisConfig => {
    writeFileSync(join(out, 'site', 'web.config'), web(`<httpErrors errorMode="Custom"><error statusCode="404" ${page}/></httpErrors>`))
    return readConfig(join(out, 'site', 'web.config'))
  }
  for (const page of [`path="${up}\\hostname"`, 'path="..\\secret.htm"', 'path="/../secret.htm"', 'path="err/../../secret.htm"', 'path="~\\..\\site\\a.htm"', `path="hostname" prefixLanguageFilePath="${up}"`, 'path="secret.htm" prefixLanguageFilePath="err/../.."']) {
    const config = of(page)
    t.equal(config.options.errorPages, undefined, page)
    t.match(rows(config, 'unsupported'), [/leads out of the folder of the site/], page)
  }
  const page = (text: string): unknown => of(text).options.errorPages?.pages?.['404']
  for (const path of ['/../../../a.htm', '/err/../../..\\a.htm', '/a.htm']) t.same(page(`path="${path}" responseMode="ExecuteURL"`), { file: join(out, 'site', 'a.htm') }, `the URL ${path}`)
  t.same(page('path="/../secret.htm" responseMode="ExecuteURL"'), { file: join(out, 'site', 'secret.htm') }, 'a URL has nothing above its root')
  t.same(page('path="err\\..\\a.htm"'), { file: join(out, 'site', 'a.htm') })
  t.same(page('path="b.htm" prefixLanguageFilePath="x\\..\\err"'), { file: 'b.htm', languages: join(out, 'site', 'err') })
})

t.test('pages of applications are lost, and a file that is not there is told', async t => {
  const config = read(web(`<httpErrors errorMode="Custom">
    <error statusCode="401" path="/error.aspx" responseMode="ExecuteURL"/><error statusCode="403" path="/errors/403" responseMode="ExecuteURL"/><error statusCode="404" path="not-there.htm"/><error statusCode="405"/>
    <error statusCode="406" path="..\\x.htm" prefixLanguageFilePath="custerr"/>
  </httpErrors>`))
  t.same(Object.keys(config.options.errorPages?.pages ?? {}), ['404'])
  t.equal(config.report.rows.filter(({ status, name }) => status === 'unsupported' && name === 'error').length, 4)
  t.match(rows(config, 'difference'), [/error: there is no such file on this machine/])
})

t.test('as TypeScript the pages are registered behind the log, in front of all that may fail', async t => {
  const text = convertToTypeScript(read(web('<httpErrors errorMode="Custom"><error statusCode="404" path="/sorry" responseMode="Redirect"/></httpErrors><rewrite><rules><rule name="a"><match url=".*"/><action type="None"/></rule></rules></rewrite>')))
  t.match(text, /import \{ errorPages \} from '@fastify-arr\/error-pages'/)
  t.match(text, /register\(errorPages, \{[^]*redirect: '\/sorry'[^]*register\(urlRewrite/)
})
