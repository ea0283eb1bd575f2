import { test } from 'tap'
import { readConfigText, type Mistake } from '../src/index.ts'

function mistakes (xml: string, file = 'web.config'): Mistake[] {
  return [...readConfigText(`<configuration>\n${xml}\n</configuration>`, file).report.mistakes]
}

const codes = (xml: string, file?: string): string[] => mistakes(xml, file).map(({ code, line }) => `${line} ${code}`)
const rewrite = (xml: string): string => `<system.webServer><rewrite>\n${xml}\n</rewrite></system.webServer>`
let made = 0
const rule = (inside: string, attributes = ''): string => `<rule name="${++made}"${attributes}>${inside}</rule>`
const rules = (...list: string[]): string => rewrite(`<rules>\n${list.join('\n')}\n</rules>`)

test('outboundRules outside rewrite', async t => {
  t.strictSame(codes('<system.webServer>\n<outboundRules><rule name="a"><match pattern="x" /></rule></outboundRules></system.webServer>'), ['3 misplaced'])
  t.strictSame(codes('<rewrite><rules /></rewrite>'), ['2 misplaced'])
})

test('rules behind a catch-all that ends the list', async t => {
  t.strictSame(codes(rules(rule('<match url="a" />'), rule('<match url="(.*)" />', ' stopProcessing="true"'), rule('<match url="b" />'), rule('<match url="c" />', ' enabled="false"'))), ['6 unreachable-rule'])
  t.strictSame(codes(rules(rule('<match url="*" /><action type="AbortRequest" />', ' patternSyntax="Wildcard"'), rule('<match url="b" />'))), ['5 unreachable-rule'])
  for (const open of [
    rule('<match url="(.*)" />'),
    rule('<match url="(.+)" />', ' stopProcessing="true"'),
    rule('<match url="^api/(.*)" />', ' stopProcessing="true"'),
    rule('<match url=".*" negate="true" />', ' stopProcessing="true"'),
    rule('<match url=".*" />', ' stopProcessing="true" enabled="false"'),
    rule('<match url=".*" /><conditions><add input="{HTTPS}" pattern="off" /></conditions>', ' stopProcessing="true"')
  ]) t.strictSame(codes(rules(open, rule('<match url="b" />'))), [], open)
})

test('proxy as an element with children, with a namespace, inside rewrite, or in a site file', async t => {
  t.strictSame(codes('<system.webServer><proxy>\n<enabled>true</enabled></proxy></system.webServer>', 'applicationHost.config'), ['3 element-for-attribute'])
  t.strictSame(codes('<system.webServer><proxy xmlns="http://example.com/proxy" enabled="true" /></system.webServer>', 'applicationHost.config'), ['2 namespace'])
  t.strictSame(codes(rewrite('<proxy enabled="true" />')), ['3 misplaced'])
  t.strictSame(codes('<system.webServer><proxy enabled="true" /></system.webServer>'), ['2 server-only'])
})

test('spellings of Apache and nginx', async t => {
  t.strictSame(codes(rules(rule('<match url="x" />\n<conditions><add input="{HTTP:Upgrade}" pattern="websocket" />\n<add input="{REQUEST_SCHEME}" pattern="http" /></conditions>\n<action type="Rewrite" url="http://b/$1" />'))),
    ['5 foreign-variable', '6 foreign-variable', '7 foreign-capture'])
  t.strictSame(codes(rules(rule('<match url="x" /><action type="Rewrite" url="http://b/a%20b?c={MADE_UP}" />'))), ['4 unknown-variable'])
  t.strictSame(codes(rules(rule('<match url="x" /><serverVariables><set name="MADE_UP" value="1" /></serverVariables><action type="Rewrite" url="http://b/a%20b?c={MADE_UP}" />'))), [], 'a rule sets it')
})

test('X-Forwarded-Proto set to {HTTPS}', async t => {
  t.strictSame(codes(rules(rule('<match url="x" />\n<serverVariables>\n<set name="HTTP_X_FORWARDED_PROTO" value="{HTTPS}" />\n<set name="HTTP_X_FORWARDED_PROTO2" value="https" /></serverVariables>'))), ['6 forwarded-proto-is-on-or-off'])
})

test('invented settings of farms', async t => {
  t.strictSame(codes('<webFarms><webFarm name="f">\n<server address="10.0.0.1:5000" />\n<server address="10.0.0.2" port="5000" />\n<healthCheck url="x" /></webFarm></webFarms>', 'applicationHost.config'),
    ['3 misplaced', '4 misplaced', '5 misplaced'])
})

test('allowedServerVariables in a web.config, and variables it does not name', async t => {
  const set = rule('<match url="x" /><serverVariables><set name="HTTP_B" value="1" /></serverVariables>')
  const found = readConfigText(`<configuration>${rewrite(`<allowedServerVariables><add name="HTTP_A" /></allowedServerVariables>\n<rules>${set}</rules>`)}</configuration>`)
  t.strictSame(found.report.mistakes.map(({ code }) => code), ['locked-section', 'variable-not-allowed'])
  t.notOk('allowedServerVariables' in (found.options.urlRewrite ?? {}), 'so that the rules run')
  const enough = readConfigText(`<configuration>${rewrite(`<allowedServerVariables><add name="http_b" /></allowedServerVariables>\n<rules>${set}</rules>`)}</configuration>`, 'applicationHost.config')
  t.strictSame(enough.report.mistakes, [])
  t.strictSame(enough.options.urlRewrite?.allowedServerVariables, ['http_b'])
})

test('globalRules in a web.config', async t => {
  t.strictSame(codes(rewrite('<globalRules />')), ['3 server-only'])
  t.strictSame(codes(rewrite('<globalRules />'), 'applicationHost.config'), [])
})

test('a query that is appended twice', async t => {
  const redirect = (more: string): string => rules(rule(`<match url="x" />\n<action type="Redirect" url="https://{HTTP_HOST}{REQUEST_URI}"${more} />`))
  t.strictSame(codes(redirect('')), ['5 query-twice'])
  t.strictSame(codes(redirect(' appendQueryString="true"')), ['5 query-twice'])
  t.strictSame(codes(redirect(' appendQueryString="false"')), [])
})

test('captures without a group or a condition', async t => {
  t.strictSame(codes(rules(rule('<match url="^a/.*" />\n<action type="Rewrite" url="http://b/{R:1}" />'))), ['5 capture-without-group'])
  t.strictSame(codes(rules(rule('<match url="^a/(.*)" negate="true" />\n<action type="Rewrite" url="http://b/{R:0}" />'))), ['5 capture-without-group'])
  t.strictSame(codes(rules(rule('<match url="^a/(.*)" />\n<action type="Rewrite" url="http://b/{C:1}/{R:1}" />'))), ['5 capture-without-group'])
  t.strictSame(codes(rules(rule('<match url="^(a)/(.*)" />\n<conditions><add input="{URL}" pattern="(.)" /></conditions><action type="Rewrite" url="http://b/{C:1}/{R:2}" />'))), [])
})

test('a host that is not anchored', async t => {
  const host = (pattern: string): string => rules(rule(`<match url="x" /><conditions>\n<add input="{HTTP_HOST}" pattern="${pattern}" /></conditions>`))
  t.strictSame(codes(host('localhost')), ['5 open-host'])
  t.match(mistakes(host('example\\.com'))[0]?.message, '^example\\.com(:\\d+)?$')
  for (const pattern of ['^localhost', 'example\\.com$', '.+']) t.strictSame(codes(host(pattern)), [], pattern)
})

test('a proxy that is not enabled', async t => {
  const xml = (enabled: string): string => `<system.webServer><proxy enabled="${enabled}" /><rewrite><globalRules>\n${rule('<match url="x" /><action type="Rewrite" url="http://b/" />')}</globalRules></rewrite></system.webServer>`
  t.strictSame(codes(xml('false'), 'applicationHost.config'), ['3 proxy-is-off'])
  t.strictSame(codes(xml('true'), 'applicationHost.config'), [])
})

test('with the proxy off, only rules that lead to a farm are proxied', async t => {
  const { options, report } = readConfigText(`<configuration><webFarms><webFarm name="Shop"><server address="10.0.0.1" /></webFarm></webFarms>
    <system.webServer><proxy enabled="false" /><rewrite><globalRules>
      <rule name="farm"><match url="^shop" /><action type="Rewrite" url="http://shop/{R:0}" /></rule>
      <rule name="far"><match url="x" /><action type="Rewrite" url="http://b/" /></rule>
      <rule name="near"><match url="x" /><action type="Rewrite" url="/b" /></rule></globalRules></rewrite></system.webServer></configuration>`, 'applicationHost.config')
  t.strictSame(options.urlRewrite?.globalRules?.map(({ action }) => action), [
    { type: 'Rewrite', url: 'http://shop/{R:0}' },
    { type: 'CustomResponse', statusCode: 404, subStatusCode: 4 },
    { type: 'Rewrite', url: '/b' }
  ])
  t.strictSame(report.mistakes.map(({ code, line }) => `${line} ${code}`), ['4 proxy-is-off'])
  t.strictSame(Object.keys(options.upstreamProxy?.farms ?? {}), ['Shop'])
})

test('text between elements, and rules in a CDATA', async t => {
  t.strictSame(codes(rewrite(`<rules>\n${rule('<match url="x" />')}\n<!-- not this -->\n <![CDATA[<rule name="lost" />\n]]>\n</rules>`)), ['7 misplaced'])
  t.match(mistakes(rewrite('<rules>\n<clear />\n a &amp; b\n\n<rule name="1"><match url="x" /></rule></rules>')), [{ line: 5, message: 'text in <rules> means nothing: a & b' }])
})

test('variables that one site allows are not allowed for another site', async t => {
  const site = (name: string, allowed: string): string => `<location path="${name}">${rewrite(`${allowed}<rules>\n<rule name="r"><match url="x" /><serverVariables><set name="HTTP_A" value="1" /></serverVariables></rule></rules>`)}</location>`
  const one = '<allowedServerVariables><add name="HTTP_A" /></allowedServerVariables>'
  t.strictSame(codes(`${site('a', one)}\n${site('b', '')}`, 'applicationHost.config'), ['8 variable-not-allowed'])
  t.strictSame(codes(`${rewrite(one)}${site('a', '')}${site('b', '')}`, 'applicationHost.config'), [])
})

test('two https hosts without SNI', async t => {
  const sites = (flags: string): string => `<system.applicationHost><sites><site name="a"><bindings>\n<binding protocol="https" bindingInformation="*:443:a.example" />\n<binding protocol="https" bindingInformation="*:443:b.example" sslFlags="${flags}" /></bindings></site></sites></system.applicationHost>`
  t.strictSame(codes(sites('0')), ['4 one-certificate'])
  t.strictSame(codes(sites('1')), [])
})

test('HTTP_SEC_WEBSOCKET_EXTENSIONS set to 0 or nodata is read as empty', async t => {
  for (const value of ['', '0', 'nodata']) {
    const { options, report } = readConfigText(`<configuration>${rules(rule(`<match url="x" /><serverVariables><set name="HTTP_SEC_WEBSOCKET_EXTENSIONS" value="${value}" /></serverVariables>`))}</configuration>`)
    t.strictSame(options.urlRewrite?.rules?.[0]?.serverVariables, [{ name: 'HTTP_SEC_WEBSOCKET_EXTENSIONS', value: '' }], `"${value}"`)
    t.equal(report.rows.find(row => row.path.endsWith('set/@value'))?.status, value === '' ? 'used' : 'difference')
  }
})
