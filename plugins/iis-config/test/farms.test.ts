// What becomes of `<webFarms>`: farms of server-farm, the proxy's options for each, and rules that name them.
import fc from 'fast-check'
import { test } from 'tap'
import { readConfigText, type FarmOptions, type IisConfig, type Row } from '../src/index.ts'

const read = (inside: string): IisConfig => readConfigText(`<configuration>${inside}</configuration>`, 'applicationHost.config')
/** One farm of two servers, with this inside. */
const farm = (inside: string, more = ''): IisConfig => read(`<webFarms><webFarm name="chat"><server address="a" /><server address="b" />${inside}</webFarm></webFarms>${more}`)
const routing = (inside: string, more = ''): IisConfig => farm(`<applicationRequestRouting>${inside}</applicationRequestRouting>`, more)
const first = ({ options }: IisConfig): FarmOptions | undefined => options.serverFarm?.farms[0]
const row = ({ report }: IisConfig, path: string): Row | undefined => report.rows.find(one => one.path.endsWith(path))
const rule = (url: string, name = 'r'): string => `<rule name="${name}"><match url=".*" /><action type="Rewrite" url="${url}" /></rule>`
const rules = (...all: string[]): string => `<system.webServer><rewrite><globalRules>${all.join('')}</globalRules></rewrite></system.webServer>`
const urls = ({ options }: IisConfig): unknown[] | undefined => options.urlRewrite?.globalRules?.map(({ action }) => action !== undefined && 'url' in action ? action.url : action)

/** ARR's defaults for the servers of a farm. */
const PROXY = { hostHeader: 'preserve', reverseRewrite: false, timeouts: { firstByte: 30_000, idle: 30_000 } }

test('several farms with all their servers, as ARR writes them: rules keep the name, and nothing is lost', async t => {
  const config = read(`<webFarms>
    <webFarm name="Chat" enabled="true">
      <!-- the first of them is in another rack -->
      <server address="10.0.0.5" enabled="true"><applicationRequestRouting weight="200" httpPort="5000" httpsPort="5001" hostName="chat.internal" healthCheckAlternateHostName="probe.internal" healthCheckAlternatePort="5002" /></server>
      <server address="chat2.internal" enabled="True" />
      <server address="fe80::1" />
      <server address="old.internal" enabled="false" />
      <applicationRequestRouting>
        <protocol httpVersion="Http11" timeout="00:01:00" preserveHostHeader="false" reverseRewriteHostInResponseHeaders="true" includePortInXForwardedFor="true"><cache enabled="false" /></protocol>
        <loadBalancing algorithm="LeastRequests" />
        <affinity useCookie="TRUE" cookieName="ChatAffinity" />
        <healthCheck url="http://chat/health" interval="00:00:10" timeout="00:00:05" retries="2" statusCodeMatch="200-299, 304" responseMatch="OK" liveTrafficFailureCodes="500-599" maxLiveTrafficFailures="5" liveTrafficFailurePeriod="00:01:00" minServers="1" onDemandHealthCheck="false" />
      </applicationRequestRouting>
    </webFarm>
    <webFarm name="api"><server address="10.0.1.5" /></webFarm>
    <applicationRequestRouting><hostAffinityProviderList><add name="Microsoft.Web.Arr.HostNameRoundRobin" /></hostAffinityProviderList></applicationRequestRouting>
  </webFarms>${rules(rule('http://chat/{R:0}', 'a'), rule('http://CHAT{REQUEST_URI}', 'b'), rule('https://api/{R:0}', 'c'), rule('http://chat.example/{R:0}', 'd'), rule('http://chat:8080/', 'e'))}`)
  t.strictSame(config.options.serverFarm, {
    farms: [
      {
        name: 'Chat',
        servers: [
          { address: '10.0.0.5', weight: 200, httpPort: 5000, httpsPort: 5001, hostName: 'chat.internal', healthHost: 'probe.internal', healthPort: 5002 },
          { address: 'chat2.internal' },
          { address: 'fe80::1' },
          { address: 'old.internal', state: 'unavailableImmediately' }
        ],
        algorithm: 'leastRequests',
        affinity: { cookie: 'ChatAffinity' },
        health: { url: 'http://chat/health', interval: 10_000, timeout: 5000, retries: 2, statusCodes: '200-299,304', contains: 'OK' },
        whenAllDown: 'none',
        liveTraffic: { statusCodes: '500-599', failures: 5, period: 60_000 },
        minServers: 1
      },
      { name: 'api', servers: [{ address: '10.0.1.5' }], algorithm: 'weightedRoundRobin' }
    ]
  })
  t.strictSame(config.options.upstreamProxy, { farms: { Chat: { ...PROXY, hostHeader: 'upstream', reverseRewrite: true, timeouts: { firstByte: 60_000, idle: 60_000 }, forwarded: { port: true } }, api: PROXY } })
  t.strictSame(urls(config), ['http://chat/{R:0}', 'http://CHAT{REQUEST_URI}', 'https://api/{R:0}', 'http://chat.example/{R:0}', 'http://chat:8080/'])
  t.ok(config.report.complete)
  t.strictSame(config.report.rows.filter(({ status }) => status === 'unsupported'), [])
  for (const code of ['farm-failures', 'farm-certificates']) t.ok(config.report.general.some(one => one.code === code), code)
  t.match(row(config, '@liveTrafficFailurePeriod'), { status: 'difference', note: 'comes back by itself' })
  t.match(row(config, 'healthCheck/@url'), { status: 'difference', note: '503' })
  for (const name of ['webFarm', 'affinity', 'httpPort']) t.ok(config.rowsOf(config.options.serverFarm?.farms[0] as object).some(one => one.name === name), name)
})

test('what ARR does where nothing is written is written out where server-farm does something else', async t => {
  const config = farm('')
  t.strictSame(first(config), { name: 'chat', servers: [{ address: 'a' }, { address: 'b' }], algorithm: 'weightedRoundRobin' })
  t.strictSame(config.options.upstreamProxy, { farms: { chat: PROXY } })
  t.strictSame(first(routing('<healthCheck url="http://chat/" /><affinity useCookie="true" />')), {
    name: 'chat',
    servers: [{ address: 'a' }, { address: 'b' }],
    algorithm: 'weightedRoundRobin',
    health: { url: 'http://chat/', interval: 30_000, timeout: 30_000, retries: 3, statusCodes: '200-399' },
    whenAllDown: 'none',
    affinity: { cookie: 'ARRAffinity' }
  })
  t.match(first(routing('<healthCheck liveTrafficFailurePeriod="00:00:30" />')), { liveTraffic: { statusCodes: '500-', failures: 10, period: 30_000 } })
})

test('what <proxy> sets for other upstreams is not taken over by a farm', async t => {
  const config = farm('', '<system.webServer><proxy enabled="true" timeout="00:10:00" preserveHostHeader="false" keepAlive="false" maxResponseHeaderSize="8192" xForwardedForHeaderName="" includePortInXForwardedFor="true" /></system.webServer>')
  t.strictSame(config.options.upstreamProxy, {
    connections: { idle: 0 },
    timeouts: { firstByte: 600_000, idle: 600_000 },
    hostHeader: 'upstream',
    forwarded: { for: 'keep', port: true },
    maxHeadSize: 8192,
    farms: { chat: { ...PROXY, forwarded: { for: 'append', port: false }, connections: { idle: 256 }, maxHeadSize: 65_536 } }
  })
  t.match(routing('<protocol keepAlive="false" alternateHostName="x.example" />').options.upstreamProxy?.farms?.chat, { hostHeader: 'x.example', connections: { idle: 0 } })
})

test('algorithms by ARR\'s names; those that ARR 3 has no more have a row', async t => {
  for (const [algorithm, becomes, status] of [
    ['weightedroundrobin', 'weightedRoundRobin', 'used'],
    ['LeastRequests', 'leastRequests', 'difference'],
    ['LeastResponseTime', 'leastResponseTime', 'difference'],
    ['WeightedTotalTraffic', 'weightedTotalTraffic', 'difference']
  ] as const) {
    const config = routing(`<loadBalancing algorithm="${algorithm}" hashServerVariable="URL" />`)
    t.equal(first(config)?.algorithm, becomes)
    t.notOk('hash' in (first(config) ?? {}))
    t.equal(row(config, '@algorithm')?.status, status, algorithm)
    t.match(row(config, '@hashServerVariable'), { status: 'used', note: 'without RequestHash' })
  }
  t.throws(() => routing('<loadBalancing algorithm="Random" />'), { code: 'FST_ARR_IIS_CONFIG_INVALID_VALUE', message: /algorithm="Random" is not one of WeightedRoundRobin/ })
})

test('a hash is of names of the query, of a variable, or of the URL', async t => {
  const hash = (attributes: string): unknown => first(routing(`<loadBalancing algorithm="RequestHash" ${attributes} />`))?.hash
  t.strictSame(hash('hashServerVariable="QUERY_STRING" queryStringNames="room, user"'), { queryStringNames: ['room', 'user'], boundedLoad: 0 })
  t.strictSame(hash('queryStringNames="room"'), { queryStringNames: ['room'], boundedLoad: 0 })
  t.strictSame(hash('hashServerVariable="query_string"'), { serverVariable: 'QUERY_STRING', boundedLoad: 0 })
  t.strictSame(hash('hashServerVariable="HTTP_HOST" queryStringNames="room"'), { serverVariable: 'HTTP_HOST', boundedLoad: 0 })
  t.strictSame(hash(''), { serverVariable: 'URL', boundedLoad: 0 })
  t.strictSame(hash('hashServerVariable="CACHE_URL"'), { serverVariable: 'URL', boundedLoad: 0 })
  t.match(row(routing('<loadBalancing algorithm="RequestHash" hashServerVariable="CACHE_URL" />'), '@hashServerVariable'), { status: 'difference', note: 'that of the URL' })
})

test('affinity by cookie, and what is not taken of it', async t => {
  for (const [affinity, cookie] of [['useCookie="1"', 'ARRAffinity'], ['useCookie="true" cookieName="a b"', 'ARRAffinity'], ['useCookie="true" cookieName="Here"', 'Here'], ['useCookie="false" cookieName="Here"', undefined], ['', undefined]] as const) {
    t.equal(first(routing(`<affinity ${affinity} />`))?.affinity?.cookie, cookie, affinity)
  }
  t.match(row(routing('<affinity useHostName="true" />'), '@useHostName'), { status: 'unsupported', note: 'host', advice: 'HTTP_HOST' })
  t.ok(routing('<affinity useHostName="false" timeout="00:20:00" />').report.complete)
  t.match(row(routing('<affinity useCookie="true" timeout="00:20:00" />'), '@timeout'), { status: 'difference', note: 'session' })
})

test('a health check without a URL, or with one that is none, asks nobody', async t => {
  t.notOk('health' in (first(routing('<healthCheck url="" interval="00:00:05" />')) ?? {}))
  t.match(row(routing('<healthCheck interval="00:00:05" />'), '@interval'), { status: 'used', note: 'without a url' })
  const wrong = routing('<healthCheck url="health" />')
  t.notOk('health' in (first(wrong) ?? {}))
  t.match(row(wrong, '@url'), { status: 'unsupported', note: 'no URL' })
  const codes = routing('<healthCheck url="http://chat/" statusCodeMatch="ok" />')
  t.equal(first(codes)?.health?.statusCodes, '200-399')
  t.match(row(codes, '@statusCodeMatch'), { status: 'unsupported' })
  t.match(row(routing('<healthCheck url="http://chat/" onDemandHealthCheck="true" />'), '@onDemandHealthCheck'), { status: 'difference' })
  const quick = routing('<healthCheck url="http://chat/" interval="00:00:00" timeout="00:01:00" retries="0" />')
  t.match(first(quick)?.health, { interval: 1000, timeout: 1000, retries: 1 })
  t.match(row(quick, '@timeout'), { status: 'difference', note: 'the interval' })
})

test('a farm that is switched off is a host like any other', async t => {
  const config = read(`<webFarms><webFarm name="Shop" enabled="false"><server address="a" /></webFarm><webFarm name="my farm" enabled="false"><server address="a" /></webFarm></webFarms>${rules(rule('http://shop/{R:0}', 'a'), rule('http://my farm/{R:0}', 'b'))}`)
  t.match(config.options.serverFarm, { farms: [{ name: 'Shop', enabled: false }, { name: 'my-farm', enabled: false }] })
  t.strictSame(config.options.upstreamProxy, {}, 'the proxy has no options for it')
  t.strictSame(urls(config), ['http://shop/{R:0}'], 'its name must be one that a URL can have')
  const off = read(`<webFarms><webFarm name="Shop" enabled="false"><server address="a" /></webFarm></webFarms><system.webServer><proxy enabled="false" /></system.webServer>${rules(rule('http://shop/'))}`)
  t.match(urls(off), [{ type: 'CustomResponse', statusCode: 404, subStatusCode: 4 }])
})

test('a name that no URL can have becomes one, in rules and in the health check', async t => {
  const config = read(`<webFarms>
    <webFarm name="My Farm"><server address="a" /><applicationRequestRouting><healthCheck url="http://my farm/health" /></applicationRequestRouting></webFarm>
    <webFarm name="my-farm"><server address="b" /></webFarm>
    <webFarm name="Größe"><server address="c" /></webFarm>
    <webFarm name="10.1"><server address="d" /></webFarm>
    <webFarm name="日本"><server address="e" /></webFarm>
  </webFarms>${rules(...['My Farm', 'MY-FARM', 'größe', '10.1', '日本'].map(name => rule(`http://${name}/{R:0}`, name)))}`)
  t.strictSame(config.options.serverFarm?.farms.map(({ name }) => name), ['My-Farm-2', 'my-farm', 'Grosse', 'farm-10-1', 'farm'])
  t.strictSame(urls(config), ['http://My-Farm-2/{R:0}', 'http://MY-FARM/{R:0}', 'http://Grosse/{R:0}', 'http://farm-10-1/{R:0}', 'http://farm/{R:0}'])
  t.equal(config.options.serverFarm?.farms[0]?.health?.url, 'http://My-Farm-2/health')
  t.strictSame(Object.keys(config.options.upstreamProxy?.farms ?? {}), ['My-Farm-2', 'my-farm', 'Grosse', 'farm-10-1', 'farm'])
  t.match(row(config, 'webFarm[1]/@name'), { status: 'difference', note: 'My-Farm-2' })
  t.match(row(config, 'webFarm[2]/@name'), { status: 'used' })
})

test('any names give farms that URLs can name, each its own', async t => {
  await fc.assert(fc.asyncProperty(fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', 'B', 'ß', 'é', ' ', '.', '-', '_', '1', '0x', '日', '%', '@') }).map(text => text.trim()).filter(text => text !== ''), { minLength: 1, maxLength: 6, selector: text => text.toLowerCase() }), async names => {
    const { options } = read(`<webFarms>${names.map(name => `<webFarm name="${name}"><server address="a" /></webFarm>`).join('')}</webFarms>`)
    const hosts = (options.serverFarm?.farms ?? []).map(({ name }) => name)
    if (hosts.length !== names.length || new Set(hosts.map(host => host.toLowerCase())).size !== names.length) throw new Error(`not each its own: ${hosts.join()}`)
    for (const host of hosts) if (new URL(`http://${host}/`).hostname !== host.toLowerCase()) throw new Error(`${host} is read as another host`)
  }), { numRuns: 300 })
  t.pass()
})

test('a server whose address is none is left out; where none is left, rules answer 502.4', async t => {
  const config = read(`<webFarms><webFarm name="f"><server address="http://10.0.0.1" /><server address="10.0.0.1:80" /></webFarm><webFarm name="g"><server address="[::1]" /><server address="bücher.example" /><server address="x y" /></webFarm></webFarms>${rules(rule('http://f/', 'f'), rule('http://g/', 'g'))}`)
  t.match(config.options.serverFarm, { farms: [{ name: 'g', servers: [{ address: '::1' }, { address: 'xn--bcher-kva.example' }] }] })
  t.match(urls(config), [{ type: 'CustomResponse', statusCode: 502, subStatusCode: 4 }, 'http://g/'])
  t.match(row(config, 'webFarm[1]/server[1]'), { status: 'unsupported', advice: 'httpPort' })
  t.match(row(config, 'webFarm[1]'), { status: 'difference', note: '502.4' })
})

test('values that server-farm does not take are taken as far as it does', async t => {
  const config = routing('<healthCheck url="http://user@chat/" interval="2.00:00:00.0005" retries="5000" statusCodeMatch="500-200" liveTrafficFailurePeriod="3.00:00:00" maxLiveTrafficFailures="0" />')
  t.match(row(config, '@url'), { status: 'unsupported', note: 'user name' })
  t.match(row(config, '@retries'), { status: 'difference', note: 'it is 1000 here' })
  t.match(row(config, '@interval'), { status: 'difference', note: 'it is 86400000 ms here' })
  t.strictSame(first(config)?.liveTraffic, { statusCodes: '500-', failures: 1, period: 86_400_000 })
  t.match(row(routing(`<healthCheck url="http://chat/" responseMatch="${'x'.repeat(1001)}" />`), '@responseMatch'), { status: 'unsupported' })
  const hosts = (attributes: string): unknown => read(`<webFarms><webFarm name="f"><server address="a"><applicationRequestRouting ${attributes} /></server></webFarm></webFarms>`).options.serverFarm?.farms[0]?.servers[0]
  t.strictSame(hosts('hostName="bücher.example:81" healthCheckAlternateHostName="::1" healthCheckAlternatePort="0"'), { address: 'a', hostName: 'xn--bcher-kva.example:81', healthHost: '::1' })
  t.strictSame(hosts('hostName="::1" healthCheckAlternateHostName="a b"'), { address: 'a', hostName: '[::1]' })
  t.strictSame(hosts('hostName="[::1]:81" healthCheckAlternateHostName=""'), { address: 'a', hostName: '[::1]:81' })
  t.strictSame(hosts('hostName="a/b"'), { address: 'a' })
})

test('lists are cleared and entries taken back as in IIS, and values out of range are problems', async t => {
  const config = read('<webFarms><webFarm name="old"><server address="a" /></webFarm><clear /><webFarm name="gone"><server address="a" /></webFarm><remove name="GONE" /><webFarm name="f"><server address="a" /><server address="b" /><remove address="a" /></webFarm></webFarms>')
  t.match(config.options.serverFarm, { farms: [{ name: 'f', servers: [{ address: 'b' }] }] })
  t.equal(config.options.serverFarm?.farms.length, 1)
  t.throws(() => read('<webFarms><webFarm name="f" /></webFarms><webFarms><webFarm name="F" /></webFarms>'), { message: /a second farm with the name f/ })
  t.throws(() => farm('<server address="A" />'), { message: /a second <server> with address="A"/ })
  t.throws(() => farm('<server address="c"><applicationRequestRouting httpPort="70000" /></server>'), { message: /httpPort="70000"/ })
  t.throws(() => routing('<protocol timeout="2.00:00:00" />'), { message: /00:00:01 to 1\.00:00:00/ })
  t.match(row(farm('<server address="c"><applicationRequestRouting weight="100000" /></server>'), '@weight'), { status: 'difference', note: '65535' })
})

test('farms alone need no rules: the options are there for those that come', async t => {
  const { options } = farm('', '<system.webServer><proxy enabled="false" /></system.webServer>')
  t.ok('serverFarm' in options)
  t.notOk('upstreamProxy' in options, 'and a proxy that is off has none')
})
