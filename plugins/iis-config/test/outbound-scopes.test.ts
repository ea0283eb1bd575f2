import { test } from 'tap'
import { readConfigText, type IisConfig, type OutboundRules, type Row } from '../src/index.ts'

const SITES = `<system.applicationHost><sites>${['A', 'B', 'C'].map(name => `<site name="${name}"><bindings /></site>`).join('')}</sites></system.applicationHost>`
const read = (inside: string): IisConfig => readConfigText(`<configuration>${SITES}${inside}</configuration>`, 'applicationHost.config')
const outbound = (inside: string): string => `<system.webServer><rewrite><outboundRules>${inside}</outboundRules></rewrite></system.webServer>`
const headers = (inside: string): string => `<system.webServer><httpProtocol><customHeaders>${inside}</customHeaders></httpProtocol></system.webServer>`
const rule = (name: string, attributes = '', match = 'serverVariable="RESPONSE_X"'): string => `<rule name="${name}" ${attributes}><match ${match} pattern=".*" /><action type="Rewrite" value="1" /></rule>`
const row = (config: IisConfig, end: string): Row | undefined => config.report.rows.find(({ path }) => path.endsWith(end))
const bySite = ({ options }: IisConfig): unknown => Object.entries(options.urlRewrite?.siteOutboundRules ?? {}).map(([site, { rules }]: [string, OutboundRules]) => [site, rules.map(({ name }) => name)])

test('a site removes outbound rules of the server, and the other sites keep them', async t => {
  const config = read(`${outbound(rule('one') + rule('two'))}
    <location path="A">${outbound(`<clear />${rule('own')}`)}</location>
    <location path="B">${outbound('<remove name="One" /><remove name="none" />')}</location>`)
  t.notOk('outboundRules' in (config.options.urlRewrite ?? {}))
  t.strictSame(bySite(config), [['A', ['own']], ['B', ['two']], ['C', ['one', 'two']]])
  t.match(row(config, 'location[2]/system.webServer/rewrite/outboundRules/remove[1]'), { status: 'used' })
  t.match(row(config, 'location[2]/system.webServer/rewrite/outboundRules/remove[2]'), { status: 'difference', note: 'nothing of this name' })
})

test('a site removes headers of the server, apart from the rules of <outboundRules>', async t => {
  const config = read(`${headers('<add name="X-Frame-Options" value="DENY" /><add name="X-Two" value="2" />')}${outbound(rule('rule'))}
    <location path="A">${headers('<clear />')}</location>
    <location path="B">${headers('<remove name="x-frame-options" /><add name="X-Frame-Options" value="SAMEORIGIN" />')}</location>`)
  t.strictSame(bySite(config), [
    ['A', ['rule']],
    ['B', ['rule', 'customHeaders X-Two', 'customHeaders X-Frame-Options']],
    ['C', ['rule', 'customHeaders X-Frame-Options', 'customHeaders X-Two']]
  ])
  t.ok(config.report.complete)
})

test('where no site removes a rule, the rules of the server stay shared', async t => {
  const config = read(`${outbound(rule('one'))}${headers('<clear /><remove name="X-Powered-By" /><add name="X" value="1" />')}<location path="A">${outbound(rule('own'))}</location>`)
  t.strictSame(config.options.urlRewrite?.outboundRules?.rules.map(({ name }) => name), ['one', 'customHeaders X'])
  t.strictSame(bySite(config), [['A', ['own']]])
})

test('a directory that removes rules or headers is reported: they still apply there', async t => {
  const config = read(`${headers('<add name="X" value="1" />')}<location path="A/in">${headers('<remove name="X" />')}</location><location path="B/in">${headers('<remove name="Y" /><clear />')}${outbound('<clear />')}</location>`)
  t.match(row(config, 'location[1]/system.webServer/httpProtocol/customHeaders/remove'), { status: 'unsupported', note: 'still hold for /in' })
  t.match(row(config, 'location[2]/system.webServer[1]/httpProtocol/customHeaders/clear'), { status: 'unsupported' })
  t.match(row(config, 'location[2]/system.webServer[2]/rewrite/outboundRules/clear'), { status: 'used' })
})

test('a rule of a site may refer to preconditions and tags of the server, in upper or lower case', async t => {
  const { options, report } = read(`${outbound('<preConditions><preCondition name="Html"><add input="{RESPONSE_CONTENT_TYPE}" pattern="html" /></preCondition><preCondition name="other"><add input="{URL}" pattern="x" /></preCondition></preConditions><customTags><tags name="Media"><tag name="video" attribute="src" /></tags></customTags>')}
    <location path="A">${outbound(rule('own', 'preCondition="HTML"', 'filterByTags="CustomTags" customTags="media"'))}</location>`)
  t.match(options.urlRewrite?.siteOutboundRules?.A, { preConditions: [{ name: 'Html' }], customTags: [{ name: 'Media' }], rules: [{ preCondition: 'Html', match: { customTags: 'Media' } }] })
  t.equal(options.urlRewrite?.siteOutboundRules?.A?.preConditions?.length, 1)
  t.ok(report.complete)
})

const impossible = [
  ['a precondition that is nowhere', rule('r', 'preCondition="gone"'), 'precondition named "gone"'],
  ['tags that are nowhere', rule('r', '', 'filterByTags="CustomTags" customTags="gone"'), 'tags named "gone"'],
  ['the status', rule('r', '', 'serverVariable="RESPONSE_STATUS"'), 'not rewritten'],
  ['a header that cannot be', rule('r', '', 'serverVariable="RESPONSE_X Y"'), '"RESPONSE_X Y" is no name of a server variable'],
  ['a wildcard in a body', rule('r', 'patternSyntax="Wildcard"', ''), 'in IIS as well'],
  ['the absence of something in a body', rule('r', '', 'negate="true"'), 'no place in a body'],
  ['a file', rule('r').replace('<action', '<conditions><add input="{REQUEST_FILENAME}" matchType="IsFile" /></conditions><action'), 'does not wait for the disk']
] as const

for (const [what, xml, note] of impossible) {
  test(`an outbound rule about ${what} is left out, and told`, async t => {
    const { options, report } = readConfigText(`<configuration>${outbound(xml + rule('sound'))}</configuration>`)
    t.strictSame(options.urlRewrite?.outboundRules?.rules.map(({ name }) => name), ['sound'])
    t.match(report.rows.find(({ path }) => path.endsWith('rule[1]')), { status: 'unsupported', note })
  })
}
