// What is found to be wrong with many WebSockets: each finding with its cause made real, and none where there is none.
import { once } from 'node:events'
import { createServer } from 'node:http'
import serverFarm from '@fastify-arr/server-farm'
import type { FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import type { Finding } from '../src/messages/index.ts'
import { backend, box, client, eventually, madeTime, portOf, proxied, refusal, type Clock, type Proxied } from './proxied.ts'

/** What is found now; findings are kept for two seconds. */
function found ({ views }: Proxied, clock: Clock): readonly Finding[] {
  clock.ahead += 2_000
  return views.findings().findings
}

const codes = (findings: readonly Finding[]): string[] => findings.map(({ code }) => code)
const looked = ({ views }: Proxied, clock: Clock): number => {
  clock.ahead += 2_000
  return views.findings().looked
}

/** So many WebSockets, one after the other, each cut by a box after the same silence. */
async function cutBySilence (t: Test, clock: Clock, subject: Proxied, through: { readonly port: number, cut (): void }, at: number, silences: readonly number[]): Promise<void> {
  for (const silence of silences) {
    const ws = await client(t, at)
    ws.send('hello')
    await once(ws, 'message')
    clock.ahead += silence
    through.cut()
    await eventually(() => subject.app.tunnels.size === 0, 'it is cut')
  }
}

t.test('five that a box before the proxy cut after the same silence: it is named, with what helps', async t => {
  const clock = madeTime(t)
  const { url } = await backend(t)
  const subject = await proxied(t, { upstream: url })
  const nginx = await box(t, subject.port)
  await cutBySilence(t, clock, subject, nginx, nginx.port, [60_100, 60_900, 60_000, 60_400])
  t.same(codes(found(subject, clock)), [], 'four are no evidence')
  await cutBySilence(t, clock, subject, nginx, nginx.port, [60_200])
  const findings = found(subject, clock)
  t.same(codes(findings), ['CUT_AFTER_SAME_SILENCE'])
  const [finding] = findings
  t.match(finding, { severity: 'error', count: 5, filter: 'close:none' })
  t.match(finding?.sentence, /^5 WebSockets were (cut|reset) from the side of the client after 60\.\d s in which nothing passed, without a Close: the clients or something in front of this proxy have such an idle time-out\. 60 s is the default of nginx, and of a load balancer of AWS/)
  t.match(finding?.remedy, '`websocket: { ping: 30000 }` of upstream-proxy')
  t.match(finding?.remedy, 'nginx: `proxy_read_timeout 1h;`')
  t.equal(finding?.examples.length, 5)
  t.match(finding?.examples[0], { closedBy: 'client', closeCode: null, limit: null, client: '127.0.0.1', upstream: url })
  t.ok((finding?.first ?? 0) < (finding?.last ?? 0))
  t.same(Object.keys(finding?.examples[0] ?? {}).sort(), ['at', 'client', 'closeCode', 'closedBy', 'ending', 'id', 'life', 'limit', 'silence', 'site', 'upstream'], 'nothing more than is promised')
})

t.test('a box between the proxy and its server is blamed on that side', async t => {
  const clock = madeTime(t)
  const { port } = await backend(t)
  const between = await box(t, port)
  const subject = await proxied(t, { upstream: `http://127.0.0.1:${between.port}` })
  await cutBySilence(t, clock, subject, between, subject.port, [100_000, 100_100, 100_300, 100_200, 100_000])
  const findings = found(subject, clock)
  t.same(codes(findings), ['CUT_AFTER_SAME_SILENCE'])
  t.match(findings[0]?.sentence, `with http://127.0.0.1:${between.port}`)
  t.match(findings[0]?.sentence, 'the upstream or something between it and this proxy has such an idle time-out. 100 s is the default of YARP; often that of Cloudflare.')
  t.match(findings[0]?.remedy, "ping: { interval: 50000, to: 'upstream' }")
})

t.test('the proxy\'s own idle limit, and goodbyes after the same silence, are blamed on no box', async t => {
  const clock = madeTime(t)
  const deaf = await backend(t)
  deaf.wss.on('connection', socket => { socket.pause() })
  const subject = await proxied(t, { upstream: deaf.url, websocket: { idleTimeout: 50, closeGrace: 50 } })
  // Nobody answers the proxy's goodbye: the silence lasts until it cuts.
  for (let i = 0; i < 10; i++) (await client(t, subject.port)).pause()
  clock.ahead += 60_400
  await eventually(() => subject.app.tunnels.size === 0, 'the limit has ended all')
  t.equal(looked(subject, clock), 10)
  const findings = found(subject, clock)
  t.same(codes(findings), ['OWN_LIMIT'])
  t.ok(findings[0]?.examples.every(({ silence }) => silence > 60_000))
  t.match(findings[0], { count: 10, severity: 'warning', sentence: 'This proxy itself ended 10 of the last 10 WebSockets, because nothing had passed for `websocket.idleTimeout`.', remedy: /websocket\.ping/ })
  const { url } = await backend(t)
  const polite = await proxied(t, { upstream: url })
  for (let i = 0; i < 6; i++) {
    const ws = await client(t, polite.port)
    clock.ahead += 60_400
    ws.close(1000)
    await eventually(() => polite.app.tunnels.size === 0, 'it is over')
  }
  t.same([looked(polite, clock), looked(subject, clock)], [6, 10], 'and each server of this process knows its own')
  t.same(found(polite, clock), [])
})

t.test('a server that fails again and again closes with its code, or ends at once', async t => {
  const clock = madeTime(t)
  const failing = await backend(t)
  failing.wss.on('connection', socket => { socket.on('message', () => { socket.close(1011, 'oh') }) })
  const leaving = await backend(t)
  leaving.wss.on('connection', socket => { socket.terminate() })
  const subject = await proxied(t, { to: request => request.url === '/fails' ? failing.url : leaving.url })
  for (let i = 0; i < 5; i++) {
    const ws = await client(t, subject.port, '/fails')
    clock.ahead += 1_500
    ws.send('x')
    await once(ws, 'close')
  }
  for (let i = 0; i < 5; i++) {
    const ws = await client(t, subject.port, '/leaves')
    if (ws.readyState !== ws.CLOSED) await once(ws, 'close')
  }
  await eventually(() => subject.app.tunnels.size === 0, 'all are over')
  const findings = found(subject, clock)
  t.same(codes(findings).sort(), ['CLOSED_WITH_ERROR', 'SHORT_LIVES'])
  t.match(findings.find(({ code }) => code === 'CLOSED_WITH_ERROR'), { count: 5, sentence: `${failing.url} closed 5 WebSockets with 1011: it failed.`, filter: `close:1011 upstream:${failing.url}` })
  t.match(findings.find(({ code }) => code === 'SHORT_LIVES'), { count: 5, sentence: `5 of the last 5 WebSockets with ${leaving.url} ended within a second of their 101, by the server or without a Close.` })
})

/** What is told at the end of an exchange. */
function tellRefused ({ app, refused }: Pick<Proxied, 'app' | 'refused'>): void {
  app.addHook('onResponse', async (request: FastifyRequest, reply) => {
    const { upstream, rejection } = request as FastifyRequest & { rejection?: { reason: string } | null }
    refused.add({ id: request.id, at: Date.now(), status: reply.statusCode, client: request.ip, site: null, rejection: rejection?.reason ?? null, upstream: upstream?.server ?? null, error: upstream?.error?.code ?? null })
  })
}

t.test('many handshakes that are refused in the same way, and a storm of those who come back', async t => {
  const clock = madeTime(t)
  const server = createServer((_request, response) => { response.end() })
  server.on('upgrade', (_request, socket) => { socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n') })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const refusing = `http://127.0.0.1:${portOf(server)}`
  let subject: Proxied | null = null
  const held: Array<Parameters<Proxied['refused']['add']>[0]> = []
  subject = await proxied(t, { to: request => request.url === '/403' ? refusing : 'http://127.0.0.1:1' }, app => { tellRefused({ app, refused: { add: row => { held.push(row) } } as Proxied['refused'] }) })
  for (let i = 0; i < 5; i++) t.equal(await refusal(subject.port, '/403'), 403)
  for (let i = 0; i < 6; i++) t.equal(await refusal(subject.port, '/502'), 502)
  await eventually(() => held.length === 11, 'all have ended')
  for (const row of held) subject.refused.add(row)
  const findings = found(subject, clock)
  t.same(codes(findings).sort(), ['HANDSHAKES_FAILED', 'HANDSHAKES_REFUSED'])
  t.match(findings.find(({ code }) => code === 'HANDSHAKES_REFUSED'), { count: 5, sentence: `${refusing} answered 5 handshakes with 403 instead of 101.`, remedy: /Allow the origin/, filter: `ws:refused status:403 upstream:${refusing}` })
  t.match(findings.find(({ code }) => code === 'HANDSHAKES_FAILED'), { count: 6, sentence: '6 handshakes with http://127.0.0.1:1 failed with FST_ARR_UPSTREAM_REFUSED (502).' })
  for (let i = 0; i < 60; i++) subject.refused.add(held[i % 11]!)
  t.match(found(subject, clock).find(({ code }) => code === 'RECONNECT_STORM'), { count: 71, sentence: '1 client asked for a WebSocket 71 times in the last minute, 71 times each.' })
  clock.ahead += 120_000
  t.notOk(codes(found(subject, clock)).includes('RECONNECT_STORM'), 'and it is over when they stay away')
})

t.test('one address with most of many open WebSockets, through which nothing is said', async t => {
  const clock = madeTime(t)
  const { url } = await backend(t)
  const subject = await proxied(t, { upstream: url })
  const sockets = []
  for (let i = 0; i < 100; i++) sockets.push(await client(t, subject.port))
  t.match(found(subject, clock), [{ code: 'ONE_CLIENT_WITH_MANY', count: 100, sentence: '127.0.0.1 has 100 of the 100 open WebSockets.', filter: 'client:127.0.0.1', remedy: /trustProxy/ }])
  clock.ahead += 31_000
  for (const ws of sockets) ws.close(1000)
  await eventually(() => subject.app.tunnels.size === 0, 'all are over')
  const findings = found(subject, clock)
  t.match(findings.find(({ code }) => code === 'NEVER_SPOKE'), { count: 100, severity: 'information', sentence: /^Through 100 of 100 WebSockets/ })
  t.equal(findings.find(({ code }) => code === 'NEVER_SPOKE')?.examples.length, 20, 'a few examples')
})

t.test('a farm without a server', async t => {
  const clock = madeTime(t)
  const subject = await proxied(t, { upstream: 'http://chat' }, async app => {
    await app.register(serverFarm, { farms: [{ name: 'chat', servers: [{ address: '127.0.0.1', httpPort: 1, state: 'unavailableGracefully' }] }] } as never)
  })
  t.match(found(subject, clock), [{ code: 'FARM_DOWN', severity: 'error', sentence: 'The farm chat has no server for a new client: 127.0.0.1 is unavailableGracefully.', remedy: 'Set a server to `available`.' }])
})

t.test('findings are looked for at most every two seconds, however many ask, and end with the views', async t => {
  const clock = madeTime(t)
  const { url } = await backend(t)
  const subject = await proxied(t, { upstream: url })
  const first = subject.views.findings()
  t.equal(subject.views.findings(), first)
  clock.ahead += 2_000
  t.not(subject.views.findings(), first)
  subject.views.end()
  const ws = await client(t, subject.port)
  ws.close()
  await eventually(() => subject.app.tunnels.size === 0, 'it is over')
  t.equal(looked(subject, clock), 0)
})
