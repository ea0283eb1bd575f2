import { test } from 'tap'
import { location, places, readServer, rewrite, row, rule, rules } from './copied.ts'

const headers = (inside: string): string => `<system.webServer><httpProtocol><customHeaders>${inside}</customHeaders></httpProtocol></system.webServer>`
const header = (name: string): string => `<add name="${name}" value="1" />`

test('an application inherits the rules of its site, which come first, and sees the path behind it', async t => {
  t.strictSame(places(readServer(t, '', { 'C/shop/web.config': rules('site'), 'D/app/web.config': rules('app') })), { Shop: 'site', 'Shop/app': 'app' })
})

test('<clear> takes away what is inherited from the server and the site, <remove> one rule of it', async t => {
  const config = readServer(t, rules('server'), {
    'C/shop/web.config': rules('a', 'b'),
    'D/app/web.config': rewrite(`<rules><clear />${rule('app')}</rules>`),
    'D/app/in/web.config': rewrite(`<rules><remove name="APP" /><remove name="none" />${rule('in')}</rules>`)
  })
  t.strictSame(places(config), { Shop: 'a b', 'Shop/app -server -a -b': 'app', 'Shop/app/in -app': 'in' })
  t.match(row(config, 'app/web.config', 'rules/clear'), { status: 'used' })
  t.match(row(config, 'in/web.config', 'rules/remove[1]'), { status: 'used' })
  t.match(row(config, 'in/web.config', 'rules/remove[2]'), { status: 'difference', note: 'nothing of this name' })
})

test('a web.config takes away what applicationHost.config says in a <location> of the same place', async t => {
  const config = readServer(t, location('Shop', rules('a', 'b')) + location('shop/app', rules('c', 'd')), {
    'C/shop/web.config': rewrite(`<rules><remove name="a" />${rule('site')}</rules>`),
    'D/app/web.config': rewrite(`<rules><clear />${rule('app')}</rules>`)
  })
  t.strictSame(places(config), { Shop: 'b site', 'Shop/app -b -site': 'app' })
  t.ok(row(config, 'shop/web.config', 'rules/remove')?.status === 'used')
})

test('inheritInChildApplications="false" keeps rules from an application below, with or without a web.config, and from no folder', async t => {
  const site = location('.', rules('own'), 'inheritInChildApplications="false"') + rules('shared')
  const config = readServer(t, '', { 'C/shop/web.config': site, 'C/shop/folder/web.config': rules('folder') })
  t.strictSame(places(config), { Shop: 'shared own', 'Shop/folder': 'folder', 'Shop/app -own': '' })
  t.match(row(config, 'shop/web.config', 'location/@inheritInChildApplications'), { status: 'used' })
  t.strictSame(places(readServer(t, location('Shop', rules('own'), 'inheritInChildApplications="false"'), { 'D/app/web.config': rules('app') })), { Shop: 'own', 'Shop/app -own': 'app' }, 'also in applicationHost.config')
})

test('what is deleted in a <location> that an application does not inherit is told: here it is deleted for the application too', async t => {
  const config = readServer(t, rules('server'), { 'C/shop/web.config': location('.', rewrite(`<rules><clear />${rule('own')}</rules>`), 'inheritInChildApplications="false"') })
  t.match(row(config, 'shop/web.config', 'rules/clear'), { status: 'unsupported', note: 'for the application /app as well' })
})

test('a second rule of an inherited name is told; it runs as well', async t => {
  const config = readServer(t, '', { 'C/shop/web.config': rules('same'), 'D/app/web.config': rules('Same') })
  t.strictSame(places(config), { Shop: 'same', 'Shop/app': 'Same' })
  t.match(config.report.mistakes, [{ code: 'inherited-twice', file: /app.web\.config$/, message: /inherited from .*shop.web\.config:1:\d+ as well/ }])
  const removed = readServer(t, '', { 'C/shop/web.config': rules('same'), 'D/app/web.config': rewrite('<rules><remove name="same" /></rules>'), 'D/app/in/web.config': rules('same') })
  t.strictSame(removed.report.mistakes, [])
})

test('headers are inherited, removed and cleared like rules', async t => {
  const { options, report } = readServer(t, headers(header('X-Server')), {
    'C/shop/web.config': headers(header('X-A') + header('X-B')),
    'C/shop/in/web.config': headers('<remove name="x-a" />'),
    'D/app/web.config': location('.', headers(`<clear />${header('X-App')}`)),
    'C/blog/web.config': headers('<clear />')
  })
  t.match(options.urlRewrite, {
    siteOutboundRules: { Shop: { rules: [{ name: 'customHeaders X-Server' }, { name: 'customHeaders X-A' }, { name: 'customHeaders X-B' }] } },
    pathOutboundRules: [
      { site: 'Shop', path: '/in', remove: ['customHeaders X-A'], rules: [] },
      { site: 'Shop', path: '/app', remove: ['customHeaders X-Server', 'customHeaders X-A', 'customHeaders X-B'], rules: [{ name: 'customHeaders X-App' }] }
    ]
  })
  t.strictSame(Object.keys(options.urlRewrite?.siteOutboundRules ?? {}), ['Shop'])
  t.equal(report.counts.closes, 0)
  const kept = readServer(t, '', { 'C/shop/web.config': location('', headers(header('X-A')), 'inheritInChildApplications="0"') })
  t.match(kept.options.urlRewrite?.pathOutboundRules, [{ site: 'Shop', path: '/app', remove: ['customHeaders X-A'], rules: [] }])
})

test('a header that a web.config removes of a <location> of the same site is gone', async t => {
  const { options } = readServer(t, location('Shop', headers(header('X-A') + header('X-B'))), { 'C/shop/web.config': headers('<remove name="X-A" />') })
  t.strictSame(options.urlRewrite?.siteOutboundRules?.Shop?.rules.map(({ name }) => name), ['customHeaders X-B'])
})

test('outbound rules of an application refer to preconditions of its site', async t => {
  const { options, report } = readServer(t, '', {
    'C/shop/web.config': rewrite('<outboundRules><preConditions><preCondition name="Html"><add input="{RESPONSE_CONTENT_TYPE}" pattern="html" /></preCondition></preConditions></outboundRules>'),
    'D/app/web.config': rewrite('<outboundRules><rule name="out" preCondition="html"><match serverVariable="RESPONSE_X" pattern=".*" /><action type="Rewrite" value="1" /></rule></outboundRules>')
  })
  t.match(options.urlRewrite?.pathOutboundRules, [{ path: '/app', preConditions: [{ name: 'Html' }], rules: [{ name: 'out', preCondition: 'Html' }] }])
  t.equal(report.rows.filter(({ status, path }) => status === 'unsupported' && path.includes('outboundRules')).length, 0)
})

const map = (name: string, value: string): string => `<rewriteMaps><rewriteMap name="${name}"><add key="/a" value="${value}" /></rewriteMap></rewriteMaps>`
const asking = (name: string, map: string): string => `<rules><rule name="${name}"><match url="{Map:" patternSyntax="ExactMatch" /><conditions><add input="{ToLower:{${map}:{URL}}}" pattern=".+" /></conditions><action type="Redirect" url="{${map}:{URL}}" /></rule></rules>`.replace(' patternSyntax="ExactMatch" />', ' />').replace('<rule name', '<rule patternSyntax="ExactMatch" name')

test('sites may have different maps of one name, and each rule asks the one it sees', async t => {
  const { options, report } = readServer(t, '', {
    'C/shop/web.config': rewrite(map('Map', '/shop') + asking('shop', 'Map')),
    'C/blog/web.config': rewrite(map('map', '/blog') + asking('blog', 'MAP')),
    'D/app/web.config': rewrite(asking('app', 'map')),
    'C/shop/in/web.config': rewrite(map('Map', '/in') + asking('in', 'map'))
  })
  t.match(options.urlRewrite?.rewriteMaps, [{ name: 'Map', entries: { '/a': '/shop' } }, { name: 'map~2', entries: { '/a': '/blog' } }, { name: 'Map~3', entries: { '/a': '/in' } }])
  t.match(options.urlRewrite?.siteRules, {
    Shop: [{ match: { url: '{Map:' }, conditions: { add: [{ input: '{ToLower:{Map:{URL}}}' }] }, action: { url: '{Map:{URL}}' } }],
    Blog: [{ match: { url: '{Map:' }, conditions: { add: [{ input: '{ToLower:{map~2:{URL}}}' }] }, action: { url: '{map~2:{URL}}' } }]
  })
  t.match(options.urlRewrite?.pathRules, [{ path: '/in', rules: [{ action: { url: '{Map~3:{URL}}' } }] }, { path: '/app', rules: [{ action: { url: '{map:{URL}}' } }] }])
  t.equal(report.counts.unsupported, 1, 'the folder that is not there alone')
})

test('a map of another site is none of this one\'s', async t => {
  const { options } = readServer(t, '', { 'C/shop/web.config': rewrite(map('Map', '/shop')), 'C/blog/web.config': rewrite(asking('blog', 'Map')) })
  t.strictSame(options.urlRewrite?.siteRules, { Blog: [] })
})

test('variables that applicationHost.config allows a site are allowed its applications, until one takes them away', async t => {
  const sets = (name: string): string => rewrite(`<rules><rule name="set ${name}"><match url=".*" /><serverVariables><set name="HTTP_X_A" value="1" /></serverVariables></rule></rules>`)
  const allow = location('Shop', rewrite('<allowedServerVariables><add name="HTTP_X_A" /></allowedServerVariables>'))
  const allowed = readServer(t, allow, { 'D/app/web.config': sets('app') })
  t.strictSame(allowed.options.urlRewrite?.allowedServerVariables, ['HTTP_X_A'])
  const codes = (server: string, files: Record<string, string>): string[] => readServer(t, server, files).report.mistakes.map(({ code, file }) => `${code} ${file.split(/[\\/]/).slice(-2).join('/')}`)
  t.strictSame(codes(allow, { 'C/blog/web.config': sets('blog') }), ['variable-not-allowed blog/web.config'])
  t.strictSame(codes(allow + location('Shop/app', rewrite('<allowedServerVariables><remove name="http_x_a" /></allowedServerVariables>')), { 'D/app/web.config': sets('app') }), ['variable-not-allowed app/web.config'])
  t.strictSame(codes(allow + location('Shop/app', rewrite('<allowedServerVariables><clear /></allowedServerVariables>')), { 'D/app/web.config': sets('app') }), ['variable-not-allowed app/web.config'])
})

test('an <httpRedirect> of a site holds for its applications, until one has its own or is off', async t => {
  const redirect = (attributes: string): string => `<system.webServer><httpRedirect ${attributes} /></system.webServer>`
  const files = { 'C/shop/web.config': redirect('enabled="true" destination="https://new.example"') }
  t.strictSame(places(readServer(t, '', files)), { Shop: 'httpRedirect' })
  t.strictSame(places(readServer(t, '', { ...files, 'D/app/web.config': redirect('enabled="false"') })), { Shop: 'httpRedirect', 'Shop/app -httpRedirect': '' })
  t.strictSame(places(readServer(t, '', { ...files, 'D/app/web.config': redirect('destination="https://app.example"') })), { Shop: 'httpRedirect', 'Shop/app -httpRedirect': 'httpRedirect' })
  t.strictSame(places(readServer(t, '', { ...files, 'D/app/web.config': rewrite('<rules><clear /></rules>') })), { Shop: 'httpRedirect' }, '<clear> in <rules> is about rules')
  const kept = { 'C/shop/web.config': location('.', files['C/shop/web.config'], 'inheritInChildApplications="false"'), 'D/app/web.config': redirect('exactDestination="true"') }
  t.strictSame(places(readServer(t, '', kept)), { Shop: 'httpRedirect', 'Shop/app -httpRedirect': '' })
})
