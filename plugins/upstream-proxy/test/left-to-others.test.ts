// Upgrades that are left to the server's other listeners: each may expect another to answer, so the dispatcher answers in the end.
import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import { generate } from 'selfsigned'
import t from 'tap'
import { WebSocketServer } from 'ws'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { ask, client, eventually, handshake, proxy, rest, SWITCH, until, type Proxy } from './parts.ts'

type Test = Parameters<typeof proxy>[0]

const UPSTREAM = 'http://127.0.0.1:1'

/** A proxy of /api beside a listener that does what the test says. */
function beside (t: Test, listener: (socket: Socket, request: IncomingMessage) => void, options: UpstreamProxyOptions = {}): Promise<Proxy> {
  return proxy(t, { upstream: UPSTREAM, prefix: '/api', timeouts: { handshake: 100 }, ...options }, {
    after: app => app.server.on('upgrade', (request, socket: Socket) => { listener(socket, request) })
  })
}

t.test('an upgrade that every listener leaves to another is a 404 in the end', async t => {
  let asked = 0
  const { port, closed, requests } = await beside(t, () => { asked++ })
  const json = await ask(t, port, handshake('/none'))
  t.match(json, /^HTTP\/1\.1 404 Not Found\r\n/)
  t.match(json, '\r\nConnection: close\r\n')
  t.match(JSON.parse(json.slice(json.indexOf('\r\n\r\n') + 4)), { statusCode: 404, code: 'FST_ARR_PROXY_NO_UPSTREAM' })
  t.match(await ask(t, port, handshake('/none', 'Accept: text/html\r\n')), /^HTTP\/1\.1 404 Not Found\r\n[^]*<h1>404 Not Found<\/h1>/)
  t.equal(asked, 2)
  await eventually(() => closed.length === 2, 'reply.raw closes')
  t.equal(requests[0]!.upstream, null)
})

t.test('an upgrade on a local path is a 404 in the end as well, and no upstream is asked', async t => {
  let asked = 0
  const { port, requests } = await beside(t, () => { asked++ }, { prefix: '/', localUpgrades: ['/local'] })
  t.match(await ask(t, port, handshake('/local/x')), /^HTTP\/1\.1 404 Not Found\r\n/)
  t.equal(asked, 1)
  t.equal(requests.length, 0)
})

t.test('a local path is compared as the router reads it', async t => {
  const asked: string[] = []
  const { port, requests } = await beside(t, (socket, request) => {
    asked.push(request.url as string)
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
  }, { prefix: '/', localUpgrades: ['/local', '/caf%C3%A9/'] })
  const local = ['/local', '/local/x', '/local?x', '/%6cocal', '/loca%6C/x', 'http://example.com/local', 'HTTP://example.com/local/x?y', 'https://example.com/%6cocal', '/caf%c3%a9/x', '/%63af%C3%A9/']
  for (const target of local) t.match(await ask(t, port, handshake(target)), /^HTTP\/1\.1 403 /, target)
  t.same(asked, local)
  t.equal(requests.length, 0)
  for (const target of ['/locals', '/local%2fx', '/x/local', '/?/local', '/LOCAL', 'http://example.com', 'http://example.com?/local']) t.match(await ask(t, port, handshake(target)), /^HTTP\/1\.1 50\d /, target)
  t.same(asked, local)
})

t.test('beside @fastify/websocket too', async t => {
  const { port } = await proxy(t, { upstream: UPSTREAM, prefix: '/api', timeouts: { handshake: 100 } }, {
    after: async app => {
      await app.register(fastifyWebsocket)
      app.server.on('upgrade', () => {})
    }
  })
  t.match(await ask(t, port, handshake('/none')), /^HTTP\/1\.1 404 Not Found\r\n[^]*\r\nConnection: close\r\n/)
})

t.test('a WebSocket that @fastify/websocket injects is given to others for good', async t => {
  const late = await beside(t, () => {})
  const { app } = await proxy(t, { upstream: UPSTREAM, prefix: '/api', timeouts: { handshake: 100 } }, {
    after: async app => {
      await app.register(fastifyWebsocket)
      const wss = new WebSocketServer({ server: app.server, path: '/bare' })
      wss.on('connection', socket => socket.on('message', message => socket.send(`bare ${String(message)}`)))
      app.addHook('preClose', async () => { wss.close() })
    }
  })
  const ws = await app.injectWS('/bare')
  // When a later one is given up, this one would have been given up before.
  await ask(t, late.port, handshake('/none'))
  ws.send('hello')
  t.equal(String(await new Promise(resolve => { ws.on('message', resolve); ws.on('error', resolve) })), 'bare hello')
  ws.terminate()
})

for (const path of ['/none', '/local'] as const) {
  t.test(`a listener that answers ${path} by and by keeps its connection`, async t => {
    const { port, app } = await beside(t, socket => setImmediate(() => {
      socket.write(SWITCH)
      socket.on('data', chunk => socket.write(chunk))
      socket.on('end', () => socket.end())
    }), { localUpgrades: ['/local'] })
    const late = await beside(t, () => {})
    const socket = client(t, port)
    socket.write(handshake(path))
    t.equal(await until(socket, text => text.endsWith('\r\n\r\n')), SWITCH)
    // When a later one is given up, this one would have been given up before.
    await ask(t, late.port, handshake('/none'))
    socket.write('still here')
    t.equal(await until(socket, text => text.length >= 10), 'still here')
    const ended = app.close()
    socket.end()
    t.equal(await rest(socket), '')
    await ended
  })
}

t.test('a bare ws server that accepts after an asynchronous check keeps its connection', async t => {
  let asked: (accept: (yes: boolean) => void) => void
  const accept = new Promise<(yes: boolean) => void>(resolve => { asked = resolve })
  const { port } = await proxy(t, { upstream: UPSTREAM, prefix: '/api' }, {
    after: (app: FastifyInstance) => {
      const wss = new WebSocketServer({ server: app.server, verifyClient: (_, done) => asked(done) })
      wss.on('connection', socket => socket.close(4000))
      app.addHook('preClose', async () => { wss.close() })
    }
  })
  const socket = client(t, port)
  socket.write(handshake('/bare'))
  ;(await accept)(true)
  t.match(await until(socket, text => text.includes('\x0f\xa0')), /^HTTP\/1\.1 101 /)
})

t.test('a listener that ends the connection without an answer has answered', async t => {
  for (const way of ['destroy', 'end'] as const) {
    let gone: Promise<void> | undefined
    const { port } = await beside(t, socket => {
      gone = new Promise(resolve => socket.on('close', () => resolve()))
      socket[way]()
    })
    const socket = client(t, port)
    socket.write(handshake('/none'))
    t.equal(await rest(socket), '')
    // The client does not end it in its turn.
    await gone
  }
})

t.test('a listener that began an answer of its own, and never gives it, is not waited for either', async t => {
  const { port } = await beside(t, (socket, request) => { new ServerResponse(request).assignSocket(socket) }, { localUpgrades: ['/local'] })
  t.equal(await ask(t, port, handshake('/local')), '')
})

t.test('over TLS too, both ways', async t => {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 } as never)
  const { port } = await proxy(t, { upstream: UPSTREAM, prefix: '/api', timeouts: { handshake: 100 } }, {
    server: { https: { key: pems.private, cert: pems.cert } },
    after: app => app.server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
      if (request.url === '/mine') setImmediate(() => socket.write(SWITCH))
    })
  })
  const ask = (path: string) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
    socket.write(handshake(path))
    return socket
  }
  const mine = ask('/mine')
  t.equal(await until(mine, text => text.endsWith('\r\n\r\n')), SWITCH)
  t.match(await rest(ask('/none')), /^HTTP\/1\.1 404 Not Found\r\n/)
  t.notOk(mine.destroyed)
})

for (const path of ['/none', '/local'] as const) {
  t.test(`closing the server does not wait for an answer to ${path}`, async t => {
    let asked = () => {}
    const wasAsked = new Promise<void>(resolve => { asked = resolve })
    const { port, app } = await beside(t, asked, { localUpgrades: ['/local'], timeouts: { handshake: 0 } })
    const socket = client(t, port)
    socket.on('end', () => socket.end())
    socket.write(handshake(path))
    await wasAsked
    const answer = rest(socket)
    await app.close()
    t.match(await answer, /^HTTP\/1\.1 404 Not Found\r\n/)
  })
}

t.test('a client that leaves meanwhile ends the wait', async t => {
  const PATIENCE = 54_321
  const started = t.capture(globalThis, 'setTimeout', setTimeout)
  const cleared = t.capture(globalThis, 'clearTimeout', clearTimeout)
  let gone: Promise<void> | undefined
  const { port } = await beside(t, socket => {
    gone = new Promise(resolve => socket.on('close', () => resolve()))
    socket.resume()
  }, { timeouts: { handshake: PATIENCE } })
  const socket = client(t, port)
  socket.write(handshake('/none'))
  await eventually(() => gone !== undefined, 'the listener is asked')
  socket.resetAndDestroy()
  await gone
  const { returned: timer } = started().find(({ args }) => args[1] === PATIENCE) as unknown as { returned: NodeJS.Timeout }
  t.notOk(timer.hasRef(), 'nor does it keep the process')
  await eventually(() => cleared.args().some(([one]) => one === timer), 'the timer is cleared')
})
