// Farms and traces of a file of IIS: their servers take requests and WebSockets, a change is in force, and what fails is traced where the file says so.
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { isIisConfigError, readConfigText } from '@fastify-arr/iis-config'
import { requestTrace } from '@fastify-arr/request-trace'
import { serverFarm } from '@fastify-arr/server-farm'
import { upstreamProxy, type UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import fc from 'fast-check'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { root } from './packages.ts'
import { start } from './program.ts'
import { startSite, type Site } from './site.ts'

// The runner's time limit is for the whole file, which takes longer than that on a slow machine: here each test has a limit of its own.
t.beforeEach(() => { t.setTimeout(120_000) })

/** A server that tells its name, what was asked of it and by which Host, over HTTP and WebSocket. Gives its port. */
async function server (t: Test, name: string): Promise<number> {
  const http = createServer((request, response) => {
    response.statusCode = request.url === '/fails' ? 500 : 200
    response.end(`${name} ${request.url ?? ''} ${request.headers.host ?? ''}`)
  })
  const sockets = new WebSocketServer({ server: http })
  sockets.on('connection', socket => {
    socket.on('error', () => {})
    socket.send(name)
  })
  http.listen(0)
  await once(http, 'listening')
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate()
    http.close().closeAllConnections()
  })
  return (http.address() as AddressInfo).port
}

interface Servers { readonly [address: string]: number }

/** `applicationHost.config` with a farm of these servers, by their addresses with their ports; its name is none that a URL can have. */
const config = (servers: Servers, { routing = '', rules = '', more = '' } = {}): string => `<?xml version="1.0" encoding="UTF-8"?>
<configuration>
  <webFarms><webFarm name="The Farm" enabled="true">
    ${Object.entries(servers).map(([address, port]) => `<server address="${address}" enabled="${port !== 0}"><applicationRequestRouting httpPort="${port || 80}" /></server>`).join('\n    ')}
    <applicationRequestRouting>${routing}</applicationRequestRouting>
  </webFarm></webFarms>
  <system.webServer>
    <proxy enabled="true" />
    <rewrite><globalRules>${rules}<rule name="ARR_The Farm_loadbalance" patternSyntax="Wildcard" stopProcessing="true"><match url="*" /><action type="Rewrite" url="http://The Farm/{R:0}" /></rule></globalRules></rewrite>
    ${more}
  </system.webServer>
</configuration>`

const NO_FARM = '<configuration><webFarms /><system.webServer><rewrite><globalRules><rule name="none"><match url=".*" /><action type="CustomResponse" statusCode="410" /></rule></globalRules></rewrite></system.webServer></configuration>'

function fileOf (t: Test, text: string): string {
  const file = join(t.testdir(), 'applicationHost.config')
  writeFileSync(file, text)
  return file
}

const ask = async (site: Site, path = '/x'): Promise<string> => {
  const answer = await fetch(`http://localhost:${site.httpPort}${path}`)
  return `${answer.status} ${await answer.text()}`
}

/** The names of the servers that answer so many requests. */
async function names (site: Site, count: number): Promise<string[]> {
  const found = new Set<string>()
  for (let asked = 0; asked < count; asked++) found.add((await ask(site)).split(' ')[1] as string)
  return [...found].sort()
}

t.test('the servers of a farm take requests and WebSockets in turn, and get the client\'s Host', async t => {
  const site = await startSite(t, { webConfig: fileOf(t, config({ localhost: await server(t, 'a'), '127.0.0.1': await server(t, 'b') })) })
  t.same(await names(site, 4), ['a', 'b'])
  t.match(await ask(site, '/path?q=1'), new RegExp(`^200 [ab] /path\\?q=1 localhost:${site.httpPort}$`))
  const heard = new Set<string>()
  for (let opened = 0; opened < 4; opened++) {
    const socket = new WebSocket(`ws://localhost:${site.httpPort}/`)
    heard.add(String((await once(socket, 'message') as [Buffer])[0]))
    socket.close(1000)
    await once(socket, 'close')
  }
  t.same([...heard].sort(), ['a', 'b'])
})

t.test('affinity by cookie brings a client back to its server', async t => {
  const site = await startSite(t, { webConfig: fileOf(t, config({ localhost: await server(t, 'a'), '127.0.0.1': await server(t, 'b') }, { routing: '<affinity useCookie="true" />' })) })
  const first = await fetch(`http://localhost:${site.httpPort}/`)
  const cookie = first.headers.get('set-cookie')?.split(';')[0] as string
  t.match(cookie, /^ARRAffinity=/)
  const [name] = (await first.text()).split(' ')
  for (let asked = 0; asked < 4; asked++) t.match(await (await fetch(`http://localhost:${site.httpPort}/`, { headers: { cookie } })).text(), new RegExp(`^${name} `))
})

t.test('a farm without a server answers 502.4, as ARR', async t => {
  const site = await startSite(t, { webConfig: fileOf(t, config({ 'off.internal': 0 })) })
  t.match(await ask(site), /^502 /)
  t.match((await site.lines(1))[0], { 'sc-status': '502', 'sc-substatus': '4' })
})

t.test('a change of the file brings a farm, changes its servers and takes it away; a change that is refused changes none of it', async t => {
  const [a, b] = [await server(t, 'a'), await server(t, 'b')]
  const file = fileOf(t, NO_FARM)
  const site = await startSite(t, { webConfig: file })
  const becomes = async (text: string, wanted: RegExp): Promise<void> => {
    writeFileSync(file, text)
    // Ended by tap's time limit.
    while (!wanted.test(await ask(site))) await new Promise(resolve => setTimeout(resolve, 100))
  }
  t.match(await ask(site), /^410/)
  await becomes(config({ localhost: a }), /^200 a /)
  await becomes(config({ '127.0.0.1': b }), /^200 b /)
  const socket = new WebSocket(`ws://localhost:${site.httpPort}/`)
  await once(socket, 'message')
  const told = new Promise<string>(resolve => { site.fastify.log.error = ((message: string) => resolve(message)) as typeof site.fastify.log.error })
  // Two sites with one id are refused by host-routing.
  writeFileSync(file, config({ localhost: a }, { rules: '<rule name="new" stopProcessing="true"><match url="^new$" /><action type="CustomResponse" statusCode="410" /></rule>' }).replace('<webFarms>', '<system.applicationHost><sites><site name="x" id="1"><bindings /></site><site name="y" id="1"><bindings /></site></sites></system.applicationHost><webFarms>'))
  t.match(await told, 'has changed and is refused')
  t.same(await names(site, 4), ['b'], 'the farm is what it was')
  t.match(await ask(site, '/new'), /^200/, 'and so are the rules')
  t.equal(socket.readyState, WebSocket.OPEN)
  const closed = once(socket, 'close') as Promise<[number]>
  socket.ping()
  await once(socket, 'pong')
  await becomes(NO_FARM, /^410/)
  t.equal((await closed)[0], 1012, 'its WebSockets are told goodbye')
})

t.test('the example: its report has no setting that is lost, and its two servers take clients that stay where they are', async t => {
  const text = readFileSync(join(root, 'examples', 'farm', 'applicationHost.config'), 'utf8')
  t.match(readConfigText(text).report.counts, { unsupported: 0, closes: 0 })
  const site = await startSite(t, { webConfig: fileOf(t, text.replace('8081', String(await server(t, 'a'))).replace('8082', String(await server(t, 'b')))) })
  const cookies = new Map<string, string>()
  for (let asked = 0; asked < 4; asked++) {
    const answer = await fetch(`http://localhost:${site.httpPort}/x`)
    cookies.set((await answer.text()).slice(0, 1), (answer.headers.get('set-cookie') ?? '').split(';')[0] as string)
  }
  t.same([...cookies.keys()].sort(), ['a', 'b'])
  for (const [name, cookie] of cookies) {
    for (let asked = 0; asked < 2; asked++) {
      const socket = new WebSocket(`ws://localhost:${site.httpPort}/`, { headers: { cookie } })
      const [message] = await once(socket, 'message')
      socket.close()
      t.equal(String(message), name)
    }
  }
})

const TRACED = '<tracing><traceFailedRequests><add path="*"><traceAreas><add provider="WWW Server" areas="Rewrite,RequestRouting" verbosity="Verbose" /></traceAreas><failureDefinitions statusCodes="500" /></add></traceFailedRequests></tracing>'

/** The traces of the one site. */
function tracesIn (folder: string): string[] {
  try {
    return readdirSync(join(folder, 'FailedReqLogFiles', 'W3SVC1')).filter(name => /^fr\d+\.xml$/.test(name)).sort()
  } catch {
    return []
  }
}

/** Closes the site, so that all traces are written. */
async function after (site: Site, folder: string): Promise<string[]> {
  await site.fastify.close()
  return tracesIn(folder)
}

t.test('what a rule of the file names is traced, and nothing else', async t => {
  const logDirectory = join(t.testdir(), 'logs')
  const site = await startSite(t, { webConfig: fileOf(t, config({ localhost: await server(t, 'a') }, { rules: '<rule name="gone" stopProcessing="true"><match url="^gone" /><action type="CustomResponse" statusCode="410" /></rule>', more: TRACED })), logDirectory })
  t.match(await ask(site, '/fails'), /^500/)
  t.match(await ask(site, '/gone'), /^410/)
  t.match(await ask(site), /^200/)
  t.same(await after(site, logDirectory), ['fr000001.xml'])
})

t.test('in front of the article\'s backend, and where a file says nothing, what fails is traced; TRACES=off traces nothing, and a file may say so as well', async t => {
  const sites = (logging: string): string => `<configuration><system.applicationHost><sites><site name="s" id="1"><bindings /><traceFailedRequestsLogging ${logging} /></site></sites></system.applicationHost></configuration>`
  for (const [what, options, count] of [
    ['the article', {}, 1],
    ['a file', { webConfig: '<configuration />' }, 1],
    ['off', { traces: false }, 0],
    ['off in the file', { webConfig: sites('enabled="false"') }, 0],
    ['as IIS ships it', { webConfig: sites('maxLogFiles="10"') }, 1]
  ] as const) {
    const folder = t.testdir()
    const file = join(folder, 'applicationHost.config')
    if ('webConfig' in options) writeFileSync(file, options.webConfig)
    const logDirectory = join(folder, 'logs')
    const site = await startSite(t, { ...options, ...'webConfig' in options && { webConfig: file }, logDirectory })
    t.match(await ask(site, '/nothing-is-here'), /^40[04]/, what)
    t.equal((await after(site, logDirectory)).length, count, what)
  }
})

t.test('the announcement names the folder of the traces, unless there are none', async t => {
  const folder = t.testdir()
  const program = start(t, { LOG_DIR: folder })
  await program.says(/stop +Ctrl\+C/)
  t.ok(program.output().includes(`traces       ${join(folder, 'FailedReqLogFiles')}`))
  const off = start(t, { LOG_DIR: folder, TRACES: 'off' })
  await off.says(/stop +Ctrl\+C/)
  t.notMatch(off.output(), 'FailedReqLogFiles')
})

/** Attributes with these values, each there or not. */
const attributes = (all: Readonly<Record<string, readonly string[]>>): fc.Arbitrary<string> =>
  fc.tuple(...Object.entries(all).map(([name, values]) => fc.option(fc.constantFrom(...values).map(value => `${name}="${value}"`), { nil: '' }))).map(list => list.join(' '))

t.test('whatever a file says of farms and traces, the plugins take what it becomes', async t => {
  const times = ['00:00:00', '00:00:00.25', '00:00:30', '00:01:00', '2.00:00:00']
  const numbers = ['0', '1', '7', '65535', '100000']
  const statuses = ['', '200-399', '200, 404', '500-', '500-400', '000', 'x', '404.2']
  const hosts = ['', 'a', 'a.b:80', '::1', '[::1]:8', '-a', 'a b', 'ü.example', 'http://a/', '10.0.0.1']
  const farm = fc.record({
    name: fc.constantFrom('chat', 'Chat Room', '10', 'größe', 'a.', 'xn--a', '%41', 'x'.repeat(300)),
    enabled: fc.constantFrom('true', 'false'),
    servers: fc.uniqueArray(fc.constantFrom(...hosts.slice(1)), { maxLength: 4 }),
    server: attributes({ weight: numbers, httpPort: ['1', '8080'], hostName: hosts, healthCheckAlternateHostName: hosts, healthCheckAlternatePort: ['0', '81'] }),
    parts: fc.tuple(
      attributes({ algorithm: ['WeightedRoundRobin', 'RequestHash', 'LeastRequests', 'LeastResponseTime', 'WeightedTotalTraffic'], hashServerVariable: ['', 'url', 'QUERY_STRING', 'CACHE_URL', 'HTTP_X'], queryStringNames: ['', 'a', 'a,b', ',', '*'] }),
      attributes({ useCookie: ['true', 'false'], cookieName: ['', 'A', 'a b', 'ü'], timeout: times }),
      attributes({ url: ['', 'http://chat/up', '/up', 'ftp://a/', 'http://u@a/', 'http://chat room/#x', 'https://größe/ü'], interval: times, timeout: times, retries: numbers, statusCodeMatch: statuses, responseMatch: ['', 'ok'], liveTrafficFailureCodes: statuses, maxLiveTrafficFailures: numbers, liveTrafficFailurePeriod: times, minServers: numbers }),
      attributes({ timeout: ['00:00:01', '1.00:00:00'], preserveHostHeader: ['true', 'false'], keepAlive: ['true', 'false'], xForwardedForHeaderName: ['', 'X-Forwarded-For', 'X'], includePortInXForwardedFor: ['true', 'false'], maxResponseHeaderSize: ['1024', '65536'] })
    )
  })
  const traced = fc.record({
    path: fc.constantFrom('*', '/', '*.aspx', 'a?', '#', '/a/*'),
    failure: attributes({ statusCodes: statuses, timeTaken: times, verbosity: ['Ignore', 'Warning'] }),
    areas: attributes({ areas: ['', 'Rewrite', 'Module'], verbosity: ['General', 'Verbose'] }),
    logging: attributes({ enabled: ['true', 'false'], directory: ['', 'traces'], maxLogFiles: ['1', '10000'], maxLogFileSizeKB: ['0', '1024', '4294967295'] })
  })
  let taken = 0
  await fc.assert(fc.asyncProperty(farm, traced, fc.boolean(), async ({ name, enabled, servers, server, parts: [balancing, affinity, health, protocol] }, { path, failure, areas, logging }, proxied) => {
    const text = `<configuration><system.applicationHost><sites><site name="s"><bindings /><traceFailedRequestsLogging ${logging} /></site></sites></system.applicationHost>
      <webFarms><webFarm name="${name}" enabled="${enabled}">${servers.map(address => `<server address="${address}"><applicationRequestRouting ${server} /></server>`).join('')}<applicationRequestRouting><loadBalancing ${balancing} /><affinity ${affinity} /><healthCheck ${health} /><protocol ${protocol} /></applicationRequestRouting></webFarm></webFarms>
      <system.webServer>${proxied ? '<proxy enabled="true" keepAlive="false" xForwardedForHeaderName="" maxResponseHeaderSize="2048" />' : ''}<tracing><traceFailedRequests><add path="${path}"><traceAreas><add provider="WWW Server" ${areas} /></traceAreas><failureDefinitions ${failure} /></add></traceFailedRequests></tracing></system.webServer></configuration>`
    const fastify = Fastify()
    try {
      const { options } = readConfigText(text, 'applicationHost.config')
      if (options.requestTrace !== undefined) await fastify.register(requestTrace, { ...options.requestTrace, directory: null })
      if (options.serverFarm !== undefined) await fastify.register(serverFarm, options.serverFarm)
      if (options.upstreamProxy !== undefined) await fastify.register(upstreamProxy, options.upstreamProxy as UpstreamProxyOptions)
      taken++
    } catch (error) {
      if (!isIisConfigError(error)) throw error
    } finally {
      await fastify.close()
    }
  }), { numRuns: 200 })
  t.ok(taken > 150, `${taken} of 200`)
})
