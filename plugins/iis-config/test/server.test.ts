import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'tap'
import { readConfig, readConfigText, isIisConfigError, type IisConfig, type ReadOptions, type Report, type Row } from '../src/index.ts'

const host = (inside: string): string => `<configuration>${inside}</configuration>`
const read = (inside: string, options: ReadOptions = {}) => readConfigText(host(inside), 'applicationHost.config', options)
const row = (report: Report, path: string): Row | undefined => report.rows.find(one => one.path.endsWith(path))

test('sites and their bindings become sites and listeners', async t => {
  const { options, report } = read(`<system.applicationHost><sites>
    <site name="ReverseProxy" id="2" serverAutoStart="true">
      <application path="/" applicationPool="pool"><virtualDirectory path="/" physicalPath="C:\\inetpub\\wwwroot" /></application>
      <bindings>
        <binding protocol="http" bindingInformation="*:80:localhost" />
        <binding protocol="https" bindingInformation="*:443:localhost" sslFlags="1" />
        <binding protocol="http" bindingInformation="*:80:reverseproxy.com" />
        <binding protocol="https" bindingInformation="*:443:reverseproxy.com" sslFlags="1" />
        <binding protocol="net.tcp" bindingInformation="808:*" />
      </bindings>
      <hsts enabled="true" max-age="31536000" includeSubDomains="true" preload="false" redirectHttpToHttps="true" />
    </site>
    <site name="Stopped" id="3" serverAutoStart="false"><bindings><binding protocol="http" bindingInformation="[::1]:8080:" /></bindings></site>
    <site name="Old" id="4"><bindings><binding protocol="https" bindingInformation="10.0.0.1:8443:*.example.com" sslFlags="37" /></bindings></site>
  </sites></system.applicationHost>`)
  t.strictSame(options.hostRouting, {
    sites: [
      {
        name: 'ReverseProxy',
        id: 2,
        bindings: ['http/*:80:localhost', 'https/*:443:localhost', 'http/*:80:reverseproxy.com', 'https/*:443:reverseproxy.com'],
        https: { redirect: true, hsts: { maxAge: 31536000, includeSubDomains: true, preload: false } },
        enabled: true
      },
      { name: 'Stopped', id: 3, bindings: ['http/[::1]:8080:'], enabled: false },
      { name: 'Old', id: 4, bindings: ['https/10.0.0.1:8443:*.example.com'] }
    ]
  })
  t.strictSame(options.listeners, {
    listeners: [
      { port: 80, host: '*' },
      { port: 443, host: '*', https: true },
      { port: 8443, host: '10.0.0.1', https: { tls: { maxVersion: 'TLSv1.2' } }, http2: false }
    ]
  })
  t.match(row(report, 'binding[5]/@protocol'), { status: 'unsupported', note: 'WCF over TCP' })
  t.match(row(report, 'binding[2]'), { status: 'difference', note: 'certificate' })
})

test('an invalid binding is a problem with its line', async t => {
  for (const information of ['80', '*:http:x', '300.1.1.1:80:', '*:70000:', '*:0:']) {
    try {
      read(`<system.applicationHost><sites><site name="a"><bindings>\n<binding protocol="http" bindingInformation="${information}" /></bindings></site></sites></system.applicationHost>`)
      t.fail(information)
    } catch (error) {
      t.ok(isIisConfigError(error) && error.problems[0]?.line === 2 && error.message.includes('IP:port:host'), information)
    }
  }
})

test('hsts that is not enabled gives no option, and siteDefaults apply to sites without their own', async t => {
  const { options } = read(`<system.applicationHost><sites>
    <site name="a"><bindings /><hsts enabled="false" redirectHttpToHttps="true" /></site>
    <siteDefaults><hsts enabled="true" max-age="60" /></siteDefaults>
  </sites></system.applicationHost>`)
  t.strictSame(options.hostRouting?.sites[0]?.https, { hsts: { maxAge: 60 } })
})

test('the proxy of the server becomes options of upstream-proxy', async t => {
  const { options, report } = read(`<system.webServer>
    <proxy enabled="true" preserveHostHeader="true" includePortInXForwardedFor="true" timeout="00:10:00" reverseRewriteHostInResponseHeaders="true" arrResponseHeader="false" maxResponseHeaderSize="8192" />
    <webSocket enabled="true" pingInterval="00:00:30" />
  </system.webServer>`)
  t.strictSame(options.upstreamProxy, {
    hostHeader: 'preserve',
    forwarded: { port: true },
    timeouts: { firstByte: 600000, idle: 600000 },
    maxHeadSize: 8192,
    websocket: { ping: 30000 },
    reverseRewrite: true
  })
  t.strictSame(read('<system.webServer><proxy enabled="true" reverseRewriteHostInResponseHeaders="false" /></system.webServer>').options.upstreamProxy, { reverseRewrite: false })
  t.match(row(report, '@reverseRewriteHostInResponseHeaders'), { status: 'used' })
  t.match(row(report, '@arrResponseHeader'), { status: 'used' })
  t.match(row(report, '@pingInterval'), { status: 'used' })
})

test('the pings of a WebSocket that is switched off, or that are switched off, are none', async t => {
  const websocket = (attributes: string) => read(`<system.webServer><webSocket ${attributes} /></system.webServer>`).options.upstreamProxy?.websocket
  t.strictSame(websocket('pingInterval="00:00:20"'), { ping: 20000 })
  t.strictSame(websocket('pingInterval="00:01:00" enabled="true"'), { ping: 60000 })
  t.equal(websocket('enabled="false" pingInterval="00:00:20"'), false)
  t.equal(websocket('pingInterval="00:00:20" enabled="false"'), false)
  t.equal(websocket('pingInterval="00:00:00" enabled="true"'), true)
  t.equal(websocket('pingInterval="00:00:00"'), undefined)
  t.throws(() => websocket('pingInterval="20"'), { code: 'FST_ARR_IIS_CONFIG_INVALID_VALUE', message: /time span/ })
  t.throws(() => websocket('pingInterval="30.00:00:00"'), { code: 'FST_ARR_IIS_CONFIG_INVALID_VALUE', message: /a time up to/ })
})

test('a timeout that ARR would refuse is a problem', async t => {
  for (const timeout of ['00:00:00', '30.00:00:00']) {
    t.throws(() => read(`<system.webServer><proxy enabled="true" timeout="${timeout}" /></system.webServer>`), { code: 'FST_ARR_IIS_CONFIG_INVALID_VALUE', message: /00:00:01 to 1\.00:00:00/ }, timeout)
  }
})

test('proxy settings of one site or directory do not apply to all others', async t => {
  const { options, report } = read(`<system.webServer><webSocket enabled="true" /></system.webServer>
    <location path="Default Web Site/node"><system.webServer><webSocket enabled="false" /><proxy preserveHostHeader="true" /></system.webServer></location>`)
  t.strictSame(options.upstreamProxy, { websocket: true })
  t.match(row(report, 'location/system.webServer/webSocket/@enabled'), { status: 'unsupported', note: 'Default Web Site/node alone' })
  t.match(row(report, 'location/system.webServer/proxy'), { status: 'unsupported' })
})

test('a proxy that is switched off has no options', async t => {
  t.notOk('upstreamProxy' in read('<system.webServer><proxy enabled="false" timeout="00:01:00" /></system.webServer>').options)
  t.strictSame(read('<system.webServer><proxy enabled="true" /></system.webServer>').options.upstreamProxy, {})
})

test('httpRedirect becomes rules behind the others', async t => {
  const { options } = readConfigText(host(`<system.webServer>
    <httpRedirect enabled="true" destination="https://new.example.com/" httpResponseStatus="PermRedirect"><add wildcard="/old/*" destination="/new/$1" /></httpRedirect>
    <rewrite><rules useOriginalURLEncoding="true"><rule name="first"><match url="x" /></rule></rules></rewrite>
  </system.webServer>
  <location path="sub"><system.webServer><httpRedirect enabled="true" destination="/elsewhere" exactDestination="true" childOnly="true" /></system.webServer></location>
  <location path="off"><system.webServer><httpRedirect enabled="false" destination="/elsewhere" /></system.webServer></location>`))
  const conditions = { add: [{ input: '{URL}', pattern: '^/sub(/|$)', negate: true }, { input: '{URL}', pattern: '^/off(/|$)', negate: true }] }
  t.strictSame(options.urlRewrite?.rules?.slice(1), [
    { name: 'httpRedirect 1', patternSyntax: 'Wildcard', stopProcessing: true, match: { url: 'old/*' }, conditions, action: { type: 'Redirect', url: '/new/{R:1}', appendQueryString: false, redirectType: 308 } },
    { name: 'httpRedirect', stopProcessing: true, match: { url: '.*' }, conditions, action: { type: 'Redirect', url: 'https://new.example.com/{R:0}', redirectType: 308 } }
  ])
  t.strictSame(options.urlRewrite?.pathRules, [{
    path: '/sub',
    rules: [{ name: 'httpRedirect', stopProcessing: true, match: { url: '^[^/]*$' }, action: { type: 'Redirect', url: '/elsewhere', appendQueryString: false, redirectType: 308 } }]
  }])
})

test('a site whose httpRedirect is off is excluded from the server\'s redirect, and so is a directory with its own destination', async t => {
  const redirect = (attributes: string): string => `<system.webServer><httpRedirect ${attributes} /></system.webServer>`
  const { options, report } = read(`<system.applicationHost><sites><site name="A"><bindings /></site><site name="B"><bindings /></site><site name="C"><bindings /></site></sites></system.applicationHost>
    ${redirect('enabled="true" destination="https://new.example.com/{x}"')}
    <location path="A">${redirect('enabled="false"')}</location>
    <location path="B">${redirect('destination="/b" exactDestination="true"')}</location>
    <location path="B/in (it)">${redirect('destination="/c$S$Q"')}</location>
    <location path="C">${redirect('httpResponseStatus="Permanent"')}</location>
    <location path="C/folder">${redirect('enabled="false"')}</location>`)
  t.strictSame(Object.entries(options.urlRewrite?.siteRules ?? {}).map(([site, rules]) => [site, rules.map(({ action, conditions }) => [action !== undefined && 'url' in action ? action.url : '', conditions?.add[0]?.pattern])]), [
    ['A', []],
    ['B', [['/b', '^/in \\(it\\)(/|$)']]],
    ['C', [['https://new.example.com/%7Bx%7D/{R:0}', undefined]]]
  ])
  t.match(options.urlRewrite?.pathRules, [{ path: '/in (it)', site: 'B', rules: [{ action: { url: '/c/{R:0}', appendQueryString: true } }] }])
  t.match(row(report, 'location[4]/system.webServer/httpRedirect/@httpResponseStatus'), { status: 'unsupported', note: 'as it is written there' })
  t.match(row(report, 'location[5]/system.webServer/httpRedirect'), { status: 'unsupported', note: 'comes before this one' })
})

test('custom headers become outbound rules', async t => {
  const { options, report } = readConfigText(host(`<system.webServer><httpProtocol><customHeaders>
    <clear /><remove name="X-Powered-By" /><add name="X-Frame-Options" value="DENY" /><add name="x_y" value="1" />
  </customHeaders></httpProtocol></system.webServer>`))
  t.strictSame(options.urlRewrite?.outboundRules, {
    rules: [{ name: 'customHeaders X-Frame-Options', match: { serverVariable: 'RESPONSE_X_Frame_Options', pattern: '^.*$' }, action: { type: 'Rewrite', value: 'DENY' } }]
  })
  t.match(row(report, '/remove'), { status: 'used' })
  t.match(row(report, '/add[2]'), { status: 'unsupported' })
})

test('log settings become options of arr-log, one set for all sites', async t => {
  const { options, report } = read(`<system.applicationHost>
    <log logInUTF8="true" centralLogFileMode="Site"><centralW3CLogFile enabled="true" directory="C:\\x" /></log>
    <sites>
      <siteDefaults><logFile logFormat="W3C" directory="%SystemDrive%\\inetpub\\logs\\LogFiles" period="Hourly" localTimeRollover="true" logExtFileFlags="TimeTaken, Date,Time, ProtocolVersion">
        <customFields maxCustomFieldLength="100"><clear /><add logFieldName="X-Forwarded-For" sourceName="X-FORWARDED-FOR" sourceType="RequestHeader" /></customFields>
      </logFile></siteDefaults>
      <site name="same"><bindings /><logFile period="Hourly" /></site>
      <site name="other"><bindings /><logFile period="Daily" /></site>
    </sites></system.applicationHost>`)
  t.strictSame(options.arrLog, {
    format: 'w3c',
    period: 'hourly',
    localTimeRollover: true,
    fields: ['date', 'time', 'cs-version', 'time-taken'],
    maxCustomFieldLength: 100,
    customFields: [{ logFieldName: 'X-Forwarded-For', sourceType: 'RequestHeader', sourceName: 'X-FORWARDED-FOR' }]
  })
  t.match(row(report, 'siteDefaults/logFile/@directory'), { status: 'used', class: 'default' })
  t.match(row(report, 'site[1]/logFile/@period'), { status: 'used' })
  t.match(row(report, 'site[2]/logFile/@period'), { status: 'unsupported' })
})

test('a log without rollover, a central log, and no log at all', async t => {
  const log = (inside: string) => read(`<system.applicationHost>${inside}</system.applicationHost>`).options.arrLog
  t.strictSame(log('<sites><siteDefaults><logFile period="MaxSize" truncateSize="4294967295" /></siteDefaults></sites>'), { period: 'none' })
  t.strictSame(log('<log centralLogFileMode="CentralW3C"><centralW3CLogFile period="Monthly" /></log>'), { central: true, period: 'monthly' })
  t.strictSame(log('<sites><siteDefaults><logFile enabled="false" directory="/var/log/x" /></siteDefaults></sites>'), { file: false, directory: '/var/log/x' })
})

test('log settings that arr-log would refuse are converted, or reported with their line', async t => {
  const file = (attributes: string, inside = ''): IisConfig => read(`<system.applicationHost><sites><siteDefaults><logFile ${attributes}>${inside}</logFile></siteDefaults></sites></system.applicationHost>`)
  t.strictSame(file('directory=""').options.arrLog, {})
  t.strictSame(file('directory="\\\\server\\logs"').options.arrLog, {}, 'a share')
  t.strictSame(file('directory="..\\logs"').options.arrLog, {}, 'a folder with backslashes')
  const none = file('logExtFileFlags=""')
  t.strictSame(none.options.arrLog, {})
  t.match(row(none.report, '@logExtFileFlags'), { status: 'unsupported' })
  const field = (name: string): string => `<customFields><add logFieldName="${name}" sourceName="Https" sourceType="ServerVariable" /></customFields>`
  t.match(file('', field('Tls')).options.arrLog, { customFields: [{ logFieldName: 'Tls', sourceName: 'HTTPS' }] })
  t.throws(() => file('', field('the tls')), { message: /applicationHost\.config:\d+:\d+: logFieldName="the tls" has a space/ })
})

test('configSource includes parts of other files, each reported at its own place', async t => {
  const dir = t.testdir()
  mkdirSync(join(dir, 'rewrite'))
  writeFileSync(join(dir, 'rewrite', 'maps.config'), '\uFEFF<rewriteMaps>\n<rewriteMap name="M">\n<add key="a" value="b" /></rewriteMap></rewriteMaps>')
  writeFileSync(join(dir, 'rules.config'), '<rules useOriginalURLEncoding="true">\n<rule name="r"><match url="x" /><action type="Rewrite" url="{M:a}" /></rule></rules>')
  writeFileSync(join(dir, 'web.config'), host('<system.webServer><rewrite><rewriteMaps configSource="rewrite\\maps.config" /><rules configSource="rules.config" /></rewrite></system.webServer>'))
  const { options, report, files } = readConfig(join(dir, 'web.config'))
  t.equal(options.urlRewrite?.rules?.length, 1)
  t.strictSame(options.urlRewrite?.rewriteMaps, [{ name: 'M', entries: { a: 'b' } }])
  t.strictSame(files, ['web.config', join('rewrite', 'maps.config'), 'rules.config'].map(name => join(dir, name)))
  t.match(row(report, 'add/@key'), { file: join(dir, 'rewrite', 'maps.config'), line: 3 })
  t.ok(report.complete)

  for (const source of ['../x.config', '/etc/passwd', 'C:\\x.config', 'missing.config']) {
    t.throws(() => readConfigText(host(`<system.webServer><rewrite><rules configSource="${source}" /></rewrite></system.webServer>`), join(dir, 'web.config')), { code: /^FST_ARR_IIS_CONFIG_/ }, source)
  }
  t.throws(() => readConfigText(host('<system.webServer><rewrite><outboundRules configSource="rules.config" /></rewrite></system.webServer>'), join(dir, 'web.config')), { message: /rules.config:1:1: the root element is <rules>/ })
})

test('files that include themselves do not loop', async t => {
  const dir = t.testdir({
    'rules.config': '<rules configSource="rules.config" />',
    'rule.config': '<rule name="a"><match url="x" /><rule configSource="rule.config" /></rule>'
  })
  t.throws(() => readConfigText(host('<system.webServer><rewrite><rules><rule configSource="rule.config" /></rules></rewrite></system.webServer>'), join(dir, 'web.config')), { message: /does not end/ })
  t.doesNotThrow(() => readConfigText(host('<system.webServer><rewrite><rules configSource="rules.config" /></rewrite></system.webServer>'), join(dir, 'web.config')))
})

test('conditions about files use the folder of the web.config; rules with them are left out where no folder is known', async t => {
  const section = '<system.webServer><rewrite><rules><rule name="r"><match url="x" /><conditions><add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true" /></conditions></rule></rules></rewrite></system.webServer>'
  t.equal(readConfigText(host(section), join('srv', 'site', 'web.config')).options.urlRewrite?.documentRoot, resolve('srv', 'site'))
  t.equal(readConfigText(host(section), 'applicationHost.config', { documentRoot: '/srv' }).options.urlRewrite?.documentRoot, '/srv')
  const { options, report } = read(section)
  t.strictSame(options.urlRewrite, { rules: [] })
  t.match(row(report, '/rule'), { status: 'unsupported', note: 'in which folder' })
})

test('sections that are not read are listed, and whether something is lost with them', async t => {
  const { report } = read('<appSettings><add key="a" value="b" /></appSettings><system.webServer><handlers><add name="own" path="*.x" /></handlers><security><access sslFlags="Ssl" /></security><made.up /></system.webServer><other /><constructor />', { open: ['access'] })
  t.match(report.sections.map(({ path, lost }) => [path, lost]), [
    ['/configuration/appSettings', false],
    ['/configuration/system.webServer/handlers', true],
    ['/configuration/system.webServer/security/access', true],
    ['/configuration/system.webServer/made.up', true],
    ['/configuration/other', true],
    ['/configuration/constructor', true]
  ])
})

test('of two sites\' maps with one name, the second is left out, with the rules that refer to it', async t => {
  const site = (name: string, value: string): string => `<location path="${name}"><system.webServer><rewrite>
    <rewriteMaps><rewriteMap name="Hosts"><add key="a" value="${value}" /></rewriteMap></rewriteMaps>
    <rules useOriginalURLEncoding="true"><rule name="${name} asks"><match url="x" /><action type="Rewrite" url="/{Hosts:a}" /></rule><rule name="${name} not"><match url="x" /></rule></rules>
  </rewrite></system.webServer></location>`
  const { options, report } = read(site('One', '1') + site('Two', '2') + site('Three', '1'))
  t.strictSame(options.urlRewrite?.rewriteMaps, [{ name: 'Hosts', entries: { a: '1' } }])
  t.strictSame(Object.entries(options.urlRewrite?.siteRules ?? {}).map(([name, rules]) => [name, rules.map(rule => rule.name)]),
    [['One', ['One asks', 'One not']], ['Two', ['Two not']], ['Three', ['Three asks', 'Three not']]])
  t.equal(row(report, 'location[2]/system.webServer/rewrite/rewriteMaps/rewriteMap')?.status, 'unsupported')
  t.match(row(report, 'location[2]/system.webServer/rewrite/rules/rule[1]'), { status: 'unsupported', note: 'name of another one' })
})

test('a location names its site in upper or lower case, and an unknown site is reported', async t => {
  const { options, report } = read(`<system.applicationHost><sites><site name="Main Site"><bindings /></site></sites></system.applicationHost>
    <location path="main site"><system.webServer><rewrite><rules><rule name="r"><match url="x" /></rule></rules></rewrite></system.webServer></location>
    <location path="Elsewhere" />`)
  t.strictSame(Object.keys(options.urlRewrite?.siteRules ?? {}), ['Main Site'])
  t.match(report.mistakes, [{ code: 'unknown-site' }])
})

test('two rules with one name, in sections that form one list, are a problem', async t => {
  const section = '<system.webServer><rewrite><rules><rule name="r"><match url="x" /></rule></rules></rewrite></system.webServer>'
  t.throws(() => read(`${section}<location path="">${section}</location>`), { message: /a second rule with name="r" in one list/ })
})
