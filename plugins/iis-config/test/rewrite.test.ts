import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { readConfig, readConfigText } from '../src/index.ts'

const rewrite = (inside: string, around = (xml: string) => xml): string =>
  `<configuration>${around(`<system.webServer><rewrite>${inside}</rewrite></system.webServer>`)}</configuration>`

test('the rule of the example file becomes one rule', async t => {
  const { options, report } = readConfig(fileURLToPath(new URL('../../../examples/web.config', import.meta.url)))
  t.strictSame(options, {
    urlRewrite: {
      rules: [{
        name: 'ReverseProxy',
        stopProcessing: true,
        match: { url: '(.*)' },
        conditions: {
          logicalGrouping: 'MatchAny',
          add: [{ input: '{HTTP_HOST}', pattern: 'localhost' }, { input: '{HTTP_HOST}', pattern: 'reverseproxy.com' }]
        },
        serverVariables: [{ name: 'HTTP_SEC_WEBSOCKET_EXTENSIONS', value: '' }],
        action: { type: 'Rewrite', url: 'http://localhost:8080/{R:1}' }
      }]
    },
    upstreamProxy: {}
  })
  t.ok(report.complete)
})

test('every attribute of an inbound rule is in the options', async t => {
  const { options } = readConfigText(rewrite(`<rules useOriginalURLEncoding="true">
    <rule name="all" enabled="false" patternSyntax="Wildcard" stopProcessing="TRUE">
      <match url="a/*" ignoreCase="false" negate="true" />
      <conditions logicalGrouping="MatchAny" trackAllCaptures="true">
        <add input="{HTTPS}" matchType="Pattern" pattern="off" ignoreCase="false" negate="true" />
        <add input="{REQUEST_FILENAME}" matchType="IsFile" />
        <add matchType="IsDirectory" negate="true" />
      </conditions>
      <serverVariables><set name="HTTP_X" value="{C:0}" replace="false" /></serverVariables>
      <action type="Redirect" url="/b" appendQueryString="false" redirectType="SeeOther" />
    </rule>
    <rule name="no"><match url="x" /><action type="CustomResponse" statusCode="403" subStatusCode="4" statusReason="No" statusDescription="Go away" /></rule>
    <rule name="cut"><match url="x" /><action type="AbortRequest" /></rule>
    <rule name="none"><match url="x" /><action type="None" /></rule>
    <rule name="to"><match url="x" /><action type="Rewrite" url="http://b/{R:0}" appendQueryString="true" logRewrittenUrl="true" /></rule>
  </rules>`))
  t.strictSame(options.urlRewrite?.rules, [
    {
      name: 'all',
      enabled: false,
      patternSyntax: 'Wildcard',
      stopProcessing: true,
      match: { url: 'a/*', ignoreCase: false, negate: true },
      conditions: {
        logicalGrouping: 'MatchAny',
        trackAllCaptures: true,
        add: [
          { input: '{HTTPS}', matchType: 'Pattern', pattern: 'off', ignoreCase: false, negate: true },
          { input: '{REQUEST_FILENAME}', matchType: 'IsFile' },
          { matchType: 'IsDirectory', negate: true }
        ]
      },
      serverVariables: [{ name: 'HTTP_X', value: '{C:0}', replace: false }],
      action: { type: 'Redirect', url: '/b', appendQueryString: false, redirectType: 303 },
      useOriginalURLEncoding: true
    },
    { name: 'no', match: { url: 'x' }, action: { type: 'CustomResponse', statusCode: 403, subStatusCode: 4, statusReason: 'No', statusDescription: 'Go away' }, useOriginalURLEncoding: true },
    { name: 'cut', match: { url: 'x' }, action: { type: 'AbortRequest' }, useOriginalURLEncoding: true },
    { name: 'none', match: { url: 'x' }, action: { type: 'None' }, useOriginalURLEncoding: true },
    { name: 'to', match: { url: 'x' }, action: { type: 'Rewrite', url: 'http://b/{R:0}', appendQueryString: true, logRewrittenUrl: true }, useOriginalURLEncoding: true }
  ])
})

test('outbound rules, preconditions and custom tags are in the options', async t => {
  const { options, report } = readConfigText(rewrite(`<outboundRules rewriteBeforeCache="true">
    <rule name="body" preCondition="Html" enabled="true" patternSyntax="ECMAScript" stopProcessing="true">
      <match filterByTags="A, form,CustomTags" customTags="more" pattern="^http://b/(.*)" occurrences="2" ignoreCase="false" negate="false" />
      <conditions><add input="{URL}" pattern="^/x" /></conditions>
      <action type="Rewrite" value="/{R:1}" replace="false" />
    </rule>
    <rule name="header"><match serverVariable="RESPONSE_Location" pattern="^$" /><action type="None" /></rule>
    <preConditions><preCondition name="Html" logicalGrouping="MatchAny" patternSyntax="Wildcard"><add input="{RESPONSE_CONTENT_TYPE}" pattern="text/*" ignoreCase="true" negate="false" /></preCondition></preConditions>
    <customTags><tags name="more"><tag name="video" attribute="poster" /></tags></customTags>
  </outboundRules>`))
  t.strictSame(options.urlRewrite?.outboundRules, {
    rewriteBeforeCache: true,
    preConditions: [{ name: 'Html', logicalGrouping: 'MatchAny', patternSyntax: 'Wildcard', add: [{ input: '{RESPONSE_CONTENT_TYPE}', pattern: 'text/*', ignoreCase: true, negate: false }] }],
    customTags: [{ name: 'more', tags: [{ name: 'video', attribute: 'poster' }] }],
    rules: [
      {
        name: 'body',
        enabled: true,
        preCondition: 'Html',
        patternSyntax: 'ECMAScript',
        stopProcessing: true,
        match: { pattern: '^http://b/(.*)', filterByTags: ['A', 'Form', 'CustomTags'], customTags: 'more', occurrences: 2, ignoreCase: false, negate: false },
        conditions: { add: [{ input: '{URL}', pattern: '^/x' }] },
        action: { type: 'Rewrite', value: '/{R:1}', replace: false }
      },
      { name: 'header', match: { pattern: '^$', serverVariable: 'RESPONSE_Location' }, action: { type: 'None' } }
    ]
  })
  t.ok(report.complete)
})

test('rewrite maps are in the options, with any key', async t => {
  const { options } = readConfigText(rewrite(`<rewriteMaps>
    <rewriteMap name="Hosts" defaultValue="none" ignoreCase="false"><add key="a" value="1" /><add key="A" value="2" /><add key="__proto__" value="3" /></rewriteMap>
    <rewriteMap name="Empty" />
  </rewriteMaps>`))
  const [hosts, empty] = options.urlRewrite?.rewriteMaps ?? []
  t.strictSame(Object.entries(hosts?.entries ?? {}), [['a', '1'], ['A', '2'], ['__proto__', '3']])
  t.match(hosts, { name: 'Hosts', defaultValue: 'none', ignoreCase: false })
  t.strictSame(empty, { name: 'Empty', entries: {} })
})

test('clear and remove delete the entries before them', async t => {
  const { options, report } = readConfigText(rewrite(`<rules>
    <rule name="a"><match url="a" /></rule>
    <clear />
    <rule name="b"><match url="b" /></rule>
    <rule name="c"><match url="c" /></rule>
    <remove name="B" />
    <remove name="elsewhere" />
  </rules>`))
  t.strictSame(options.urlRewrite?.rules?.map(rule => rule.name), ['c'])
  t.ok(report.complete)
  t.match(report.rows.filter(row => row.name === 'remove').map(row => row.status), ['used', 'difference'])
})

test('rules in a location become rules of its site or path', async t => {
  const rules = (name: string, before = ''): string => `<rules>${before}<rule name="${name}"><match url="x" /></rule></rules>`
  const section = (xml: string): string => `<system.webServer><rewrite>${xml}</rewrite></system.webServer>`
  const names = (list: readonly { name: string }[] | undefined): string[] | undefined => list?.map(rule => rule.name)

  const web = readConfigText(`<configuration><location path="." inheritInChildApplications="false">${section(rules('root'))}</location><location path="sub/dir">${section(rules('sub'))}</location></configuration>`).options.urlRewrite
  t.strictSame(names(web?.rules), ['root'])
  t.strictSame(web?.pathRules?.map(({ path, site, rules }) => [path, site, names(rules)]), [['/sub/dir', undefined, ['sub']]])

  const host = `<configuration>${section(`<globalRules><rule name="global"><match url="x" /></rule></globalRules>${rules('server')}`)}
    <location path="One">${section(rules('one', '<remove name="server" />'))}</location>
    <location path="Two">${section(rules('two'))}</location>
    <location path="Two/app">${section(rules('app'))}</location></configuration>`
  const server = readConfigText(host, 'applicationHost.config').options.urlRewrite
  t.strictSame(names(server?.globalRules), ['global'])
  t.equal(server?.rules, undefined, 'a site removes a rule of the server, so each site has its own list')
  t.strictSame(names(server?.siteRules?.One), ['one'])
  t.strictSame(names(server?.siteRules?.Two), ['server', 'two'])
  t.strictSame(server?.pathRules?.map(({ path, site, rules }) => [path, site, names(rules)]), [['/app', 'Two', ['app']]])
})

test('a rule that refers to a missing map is left out and reported', async t => {
  const { options, report } = readConfigText(rewrite(`<providers><provider name="Db" type="DbProvider" /></providers><rules>
    <rule name="a"><match url="x" /><action type="Rewrite" url="{Db:{R:0}}" /></rule>
    <rule name="b"><match url="x" /><conditions><add input="{HTTP:Upgrade}" pattern="websocket" /></conditions></rule>
    <rule name="c"><match url="x{2}" /><conditions><add input="{ToLower:{URL}}" pattern="y{1,3}" /></conditions></rule>
  </rules>`))
  t.strictSame(options.urlRewrite?.rules?.map(rule => rule.name), ['c'])
  t.notOk(report.complete)
  t.match(report.rows.find(row => row.line === 2 && row.name === 'rule'), { status: 'unsupported', note: '{Db:…}' })
  t.match(report.rows.find(row => row.line === 3 && row.name === 'rule'), { advice: 'Apache' })
})

test('a rule that leads to another scheme than HTTP is left out, and reported with its line', async t => {
  const action = (url: string): string => `<rule name="r">\n<match url="(.*)" /><action type="Redirect" url="${url}" /></rule>`
  for (const url of ['ftp://a.example/{R:1}', 'mailto:a@a.example', 'http:/a', 'http://u:p@a.example/', 'http://a:99999/', 'http://a b/']) {
    const { options, report } = readConfigText(rewrite(`<rules>\n${action(url)}</rules>`))
    t.strictSame(options.urlRewrite?.rules, [], url)
    t.match(report, { complete: false, rows: [{}, {}, {}, {}, { line: 2, status: 'unsupported', note: 'the rule is left out: its url' }] }, url)
  }
  for (const url of ['http://a.example:80/{R:1}', 'https://{C:1}.example/', '//a.example/', '/a:b', 'HTTP://[::1]?{R:1}']) t.equal(readConfigText(rewrite(`<rules>\n${action(url)}</rules>`)).options.urlRewrite?.rules?.length, 1, url)
  const redirect = readConfigText('<configuration><system.webServer>\n<httpRedirect enabled="true" destination="ftp://a.example" /></system.webServer></configuration>')
  t.match(redirect, { options: { urlRewrite: undefined }, report: { complete: false } })
})

test('a rewrite to a path is reported: only a route answers it', async t => {
  const rules = ['/index.html', 'http://a.example/', '{Map:{URL}}'].map(url => `<rule name="${url}"><match url=".*" /><action type="Rewrite" url="${url}" /></rule>`)
  const { report } = readConfigText(rewrite(`<rules useOriginalURLEncoding="true">${rules.join('')}</rules><rewriteMaps><rewriteMap name="Map" /></rewriteMaps>`))
  t.match(report.rows.filter(({ status }) => status === 'difference'), [{ value: '/index.html', note: 'no files are served here' }])
  t.ok(report.complete)
})

test('a site may have any name', async t => {
  const site = `<location path="__proto__">${rewrite('<rules><rule name="r"><match url="x" /></rule></rules><outboundRules><rule name="r"><match pattern="x" /></rule></outboundRules>').replace(/<.?configuration>/g, '')}</location>`
  const { options } = readConfigText(`<configuration>${site}</configuration>`, 'applicationHost.config')
  t.strictSame(Object.keys(options.urlRewrite?.siteRules ?? {}), ['__proto__'])
  t.strictSame(Object.keys(options.urlRewrite?.siteOutboundRules ?? {}), ['__proto__'])
})

test('a second section for the same place removes entries of the first', async t => {
  const names = (inside: string): string[] => readConfigText(`<configuration><system.webServer><rewrite><rules><rule name="a"><match url="a" /></rule><rule name="b"><match url="b" /></rule></rules></rewrite></system.webServer>
    <location path="."><system.webServer><rewrite><rules>${inside}<rule name="c"><match url="c" /></rule></rules></rewrite></system.webServer></location></configuration>`)
    .options.urlRewrite?.rules?.map(({ name }) => name) ?? []
  t.strictSame(names(''), ['a', 'b', 'c'])
  t.strictSame(names('<clear />'), ['c'])
  t.strictSame(names('<remove name="A" />'), ['b', 'c'])
})
