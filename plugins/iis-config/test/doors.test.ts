import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { DOORS, isIisConfigError, readConfig, readConfigText, type Report, type Row } from '../src/index.ts'

const host = (inside: string): string => `<configuration>\n${inside}\n</configuration>`
const security = (inside: string): string => host(`<system.webServer><security>${inside}</security></system.webServer>`)
const login = (inside: string): string => security(`<authentication>${inside}</authentication>`)
const filter = (inside: string, attributes = ''): string => security(`<requestFiltering ${attributes}>${inside}</requestFiltering>`)
const aspNet = (inside: string): string => host(`<system.web><authorization>${inside}</authorization></system.web>`)
const closing = ({ rows }: Report): Row[] => rows.filter(({ status }) => status === 'closes')

interface Refusal { readonly code: string, readonly message: string, readonly open: readonly string[], readonly problems: readonly { readonly line: number, readonly message: string, readonly section: string }[] }

function refusal (xml: string, open: readonly string[] = [], file = 'web.config'): Refusal | null {
  try {
    readConfigText(xml, file, { open })
    return null
  } catch (error) {
    if (!isIisConfigError(error)) throw error
    return error as unknown as Refusal
  }
}

/** Parts that close, by the name that opens them, with their notes. */
const CLOSING: readonly (readonly [door: string, xml: string, told: RegExp])[] = [
  ['ipSecurity', security('<ipSecurity><add domainName="*.example.com" /></ipSecurity>'), /refuses \*\.example\.com/],
  ['ipSecurity', security('<ipSecurity AllowUnlisted="false" />'), /AllowUnlisted="false" is no attribute of <ipSecurity>/],
  ['ipSecurity', security('<ipSecurity configProtectionProvider="x"><EncryptedData /></ipSecurity>'), /encrypted/],
  ['ipSecurity', host('<system.webServer><ipSecurity allowUnlisted="false" /></system.webServer>'), /every address/],
  ...['Ssl', 'Ssl, Ssl128', 'Ssl128', '8'].map(flags => ['access', security(`<access sslFlags="${flags}" />`), flags === '8' ? /certificates/ : /without TLS/] as const),
  ['access', security('<access sslFlags="Ssl, SslNegotiateCert, SslRequireCert" />'), /no client certificate/],
  ['access', security('<access sslFlags="SslNegotiateCert" />'), /asks clients for certificates/],
  ['anonymousAuthentication', login('<anonymousAuthentication enabled="false" /><windowsAuthentication enabled="true" />'), /does not log in/],
  ...['basic', 'digest', 'clientCertificateMapping'].map(way => ['anonymousAuthentication', login(`<${way}Authentication enabled="true" /><anonymousAuthentication enabled="false" />`), /does not log in/] as const),
  ['anonymousAuthentication', login('<anonymousAuthentication enabled="false" />'), /does not log in/],
  ['iisClientCertificateMappingAuthentication', login('<iisClientCertificateMappingAuthentication enabled="true"><manyToOneMappings><add name="a" permissionMode="Deny" /></manyToOneMappings></iisClientCertificateMappingAuthentication>'), /certificates it describes/],
  ['authorization', security('<authorization><add accessType="Deny" users="?" /></authorization>'), /refuses whoever is not logged in/],
  ['authorization', security('<authorization><add accessType="Allow" users="*" /><add accessType="Deny" roles="guests" verbs="POST" /></authorization>'), /the roles guests, asking with POST/],
  ['authorization', security('<authorization><remove users="*" roles="" verbs="" /><add accessType="Allow" roles="Administrators" /></authorization>'), /everybody but those it allows/],
  ['authorization', security('<authorization><clear /></authorization>'), /everybody but/],
  ['authorization', security('<authorization><clear /><add accessType="Allow" users="*" verbs="GET" /></authorization>'), /everybody but/],
  ['authorization', security('<authorization><add accessType="Allow" users="bob" /></authorization>'), /everybody but/],
  ['authorization', aspNet('<deny users="?" />'), /refuses whoever is not logged in \(401\)/],
  ['authorization', aspNet('<allow roles="a" /><deny users="*" />'), /refuses everybody/],
  ['authorization', aspNet('<allow users="*" verbs="GET" /><deny users="bob" />'), /the users bob/],
  ['ipSecurity', host('<location path="a"><location path="b"><system.webServer><security><ipSecurity allowUnlisted="false" /></security></system.webServer></location></location>'), /every address that is not listed \(403\.6\), under \/a, under b/],
  ['requestFiltering', filter('<something />'), /<something> is no element of <requestFiltering>/],
  ['verbs', filter('<verbs unlisted="false" />'), /unlisted="false" is no attribute of <verbs>/],
  ['fileExtensions', filter('<fileExtensions><add fileExtension=".a" Allowed="false" allowed="true" /></fileExtensions>'), /Allowed="false" is no attribute of <add>/],
  ['hiddenSegments', filter('<hiddenSegments><add segment="a/b" /></hiddenSegments>'), /segment a\/b/],
  ['fileExtensions', filter('<fileExtensions><add fileExtension=".a.b" allowed="false" /></fileExtensions>'), /end in \.a\.b/],
  ['filteringRules', filter('<filteringRules><filteringRule name="a" scanUrl="true"><appliesTo><add fileExtension="gif" /></appliesTo></filteringRule></filteringRules>'), /the rule a/],
  ['filteringRules', filter('<filteringRules><filteringRule name="a" ScanUrl="true" /></filteringRules>'), /ScanUrl="true" is no attribute of <filteringRule>/],
  ['requestFiltering', filter('<alwaysAllowedUrls><add url="/a" path="/a" /></alwaysAllowedUrls>'), /path="\/a" is no attribute of <add>/],
  ['requestLimits', filter('<requestLimits maxURL="1024" />'), /maxURL="1024" is no attribute/],
  ['serverRuntime', host('<system.webServer><serverRuntime enabled="false" /></system.webServer>'), /every request/],
  ['serverRuntime', host('<system.webServer><serverRuntime maxRequestEntityAllowed="1000" /></system.webServer>'), /more than 1000 bytes/],
  ['security', security('<wall height="3" />'), /<wall> is not known here/],
  ['security', security('<ipsecurity allowUnlisted="false" />'), /<ipsecurity> is not known here/],
  ['security', login('<otherAuthentication enabled="true" />'), /not known here/]
]

for (const [door, xml, told] of CLOSING) {
  test(`${xml.replace(/\n|<\/?configuration>/g, '')} is refused, unless ${door} is open`, async t => {
    const error = refusal(xml)
    t.equal(error?.code, 'FST_ARR_IIS_CONFIG_CLOSED_DOORS')
    t.match(error?.message, told)
    t.strictSame([...new Set(error?.problems.map(({ section }) => section))], [door])
    t.strictSame(error?.open, [door])
    t.equal(error?.problems[0]?.line, 2)
    const { report } = readConfigText(xml, 'web.config', { open: [door] })
    t.equal(report.complete, false)
    t.ok(report.counts.closes >= 1)
    t.strictSame(closing(report).map(({ section, open }) => [section, open]), closing(report).map(() => [door, true]), 'and it is still reported')
    t.equal(closing(report).length, report.counts.closes)
    t.strictSame(refusal(xml, DOORS.filter(one => one !== door && one !== 'requestFiltering'))?.problems, error?.problems, 'no other name opens it')
  })
}

/** Parts that refuse requests in IIS and here, by the name that lets the requests through, with their notes. */
const REFUSED_HERE: readonly (readonly [door: string, xml: string, told: RegExp])[] = [
  ['ipSecurity', security('<ipSecurity allowUnlisted="false" />'), /ipSecurity: allowUnlisted="false" refuses every address that is not listed \(403\.6\)/],
  ['ipSecurity', security('<ipSecurity allowUnlisted="False"><add ipAddress="10.0.0.1" allowed="true" /></ipSecurity>'), /every address/],
  ['ipSecurity', security('<ipSecurity><add ipAddress="10.0.0.0" subnetMask="255.0.0.0" allowed="false" /></ipSecurity>'), /<add> refuses 10\.0\.0\.0 255\.0\.0\.0/],
  ['dynamicIpSecurity', security('<dynamicIpSecurity><denyByConcurrentRequests enabled="true" /></dynamicIpSecurity>'), /too many requests at a time/],
  ['dynamicIpSecurity', security('<dynamicIpSecurity><denyByRequestRate enabled="true" maxRequests="1" /></dynamicIpSecurity>'), /ask too often/],
  ['allowHighBitCharacters', filter('', 'allowHighBitCharacters="false"'), /not ASCII/],
  ['verbs', filter('<verbs allowUnlisted="false" />'), /every verb/],
  ['verbs', filter('<verbs><add verb="TRACE" allowed="false" /></verbs>'), /refuses TRACE/],
  ['fileExtensions', filter('<fileExtensions allowUnlisted="false"><add fileExtension=".html" allowed="true" /></fileExtensions>'), /every file extension/],
  ['fileExtensions', filter('<fileExtensions><add fileExtension=".cs" allowed="false" /><add fileExtension=".php" allowed="false" /></fileExtensions>'), /end in \.php/],
  ['hiddenSegments', filter('<hiddenSegments><add segment="bin" /><add segment="admin" /></hiddenSegments>'), /segment admin/],
  ['denyUrlSequences', filter('<denyUrlSequences><add sequence=".." /></denyUrlSequences>'), /URLs with \.\./],
  ['denyQueryStringSequences', filter('<denyQueryStringSequences><add sequence="select" /></denyQueryStringSequences>'), /queries with select/],
  ['filteringRules', filter('<filteringRules><filteringRule name="sql" scanQueryString="true"><denyStrings><add string="--" /></denyStrings></filteringRule></filteringRules>'), /the rule sql/],
  ...['maxUrl', 'maxQueryString'].map(name => ['requestLimits', filter(`<requestLimits ${name}="1024" />`), /more than 1024 bytes/] as const),
  ['requestLimits', filter('<requestLimits><headerLimits><add header="Content-type" sizeLimit="100" /></headerLimits></requestLimits>'), /Content-type is longer than 100/]
]

for (const [door, xml, told] of REFUSED_HERE) {
  test(`${xml.replace(/\n|<\/?configuration>/g, '')} is refused here, unless ${door} is open`, async t => {
    const { options, report } = readConfigText(xml)
    t.strictSame(closing(report), [])
    t.equal(report.complete, true)
    t.ok(options.requestFilter)
    const isFiltering = !/ipSecurity$/i.test(door)
    for (const open of isFiltering ? [door, 'requestFiltering'] : [door]) {
      const opened = readConfigText(xml, 'web.config', { open: [open] })
      t.match(closing(opened.report).map(({ name, value, note }) => `${door}: ${value === undefined ? `<${name}>` : `${name}="${value}"`} ${note ?? ''}`).at(-1), told)
      t.strictSame(closing(opened.report).map(row => [row.section, row.open]), closing(opened.report).map(() => [door, true]))
      t.equal(opened.report.complete, false, 'and it is reported')
      t.notSame(opened.options.requestFilter, options.requestFilter)
      if (!isFiltering || open === 'requestFiltering') t.equal(opened.options.requestFilter, undefined, 'nothing is filtered')
    }
  })
}

test('a value that IIS would refuse is an error, whether its section is open or not', async t => {
  for (const [door, xml] of [
    ['ipSecurity', security('<ipSecurity allowUnlisted="" />')],
    ['ipSecurity', security('<ipSecurity denyAction="Drop" />')],
    ['ipSecurity', security('<ipSecurity><add ipAddress="10.0.0.256" /></ipSecurity>')],
    ['ipSecurity', security('<ipSecurity><add ipAddress="10.0.0.1" subnetMask="255.0.255.0" /></ipSecurity>')],
    ['ipSecurity', security('<ipSecurity><add allowed="true" /></ipSecurity>')],
    ['ipSecurity', security('<ipSecurity><add ipAddress="fe80::1%1" /></ipSecurity>')],
    ['ipSecurity', security('<ipSecurity><add ipAddress="10.0.0.0/8" subnetMask="255.0.0.0" /></ipSecurity>')],
    ['ipSecurity', security('<ipSecurity><add ipAddress="10.0.0.1" /><add ipAddress="10.0.0.1" subnetMask="255.255.255.255" allowed="true" /></ipSecurity>')],
    ['dynamicIpSecurity', security('<dynamicIpSecurity><denyByRequestRate enabled="true" maxRequests="0" /></dynamicIpSecurity>')],
    ['requestLimits', filter('<requestLimits maxAllowedContentLength="many" />')],
    ['requestLimits', filter('<requestLimits maxUrl="-1" />')],
    ['requestLimits', filter('<requestLimits><headerLimits><add header="A" /></headerLimits></requestLimits>')],
    ['verbs', filter('<verbs><add verb="PUT" /></verbs>')],
    ['fileExtensions', filter('<fileExtensions><add fileExtension=".a" allowed="false" /><add fileExtension=".A" allowed="true" /></fileExtensions>')],
    ['hiddenSegments', filter('<hiddenSegments><add segment="" /></hiddenSegments>')],
    ['filteringRules', filter('<filteringRules><filteringRule scanUrl="true" /></filteringRules>')]
  ] as const) {
    for (const open of [[], [door]]) t.equal(refusal(xml, open)?.code, 'FST_ARR_IIS_CONFIG_INVALID_VALUE', xml)
  }
})

/** IIS's defaults, and values that accept more than the defaults. */
const OPEN = [
  security(''),
  security('<ipSecurity /><dynamicIpSecurity /><access sslFlags="None" /><authorization /><isapiCgiRestriction><add path="x" allowed="false" /></isapiCgiRestriction><applicationDependencies />'),
  security('<access sslFlags="" />'),
  security('<access />'),
  security('<ipSecurity allowUnlisted="true" denyAction="NotFound" enableProxyMode="true"><add ipAddress="10.0.0.1" allowed="true" /></ipSecurity>'),
  security('<ipSecurity><add ipAddress="10.0.0.1" /><clear /></ipSecurity>'),
  security('<dynamicIpSecurity denyAction="AbortRequest"><denyByConcurrentRequests enabled="false" /><denyByRequestRate maxRequests="1" /></dynamicIpSecurity>'),
  login('<anonymousAuthentication enabled="true" userName="IUSR" /><basicAuthentication enabled="false" /><windowsAuthentication /><digestAuthentication /><clientCertificateMappingAuthentication /><iisClientCertificateMappingAuthentication />'),
  security('<authorization><add accessType="Allow" users="*" /></authorization>'),
  security('<authorization><clear /><add accessType="Allow" users="*" roles="" verbs="" /></authorization>'),
  security('<authorization><add accessType="Deny" users="?" /><clear /><add accessType="Allow" users="*" /></authorization>'),
  filter('<fileExtensions allowUnlisted="true" applyToWebDAV="true"><add fileExtension=".asa" allowed="false" /><add fileExtension=".Config" allowed="false" /><add fileExtension=".mdf" allowed="false" /></fileExtensions><verbs allowUnlisted="true" applyToWebDAV="true" /><hiddenSegments applyToWebDAV="true"><add segment="web.config" /><add segment="bin" /><add segment="App_code" /><add segment="App_Data" /></hiddenSegments><requestLimits maxAllowedContentLength="30000000" maxUrl="4096" maxQueryString="2048"><headerLimits /></requestLimits><denyUrlSequences /><filteringRules /><alwaysAllowedUrls><add url="/" /></alwaysAllowedUrls>', 'allowDoubleEscaping="false" allowHighBitCharacters="true" unescapeQueryString="true" removeServerHeader="false"'),
  host('<system.webServer><serverRuntime /><directoryBrowse enabled="false" /><httpErrors existingResponse="PassThrough" /></system.webServer>')
]

for (const xml of OPEN) {
  test(`${xml.replace(/\n|<\/?configuration>/g, '')} is no loss`, async t => {
    const { report } = readConfigText(xml)
    t.strictSame(closing(report), [])
    t.strictSame(report.sections.filter(({ lost }) => lost), [])
    t.equal(report.complete, true)
  })
}

test('a section that asks for something no plugin does, and refuses nothing, is lost and does not close', async t => {
  for (const xml of [
    login('<windowsAuthentication enabled="true" />'),
    host('<system.webServer><httpErrors existingResponse="PassThrough"><clear /></httpErrors><directoryBrowse enabled="true" /></system.webServer>')
  ]) {
    const { report } = readConfigText(xml)
    t.strictSame([report.counts.closes, report.complete], [0, false], xml)
  }
  t.equal(refusal(aspNet('<allow users="*" /><deny users="?" />')), null, 'and a denial that is never reached is none')
})

test('a section in a location closes its path, and is reported with the path', async t => {
  const inside = '<system.webServer><security><ipSecurity><add domainName="a.example" /></ipSecurity></security></system.webServer>'
  t.match(refusal(host(`<location path="admin">${inside}</location>`))?.message, 'web.config:2:64: ipSecurity: <add> refuses a.example (403.6), under /admin\n')
  t.match(refusal(host(`<location path="Shop/admin">${inside}</location>`), [], 'applicationHost.config')?.message, ', of the site Shop, under /admin\n')
})

test('what is refused in a site of a server closes where nothing says which sites there are', async t => {
  const inside = '<location path="Shop"><system.webServer><security><ipSecurity allowUnlisted="false" /></security></system.webServer></location>'
  t.match(refusal(host(inside), [], 'applicationHost.config')?.message, 'refuses every address that is not listed (403.6), of the site Shop\n')
  t.equal(refusal(host(`<system.applicationHost><sites><site name="Shop" id="1"><bindings><binding protocol="http" bindingInformation="*:80:" /></bindings></site></sites></system.applicationHost>${inside}`), [], 'applicationHost.config'), null)
})

test('all parts that close are in one error, in the order of the file, with the names that would open all', async t => {
  const xml = security('\n<access sslFlags="Ssl" />\n<requestFiltering>\n<verbs unlisted="false" />\n<denyUrlSequences><deny sequence=":" /></denyUrlSequences></requestFiltering>\n<ipSecurity><add domainName="a.example" /></ipSecurity>')
  t.equal(refusal(xml)?.message, [
    'IIS refuses requests that nothing refuses here:',
    'web.config:3:9: access: sslFlags="Ssl" refuses requests without TLS (403.4)',
    'web.config:5:8: verbs: unlisted="false" is no attribute of <verbs>: IIS refuses the file (500.19)',
    'web.config:6:19: denyUrlSequences: <deny> is no element of <denyUrlSequences>, or is encrypted: what it refuses is not known',
    'web.config:7:13: ipSecurity: <add> refuses a.example (403.6)',
    'To let them through all the same, set open to access, verbs, denyUrlSequences, ipSecurity'
  ].join('\n'))
  t.match(refusal(xml, ['access', 'ipSecurity']), { problems: [{ section: 'verbs' }, { section: 'denyUrlSequences' }], open: ['access', 'ipSecurity', 'verbs', 'denyUrlSequences'] })
  t.equal(refusal(xml, ['access', 'ipSecurity', 'requestFiltering']), null, 'requestFiltering stands for all of it')
})

test('a section from a configSource file or a transform closes as well', async t => {
  const dir = t.testdir({
    'web.config': security('<ipSecurity configSource="ip.config" />'),
    'ip.config': '<ipSecurity><add domainName="a.example" /><add ipAddress="10.0.0.1" /></ipSecurity>',
    'plain.config': security('<ipSecurity /><access />'),
    'shut.xdt': '<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform"><system.webServer><security><ipSecurity xdt:Transform="SetAttributes" allowUnlisted="false" /><access xdt:Transform="SetAttributes" sslFlags="Ssl" /></security></system.webServer></configuration>',
    'odd.xdt': '<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform"><system.webServer><security><ipSecurity xdt:Transform="Odd" allowUnlisted="false" /></security></system.webServer></configuration>',
    'reopen.xdt': '<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform"><system.webServer><security><access xdt:Transform="Remove" /></security></system.webServer></configuration>'
  })
  const read = (file: string, ...transforms: string[]) => () => readConfig(join(dir, file), { transforms: transforms.map(one => join(dir, one)) })
  t.throws(read('web.config'), { code: 'FST_ARR_IIS_CONFIG_CLOSED_DOORS', message: /ip\.config:1:13: ipSecurity/ })
  t.doesNotThrow(read('plain.config'))
  t.throws(read('plain.config', 'shut.xdt'), { code: 'FST_ARR_IIS_CONFIG_CLOSED_DOORS', message: /shut\.xdt:1:\d+: access/ })
  t.throws(read('plain.config', 'odd.xdt'), { code: 'FST_ARR_IIS_CONFIG_CLOSED_DOORS', message: /odd\.xdt:1:\d+: security: <ipSecurity> is a transform that is not supported/ })
  t.strictSame(read('plain.config', 'shut.xdt', 'reopen.xdt')().options.requestFilter, { ipSecurity: { allowUnlisted: false, addresses: [], denyAction: 'Forbidden' } })
  const { report } = readConfig(join(dir, 'plain.config'), { transforms: [join(dir, 'odd.xdt')], open: ['security'] })
  t.equal(new Set(report.rows.map(row => `${row.file} ${row.path}`)).size, report.rows.length, 'no part is reported twice')
})

test('an unknown name in open is an error that lists the known ones, before the file is opened', async t => {
  t.throws(() => readConfig('missing.config', { open: ['ipsecurity', 'access', 'constructor'] }), {
    code: 'FST_ARR_IIS_CONFIG_INVALID_OPTION',
    message: `missing.config:1:1: open: "ipsecurity" is not one of ${DOORS.join(', ')}\nmissing.config:1:1: open: "constructor" is not one of ${DOORS.join(', ')}`
  })
  t.throws(() => readConfigText('<configuration />', 'web.config', { open: 'access' as unknown as string[] }), { code: 'FST_ARR_IIS_CONFIG_INVALID_OPTION', message: /open must be a list of names/ })
  t.equal(refusal('<configuration />', DOORS), null, 'names that match nothing in the file have no effect')
})

test('the example file closes nothing', async t => {
  t.equal(readConfig(fileURLToPath(new URL('../../../examples/web.config', import.meta.url))).report.counts.closes, 0)
})
