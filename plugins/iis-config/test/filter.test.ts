// The examples in IIS's documentation of request filtering and address rules, with the options that they give.
// https://learn.microsoft.com/iis/configuration/system.webserver/security/requestfiltering/ and the pages below it, ipsecurity/, dynamicipsecurity/
import { test } from 'tap'
import { convertToTypeScript, readConfigText, type IisConfig, type RequestFilteringOptions } from '../src/index.ts'
import { EXTENSIONS, SEGMENTS } from '../src/access/request-filtering.ts'

const web = (security: string, more = ''): IisConfig => readConfigText(`<configuration><system.webServer><security>${security}</security>${more}</system.webServer></configuration>`)
const filter = (inside: string, attributes = ''): IisConfig => web(`<requestFiltering${attributes}>${inside}</requestFiltering>`)

/** What IIS has in force where a web.config says nothing else. */
const DEFAULTS: RequestFilteringOptions = {
  allowDoubleEscaping: false,
  allowHighBitCharacters: true,
  unescapeQueryString: true,
  requestLimits: { maxAllowedContentLength: 30_000_000, maxUrl: 4096, maxQueryString: 2048 },
  fileExtensions: { allowUnlisted: true, fileExtensions: Object.fromEntries(EXTENSIONS.map(extension => [extension, false])) },
  hiddenSegments: [...SEGMENTS]
}
const SQL = ['--', ';', '/*', '@', 'char', 'alter', 'begin', 'cast', 'create', 'cursor', 'declare', 'delete', 'drop', 'end', 'exec', 'fetch', 'insert', 'kill', 'open', 'select', 'sys', 'table', 'update']
const adds = (key: string, values: readonly string[]): string => values.map(value => `<add ${key}="${value}" />`).join('')

/** Each example, and what it changes in the defaults. */
const EXAMPLES: readonly (readonly [page: string, inside: string, changes: Partial<RequestFilteringOptions>])[] = [
  ['requestFiltering', `<denyUrlSequences>${adds('sequence', ['..', ':'])}</denyUrlSequences><fileExtensions allowUnlisted="false" /><requestLimits maxUrl="2048" maxQueryString="1024" /><verbs allowUnlisted="false" />`, {
    denyUrlSequences: ['..', ':'],
    fileExtensions: { ...DEFAULTS.fileExtensions, allowUnlisted: false },
    requestLimits: { maxAllowedContentLength: 30_000_000, maxUrl: 2048, maxQueryString: 1024 },
    verbs: { allowUnlisted: false }
  }],
  ['denyUrlSequences', `<denyUrlSequences>${adds('sequence', ['..', ':', '\\'])}</denyUrlSequences>`, { denyUrlSequences: ['..', ':', '\\'] }],
  ['alwaysAllowedUrls', `<denyUrlSequences>${adds('sequence', ['bad', 'sequence'])}</denyUrlSequences><alwaysAllowedUrls><add url="/bad_sequence.txt" /></alwaysAllowedUrls>`, { denyUrlSequences: ['bad', 'sequence'], alwaysAllowedUrls: ['/bad_sequence.txt'] }],
  ['denyQueryStringSequences, alwaysAllowedQueryStrings', `<denyQueryStringSequences>${adds('sequence', ['bad', 'sequence'])}</denyQueryStringSequences><alwaysAllowedQueryStrings><add queryString="bad=sequence" /></alwaysAllowedQueryStrings>`, { denyQueryStringSequences: ['bad', 'sequence'], alwaysAllowedQueryStrings: ['bad=sequence'] }],
  ['fileExtensions', '<fileExtensions applyToWebDAV="false"><add fileExtension=".inc" allowed="false" /></fileExtensions>', { fileExtensions: { allowUnlisted: true, fileExtensions: { ...DEFAULTS.fileExtensions.fileExtensions, '.inc': false } } }],
  ['hiddenSegments', '<hiddenSegments applyToWebDAV="false"><add segment="_private" /></hiddenSegments>', { hiddenSegments: [...SEGMENTS, '_private'] }],
  ['requestLimits, headerLimits', '<requestLimits><headerLimits><add header="Content-type" sizeLimit="100" /></headerLimits></requestLimits>', { requestLimits: { ...DEFAULTS.requestLimits, headerLimits: { 'Content-type': 100 } } }],
  ['verbs', '<verbs applyToWebDAV="false"><add verb="PUT" allowed="false" /></verbs>', { verbs: { allowUnlisted: true, verbs: { PUT: false } } }],
  ['filteringRules, against image leeching', `<filteringRules><filteringRule name="Block Image Leeching" scanUrl="false" scanQueryString="false" scanAllRaw="false"><scanHeaders><add requestHeader="User-agent" /></scanHeaders>
    <appliesTo>${adds('fileExtension', ['.gif', '.jpg', '.png'])}</appliesTo><denyStrings><add string="leech-bot" /></denyStrings></filteringRule></filteringRules>`, {
    filteringRules: [{ name: 'Block Image Leeching', scanHeaders: ['User-agent'], appliesTo: ['.gif', '.jpg', '.png'], denyUnescapedPercent: true, denyStrings: ['leech-bot'] }]
  }],
  ['filteringRules, against SQL injection', `<filteringRules><filteringRule name="SQLInjection" scanUrl="false" scanQueryString="true"><appliesTo><clear />${adds('fileExtension', ['.asp', '.aspx', '.php'])}</appliesTo>
    <denyStrings><clear />${adds('string', SQL)}</denyStrings><scanHeaders><clear /></scanHeaders></filteringRule></filteringRules>`, {
    filteringRules: [{ name: 'SQLInjection', scanQueryString: true, appliesTo: ['.asp', '.aspx', '.php'], denyUnescapedPercent: true, denyStrings: SQL }]
  }]
]

for (const [page, inside, changes] of EXAMPLES) {
  test(`the example on the page of ${page} loses nothing, and gives IIS's defaults with its changes`, async t => {
    const { options, report, rowsOf } = filter(inside)
    t.strictSame(options.requestFilter, { requestFiltering: { ...DEFAULTS, ...changes } })
    t.equal(report.complete, true)
    t.strictSame([...new Set(report.rows.map(({ status }) => status))], ['used'])
    t.ok(rowsOf(options.requestFilter ?? {}).length > 3, 'and the options know their rows')
  })
}

test('the example on the page of ipSecurity is for one site, its entries in their order', async t => {
  const { options, report } = readConfigText(`<configuration><system.applicationHost><sites><site name="Default Web Site" id="1"><bindings><binding protocol="http" bindingInformation="*:80:" /></bindings></site></sites></system.applicationHost>
    <location path="Default Web Site"><system.webServer><security><ipSecurity><add ipAddress="192.168.100.1" /><add ipAddress="169.254.0.0" subnetMask="255.255.0.0" /></ipSecurity></security></system.webServer></location></configuration>`, 'applicationHost.config')
  t.strictSame(options.requestFilter, {
    places: [{ site: 'Default Web Site', ipSecurity: { allowUnlisted: true, addresses: [{ ipAddress: '192.168.100.1', allowed: false }, { ipAddress: '169.254.0.0', subnetMask: '255.255.0.0', allowed: false }], denyAction: 'Forbidden' } }]
  })
  t.equal(report.counts.closes, 0)
})

test('the example on the page of dynamicIpSecurity only logs, and an open WebSocket is a request as in IIS', async t => {
  const { options, report } = web('<dynamicIpSecurity enableLoggingOnlyMode="true"><denyByConcurrentRequests enabled="true" maxConcurrentRequests="10" /><denyByRequestRate enabled="true" maxRequests="30" requestIntervalInMilliseconds="300" /></dynamicIpSecurity>')
  t.strictSame(options.requestFilter, {
    dynamicIpSecurity: { denyByConcurrentRequests: { maxConcurrentRequests: 10 }, countWebSockets: true, denyByRequestRate: { maxRequests: 30, requestIntervalInMilliseconds: 300 }, denyAction: 'Forbidden', enableLoggingOnlyMode: true }
  })
  t.equal(report.complete, true)
})

test('what is left out of ipSecurity and dynamicIpSecurity is IIS\'s default, and denyAction has words or numbers', async t => {
  t.strictSame(web('<dynamicIpSecurity denyAction="404"><denyByConcurrentRequests enabled="true" /><denyByRequestRate maxRequests="1" /></dynamicIpSecurity>').options.requestFilter, {
    dynamicIpSecurity: { denyByConcurrentRequests: { maxConcurrentRequests: 5 }, countWebSockets: true, denyAction: 'NotFound', enableLoggingOnlyMode: false }
  })
  t.strictSame(web('<dynamicIpSecurity denyAction="abortrequest"><denyByRequestRate enabled="true" /></dynamicIpSecurity>').options.requestFilter, {
    dynamicIpSecurity: { denyByRequestRate: { maxRequests: 20, requestIntervalInMilliseconds: 200 }, denyAction: 'AbortRequest', enableLoggingOnlyMode: false }
  })
  t.strictSame(web('<ipSecurity allowUnlisted="false" denyAction="0"><add ipAddress="fd00::" subnetMask="8" allowed="true" /><add ipAddress="10.0.0.0/8" allowed="true" /></ipSecurity>').options.requestFilter, {
    ipSecurity: { allowUnlisted: false, addresses: [{ ipAddress: 'fd00::', subnetMask: '8', allowed: true }, { ipAddress: '10.0.0.0/8', allowed: true }], denyAction: 'AbortRequest' }
  })
  t.strictSame(web('<ipSecurity /><dynamicIpSecurity />').options, {}, 'and what refuses nothing gives no options')
})

test('enableProxyMode is used with a difference, names of clients are lost', async t => {
  for (const name of ['ipSecurity', 'dynamicIpSecurity']) {
    const { report } = web(`<${name} enableProxyMode="true" />`)
    t.match(report.rows.find(row => row.name === 'enableProxyMode'), { status: 'difference', note: /only where a trusted proxy sent it/, advice: /--trust-proxy/ })
    t.equal(report.complete, true)
  }
  const { report, options } = web('<ipSecurity allowUnlisted="false" enableReverseDns="true"><add domainName="*.example.com" allowed="true" /></ipSecurity>')
  t.match(report.rows.filter(({ status }) => status === 'unsupported').map(({ name }) => name), ['enableReverseDns', 'add', 'domainName', 'allowed'])
  t.match(options.requestFilter, { ipSecurity: { allowUnlisted: false, addresses: [] } })
})

/** A rule that leads all requests to a server. */
const PROXY = '<rewrite><rules><rule name="ReverseProxy" stopProcessing="true"><match url="(.*)" /><action type="Rewrite" url="http://localhost:3000/{R:1}" /></rule></rules></rewrite>'

test('a proxy whose file has removeServerHeader and a limit of 110000000 bytes loses nothing', async t => {
  const config = web('<requestFiltering removeServerHeader="true"><requestLimits maxAllowedContentLength="110000000" /></requestFiltering>', PROXY)
  const { options, report } = config
  t.equal(report.complete, true)
  t.strictSame(report.rows.filter(({ status }) => status !== 'used'), [])
  t.strictSame(options.requestFilter, { requestFiltering: { ...DEFAULTS, requestLimits: { ...DEFAULTS.requestLimits, maxAllowedContentLength: 110_000_000 } } })
  t.strictSame(options.urlRewrite?.outboundRules, { rules: [{ name: 'removeServerHeader', match: { serverVariable: 'RESPONSE_Server', pattern: '.+' }, action: { type: 'Rewrite', value: '' } }] })
  t.strictSame(options.upstreamProxy, {}, 'the limit is asked of request-filter')
  const text = convertToTypeScript(config)
  t.match(text, /import \{ requestFilter \} from '@fastify-arr\/request-filter'\n/)
  t.match(text, /register\(requestFilter, \{\n\s+requestFiltering: \{\n[^]*maxAllowedContentLength: 110000000[^]*register\(urlRewrite[^]*register\(upstreamProxy, \{\n\s+arrHeaders: true,\n\s+maxBodySize: request => fastify\.requestFilter\.maxBodySize\(request\),\n\s+rewriteResponse: /)
})

test('a proxy whose file sets HSTS in customHeaders beside it loses nothing', async t => {
  const { options, report } = web('<requestFiltering removeServerHeader="true"><requestLimits maxAllowedContentLength="110000000" /></requestFiltering>',
    `${PROXY}<httpProtocol><customHeaders><remove name="X-Powered-By" /><add name="Strict-Transport-Security" value="max-age=31536000; includeSubDomains" /></customHeaders></httpProtocol>`)
  t.equal(report.complete, true)
  t.strictSame(report.rows.filter(({ status }) => status === 'unsupported' || status === 'closes'), [])
  t.strictSame(options.urlRewrite?.outboundRules?.rules.map(({ name }) => name), ['customHeaders Strict-Transport-Security', 'removeServerHeader'])
})

test('a file without the section filters nothing, and where it proxies the report says so with the line to add', async t => {
  const { options, report } = web('<access sslFlags="None" />', PROXY)
  t.equal(options.requestFilter, undefined)
  t.match(report.general.find(({ code }) => code === 'request-filtering'), { note: /nothing is filtered here; IIS filters all the same/, advice: /<security><requestFiltering \/><\/security>/ })
  t.equal(web('<requestFiltering />', PROXY).report.general.find(({ code }) => code === 'request-filtering'), undefined)
  t.strictSame(web('<requestFiltering />').options, { requestFilter: { requestFiltering: DEFAULTS } })
})

test('removeServerHeader="false" changes nothing, and of a directory alone it is lost', async t => {
  const { options, report } = filter('', ' removeServerHeader="false"')
  t.equal(options.urlRewrite, undefined)
  t.equal(report.complete, true)
  const alone = readConfigText('<configuration><location path="a"><system.webServer><security><requestFiltering removeServerHeader="true" /></security></system.webServer></location></configuration>')
  t.strictSame(alone.report.rows.filter(({ status }) => status === 'unsupported').map(({ name }) => name), ['removeServerHeader'])
})

test('an extension, a verb and a header that have the name of a prototype\'s key are written as their own', async t => {
  const { options } = filter('<verbs><add verb="__proto__" allowed="false" /></verbs>')
  t.strictSame(Object.entries(options.requestFilter?.requestFiltering?.verbs?.verbs ?? {}), [['__proto__', false]])
  t.match(convertToTypeScript(filter('<verbs><add verb="__proto__" allowed="false" /></verbs>')), "['__proto__']: false")
})

test('what open names is left out, and its rows say so', async t => {
  const { options, report } = readConfigText('<configuration><system.webServer><security><requestFiltering><verbs allowUnlisted="false"><add verb="GET" allowed="true" /></verbs><requestLimits maxUrl="100" /><hiddenSegments><add segment="a" /></hiddenSegments></requestFiltering></security></system.webServer></configuration>', 'web.config', { open: ['verbs', 'requestLimits'] })
  t.strictSame(options.requestFilter?.requestFiltering, { ...DEFAULTS, requestLimits: { maxAllowedContentLength: 4_294_967_295, maxUrl: 4_294_967_295, maxQueryString: 4_294_967_295 }, hiddenSegments: [...SEGMENTS, 'a'] })
  t.match(report.rows.filter(({ status }) => status === 'closes'), [{ name: 'allowUnlisted', section: 'verbs', open: true, advice: /let through/ }, { name: 'maxUrl', section: 'requestLimits', open: true }])
  t.match(report.rows.find(({ name, key }) => name === 'add' && key === 'verb="GET"'), { status: 'used', note: 'open names verbs: nothing of it is refused' })
})
