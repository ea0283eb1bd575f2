// What is no request for a web server is refused before the router sees it: CONNECT, RTSP, ICE, methods that no route can have.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import http2, { type IncomingHttpHeaders } from 'node:http2'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { RequestRefusal } from '@fastify-arr/facts'
import Fastify, { type FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'
import { proxy, talk, upstream } from './forward-subjects.ts'
import { client, handshake, rest, until } from './parts.ts'

/** A proxy that records what its upstream gets, and what the server's log says. */
async function subject (t: Test, options: UpstreamProxyOptions = {}, server: FastifyServerOptions = {}) {
  const arrived: string[] = []
  const entries: Array<Record<string, unknown>> = []
  const url = await upstream(t, (request, response) => {
    arrived.push(`${request.method} ${request.url}`)
    response.end('ok')
  })
  const stream = { write: (text: string) => { entries.push(JSON.parse(text)) } }
  const { port, app, requests } = await proxy(t, { upstream: url, ...options }, { logger: { stream, level: 'info' }, disableRequestLogging: true, ...server } as FastifyServerOptions)
  // The address that Fastify tells at the start.
  entries.length = 0
  return { port, app, requests, arrived, entries }
}

/** Collects what is published for the rest of a test. */
function refusals (t: Test): RequestRefusal[] {
  const told: RequestRefusal[] = []
  const onRefusal = (message: unknown) => { told.push(message as RequestRefusal) }
  subscribe('fastify-arr:request.refused', onRefusal)
  t.teardown(() => unsubscribe('fastify-arr:request.refused', onRefusal))
  return told
}

const CONNECT = 'CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n'
const REFUSED = 'HTTP/1.1 405 Method Not Allowed\r\nAllow: \r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

for (const websocket of [true, false]) {
  t.test(`CONNECT is a 405 with an empty Allow, and published (websocket: ${websocket})`, async t => {
    const { port, app, arrived, requests, entries } = await subject(t, { websocket })
    t.equal(await talk(port, CONNECT), REFUSED)
    t.match(entries, [{ level: 30, method: 'CONNECT', status: 405, msg: 'upstream-proxy: refused a request by its method' }], 'one line where nobody listens')
    t.equal(entries.length, 1)
    const told = refusals(t)
    t.equal(await talk(port, CONNECT), REFUSED)
    t.equal(entries.length, 1, 'and none where somebody does')
    t.equal(told.length, 1)
    t.match(told[0], { address: '127.0.0.1', reason: 'method', status: 405, request: { method: 'CONNECT', url: 'other.test:443' } })
    t.equal(told[0]!.server, app.server)
    t.same([arrived, requests], [[], []])
  })
}

t.test('a CONNECT waits for its turn in the pipeline', async t => {
  const { port } = await subject(t)
  const text = await talk(port, `GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n${CONNECT}GET /behind HTTP/1.1\r\nHost: a\r\n\r\n`)
  t.same(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 405'])
  t.ok(text.endsWith(REFUSED))
})

t.test('a client that goes on sending after its CONNECT, or resets, ends no process', async t => {
  const { port } = await subject(t)
  const near = client(t, port)
  near.write(CONNECT + 'x'.repeat(100_000))
  t.equal(await rest(near), REFUSED)
  const resetting = client(t, port)
  resetting.write(CONNECT)
  await once(resetting, 'data')
  resetting.resetAndDestroy()
  t.match(await talk(port, 'GET / HTTP/1.0\r\n\r\n'), / 200 /)
})

t.test('a user\'s own listener gets each CONNECT, whenever it is added', async t => {
  const { port, app } = await subject(t)
  const own = (_request: unknown, socket: Socket) => { socket.end('own') }
  app.server.on('connect', own)
  t.equal(await talk(port, CONNECT), 'own')
  app.server.off('connect', own)
  t.equal(await talk(port, CONNECT), REFUSED)
  const observer = Object.assign(() => {}, { [Symbol.for('fastify-arr.observes')]: true })
  app.server.on('connect', observer)
  t.equal(await talk(port, CONNECT), REFUSED, 'one that only looks does not count')
})

t.test('several proxies refuse once, and on a closed server nobody is left at the entrance', async t => {
  const { port, app } = await subject(t, { prefix: '/a' })
  t.equal(app.server.listenerCount('connect'), 1)
  const told = refusals(t)
  await talk(port, CONNECT)
  t.equal(told.length, 1)
  await app.close()
  t.equal(app.server.listenerCount('connect'), 0)

  const two = Fastify()
  await two.register(upstreamProxy, { upstream: 'http://127.0.0.1:1', prefix: '/a' })
  await two.register(upstreamProxy, { upstream: 'http://127.0.0.1:1', prefix: '/b', websocket: false })
  await two.ready()
  t.equal(two.server.listenerCount('connect'), 1)
  await two.close()
  t.equal(two.server.listenerCount('connect'), 0)
  t.notOk(Object.hasOwn(two.server, 'emit'))
})

t.test('over HTTP/2 a plain CONNECT is a 405, and a method that no route can have a 501', async t => {
  const { port, arrived, requests, entries } = await subject(t, {}, { http2: true } as object)
  const told = refusals(t)
  const session = http2.connect(`http://127.0.0.1:${port}`)
  t.teardown(() => session.destroy())
  const statuses: unknown[] = []
  for (const headers of [{ ':method': 'CONNECT', ':authority': 'other.test:443' }, { ':method': 'ANNOUNCE' }, { ':method': 'X-MINE' }, { ':method': 'get' }, { ':method': 'PROPFIND' }]) {
    const stream = session.request(headers)
    const [answer] = await once(stream, 'response') as [IncomingHttpHeaders]
    statuses.push(answer[':status'])
    stream.close()
  }
  t.same(statuses, [405, 501, 501, 501, 200])
  t.same(told.map(({ reason, status, request }) => `${reason} ${request.method} ${status}`), ['method CONNECT 405', 'method ANNOUNCE 501', 'method X-MINE 501', 'method get 501'])
  t.same(arrived, ['PROPFIND /'])
  t.equal(requests.length, 1)
  t.same(entries, [], 'no list of routes')
})

// Each is refused, whole or in several packets.
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  'RTSP\'s GET': ['GET /m RTSP/1.0\r\n\r\n'],
  'RTSP\'s POST': ['POST /m RTSP/1.0\r\nContent-Length: 2\r\n\r\nhi'],
  'RTSP\'s OPTIONS': ['OPTIONS rtsp://a.test/m RTSP/1.0\r\nCSeq: 1\r\n\r\n'],
  'RTSP\'s OPTIONS for all': ['OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'],
  'RTSP 2.0': ['GET /m RTSP/2.0\r\nHost: a\r\n\r\n'],
  'HTTP/2.0 in a request line': ['GET /m HTTP/2.0\r\nHost: a\r\n\r\n'],
  ...Object.fromEntries(['ANNOUNCE', 'DESCRIBE', 'SETUP', 'PLAY', 'PAUSE', 'TEARDOWN', 'RECORD', 'REDIRECT', 'FLUSH', 'GET_PARAMETER', 'SET_PARAMETER'].map(method => [method, [`${method} rtsp://a.test/m RTSP/1.0\r\nCSeq: 1\r\n\r\n`]])),
  'ANNOUNCE in RTSP/1.1': ['ANNOUNCE /m RTSP/1.1\r\nHost: a\r\n\r\n'],
  'ANNOUNCE that expects something': ['ANNOUNCE /m RTSP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n'],
  'ANNOUNCE that upgrades': ['ANNOUNCE /m RTSP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
  'SOURCE of ICE': ['SOURCE /m ICE/1.0\r\nAuthorization: Basic eDp5\r\n\r\n'],
  'SOURCE of ICE/1.1': ['SOURCE /m ICE/1.1\r\nHost: a\r\n\r\n'],
  'several spaces': ['GET   /m    RTSP/1.0\r\n\r\n'],
  'empty lines before it': ['\r\n\r\nGET /m RTSP/1.0\r\n\r\n'],
  'a head in two packets, cut before the request line': ['\r\n', 'GET /m RTSP/1.0\r\nCSeq: 1\r\n\r\n'],
  'ANNOUNCE, a packet for each line': ['ANNOUNCE /m RTSP/1.0\r\n', 'CSeq: 1\r\n', '\r\n']
}

for (const [name, packets] of Object.entries(OTHERS)) {
  t.test(`${name} is a 400 and one short line`, async t => {
    const { port, arrived, requests, entries, app } = await subject(t)
    const near = client(t, port)
    const accepted = once(app.server, 'connection') as Promise<[Socket]>
    let sent = 0
    for (const packet of packets) {
      near.write(packet, 'latin1')
      sent += packet.length
      const [far] = await accepted
      // The next one is written once this one was read: so it is a packet of its own.
      while (far.bytesRead < sent && packet !== packets.at(-1)) await new Promise(setImmediate)
    }
    const text = await rest(near)
    t.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/)
    t.match(text, /\r\nConnection: close\r\n/i)
    t.same([arrived, requests], [[], []])
    t.equal(entries.length, 1)
    t.match(entries[0], { level: 30, status: 400, msg: 'upstream-proxy: refused a request that is not HTTP' })
    t.ok(JSON.stringify(entries[0]).length < 300)
  })
}

t.test('in a pipeline, what is HTTP is answered and what is not ends the connection', async t => {
  const { port, arrived } = await subject(t)
  const text = await talk(port, 'GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\nGET /c RTSP/1.0\r\nConnection: keep-alive\r\n\r\nGET /d HTTP/1.1\r\nHost: a\r\n\r\n')
  t.same(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400'])
  t.same(arrived.filter(request => request !== 'GET /d'), ['GET /a', 'GET /b'])
  const same = await talk(port, 'GET /e HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /e RTSP/1.0\r\n\r\n')
  t.match(same, /HTTP\/1\.1 400 /, 'the same target in both protocols')
})

t.test('what is HTTP is served, whatever it speaks of', async t => {
  const { port, arrived, entries } = await subject(t)
  const served = [
    'GET /m HTTP/1.0\r\n\r\n',
    'GET /RTSP/1.0 HTTP/1.0\r\nUser-Agent: player RTSP/1.0\r\n\r\n',
    'POST /p HTTP/1.0\r\nContent-Length: 20\r\n\r\nGET /q RTSP/1.0\r\n\r\n ',
    'SOURCE /s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    'SOURCE /s HTTP/1.0\r\n\r\n',
    'OPTIONS * HTTP/1.0\r\n\r\n'
  ]
  for (const bytes of served) t.match(await talk(port, bytes), /^HTTP\/1\.1 200 /, bytes)
  t.same(arrived, ['GET /m', 'GET /RTSP/1.0', 'POST /p', 'SOURCE /s', 'SOURCE /s', 'OPTIONS *'])
  // Its end comes later than its request line, as from a keyboard.
  const { port: another, app } = await subject(t)
  const near = client(t, another)
  near.write('GET /typed HTTP/1.0\r\n')
  const [far] = await once(app.server, 'connection') as [Socket]
  while (far.bytesRead === 0) await new Promise(setImmediate)
  near.write('\r\n')
  t.match(await until(near, text => text.includes('ok')), /^HTTP\/1\.1 200 /)
  t.same(entries, [])
})

t.test('without Node\'s private parser nothing is read, and nothing breaks', async t => {
  const { port, app, arrived } = await subject(t)
  app.server.on('connection', socket => {
    const { parser } = socket as unknown as { parser: { getCurrentBuffer?: unknown } }
    parser.getCurrentBuffer = undefined
  })
  t.match(await talk(port, 'GET /m RTSP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /)
  t.match(await talk(port, 'ANNOUNCE /m RTSP/1.0\r\n\r\n'), /^HTTP\/1\.1 400 /, 'a method is known without it')
  t.same(arrived, ['GET /m'])
})

t.test('every address of localhost has the same entrance', async t => {
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(upstreamProxy, { upstream: 'http://127.0.0.1:1' })
  let attempts = 0
  do {
    if (attempts > 0) await new Promise(resolve => app.server.close(resolve))
    await app.listen({ port: 0, host: 'localhost' })
    // The port of the first address may be taken on the second one, which Fastify then leaves out.
  } while (app.addresses().length < 2 && ++attempts < 1)
  const told = refusals(t)
  for (const { address, port } of app.addresses() as AddressInfo[]) {
    for (const [bytes, status] of [[CONNECT, 405], ['GET /m RTSP/1.0\r\n\r\n', 400]] as const) {
      const socket = connect(port, address)
      socket.write(bytes)
      t.match(await rest(socket), new RegExp(`^HTTP/1\\.1 ${status} `), `${address} ${status}`)
    }
  }
  t.equal(told.length, 2 * app.addresses().length)
})

t.test('an upgrade of a WebSocket passes the entrance', async t => {
  const { port, arrived } = await subject(t)
  t.match(await talk(port, handshake(), /\r\n\r\n/), /^HTTP\/1\.1 200 /, 'here to an upstream without WebSockets')
  t.same(arrived, ['GET /'])
})
