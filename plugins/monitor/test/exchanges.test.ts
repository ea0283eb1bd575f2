// What is counted, of real requests and WebSockets through a real proxy.
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { request as ask } from 'node:http'
import { connect, type Socket } from 'node:net'
import fastifyWebSocket from '@fastify/websocket'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import Fastify from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import { RefusedHandshakes } from '../src/finding/records/refused.ts'
import { gather } from '../src/gathering/gather.ts'
import { RuleCounts } from '../src/views/configuration/rule-counts.ts'
import { open, proxySite, sumOf, until, watched } from './watched-site.ts'

t.test('requests by the second, with their times; those that fail, by status and by the error', async t => {
  const { port, views } = await proxySite(t)
  for (const path of ['/', '/', '/missing', '/nowhere', '/missing', '/']) await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  await until(() => sumOf(views, 'requests') === 6)
  t.equal(sumOf(views, 'clientErrors'), 2)
  t.equal(sumOf(views, 'serverErrors'), 1)
  t.equal(sumOf(views, 'handshakes'), 0)
  const { errors, inFlight, closes } = views.now()
  t.same(new Map(errors.map(({ name, count }) => [name, count])), new Map([['404', 2], ['502', 1], ['FST_ARR_UPSTREAM_REFUSED', 1]]))
  t.equal(errors[0]?.name, '404', 'the most frequent is the first')
  t.same(closes, [])
  t.equal(inFlight, 0)
  const { seconds, minutes } = views.history()
  t.ok(seconds.p50.some(time => time !== null && time > 0 && time < 60_000))
  t.equal(seconds.at.length, seconds.p99.length)
  t.ok(minutes.requests.some(rate => rate > 0), 'the minute that goes on is there')
})

t.test('100 WebSockets open, 7 of them closed with 1008: no requests, and no times', async t => {
  const { port, views, app } = await proxySite(t)
  const sockets = await Promise.all(Array.from({ length: 100 }, async () => await open(t, port)))
  t.equal(views.now().inFlight, 100)
  for (const socket of sockets.slice(0, 7)) socket.send('policy')
  sockets[7]?.terminate()
  await until(() => sumOf(views, 'closed') === 8)
  await until(() => views.now().point.open === 92)
  t.equal(sumOf(views, 'handshakes'), 100)
  t.equal(sumOf(views, 'requests'), 0)
  t.same(views.now().closes, [{ name: '1008', count: 7 }, { name: 'none', count: 1 }])
  t.same(views.now().errors, [])
  t.ok(views.history().seconds.p99.every(time => time === null), 'a life would spoil the times')
  t.equal(app.tunnels.size, 92)
})

t.test('a refused WebSocket is a handshake, a request and an error', async t => {
  const { port, views } = await proxySite(t)
  const socket = new WebSocket(`ws://127.0.0.1:${port}/forbidden`)
  await once(socket, 'error')
  await until(() => sumOf(views, 'handshakes') === 1)
  t.equal(sumOf(views, 'requests'), 1)
  t.equal(sumOf(views, 'closed'), 0)
  t.same(views.now().errors, [{ name: '403', count: 1 }])
})

t.test('a client that leaves without an answer is a 499', async t => {
  const { port, views } = await proxySite(t)
  const client = ask({ port, host: '127.0.0.1', path: '/never' }).end()
  client.on('error', () => {})
  await until(() => views.now().inFlight === 1)
  client.destroy()
  await until(() => sumOf(views, 'requests') === 1)
  t.equal(views.now().errors.find(({ name }) => name === '499')?.count, 1)
  t.equal(sumOf(views, 'clientErrors'), 0, 'it is no answer')
})

t.test('so is one that leaves where no proxy says so', async t => {
  const { port, views } = await watched(t, Fastify(), app => { app.get('/never', () => new Promise(() => {})) })
  const client = ask({ port, host: '127.0.0.1', path: '/never' }).end()
  client.on('error', () => {})
  await until(() => views.now().inFlight === 1)
  client.destroy()
  await until(() => sumOf(views, 'requests') === 1)
  t.same(views.now().errors, [{ name: '499', count: 1 }])
})

t.test('requests of a pipeline whose connection is lost are over, each counted once', async t => {
  let came = 0
  let arrived = (): void => {}
  const all = new Promise<void>(resolve => { arrived = () => { if (++came === 3) resolve() } })
  const { port, views } = await watched(t, Fastify(), app => {
    app.get('/never/*', () => { arrived(); return new Promise(() => {}) })
    app.get('/*', async () => 'page')
  })
  const whole = connect(port, '127.0.0.1')
  whole.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await once(whole.resume(), 'end')
  const lost = connect(port, '127.0.0.1')
  lost.write(['/never/1', '/never/2', '/never/3'].map(path => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
  await all
  lost.resetAndDestroy()
  await until(() => sumOf(views, 'requests') === 5)
  t.equal(views.now().inFlight, 0)
})

t.test('the life of a WebSocket that this server itself accepts is no time of a request', async t => {
  const { port, views } = await watched(t, Fastify(), async app => {
    await app.register(fastifyWebSocket)
    app.get('/own', { websocket: true }, () => {})
  })
  const socket = await open(t, port, '/own')
  t.equal(views.now().inFlight, 1)
  socket.close(1000)
  await until(() => sumOf(views, 'closed') === 1)
  t.equal(sumOf(views, 'handshakes'), 1)
  t.equal(sumOf(views, 'requests'), 0)
  t.same(views.now().errors, [])
})

t.test('a request that a rule sends to another route is one, and its facts are those of the second way', async t => {
  const { port, views } = await proxySite(t, async app => {
    await app.register(urlRewrite, {
      reroute: true,
      globalRules: [
        { name: 'moved', match: { url: '^old$' }, action: { type: 'Rewrite', url: '/new' } },
        { name: 'lost', match: { url: '^lost$' }, action: { type: 'Rewrite', url: '/missing' } }
      ]
    })
    app.get('/new', async () => 'new')
  })
  const followed = views.exchanges('')
  t.equal(await (await fetch(`http://127.0.0.1:${port}/old`)).text(), 'new')
  await (await fetch(`http://127.0.0.1:${port}/lost`)).text()
  await until(() => sumOf(views, 'requests') === 2)
  t.equal(views.now().inFlight, 0)
  t.match(followed.read().rows, [{ path: '/old', rule: 'moved', status: 200, upstream: null }, { path: '/lost', rule: 'lost', status: 404, upstream: /^http:/ }])
  followed.end()
})

t.test('a request that was refused before any hook is an error', async t => {
  const { port, views } = await proxySite(t)
  const socket = connect(port, '127.0.0.1')
  socket.write('CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n')
  const [answer] = await once(socket, 'data') as [Buffer]
  const status = / (\d{3}) /.exec(String(answer))?.[1]
  socket.destroy()
  await until(() => sumOf(views, 'requests') === 1)
  t.same(views.now().errors, [{ name: status, count: 1 }])
})

t.test('bytes are those that the client counts: kept connections, a WebSocket, nothing twice', async t => {
  const { port, views } = await proxySite(t)
  const client = connect(port, '127.0.0.1')
  for (let i = 0; i < 3; i++) {
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n' + 'x'.repeat(1000))
    await once(client, 'data')
  }
  const socket = await open(t, port)
  const { _socket: plain } = socket as unknown as { _socket: Socket }
  for (let i = 0; i < 20; i++) {
    socket.send('m'.repeat(5000))
    await once(socket, 'message')
  }
  const isAll = (): boolean => sumOf(views, 'received') === client.bytesWritten + plain.bytesWritten && sumOf(views, 'sent') === client.bytesRead + plain.bytesRead
  await until(isAll)
  t.ok(sumOf(views, 'received') > 100_000, 'while both are open')
  socket.close(1000)
  client.destroy()
  await until(() => views.now().point.open === 0)
  await until(isAll)
  t.pass('and after their end')
})

t.test('bytes of HTTP/2 are those of its connection, to its end', async t => {
  const { port, views } = await watched(t, Fastify({ http2: true }) as never, app => {
    app.get('/', async () => 'x'.repeat(50_000))
  })
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  let end = { received: 0, sent: 0 }
  session.once('connect', () => {
    session.socket.on('close', function (this: Socket) { end = { received: this.bytesWritten, sent: this.bytesRead } })
  })
  for (let i = 0; i < 3; i++) await once(session.request({ ':path': '/' }).resume(), 'end')
  session.close()
  await once(session, 'close')
  await until(() => end.sent > 0 && sumOf(views, 'received') === end.received && sumOf(views, 'sent') === end.sent)
  t.ok(end.sent > 150_000)
  t.equal(sumOf(views, 'requests'), 3)
})

t.test('what the page itself asks for is neither counted nor shown, nor are its bytes', async t => {
  let end = (): void => {}
  const { port, views } = await watched(t, Fastify(), app => {
    app.get('/monitor/events', { config: { monitor: true } as never }, (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200)
      reply.raw.write('x'.repeat(10_000))
      end = () => { reply.raw.end() }
    })
    app.get('/', async () => 'page')
  })
  const followed = views.exchanges('')
  const client = connect(port, '127.0.0.1')
  client.write('GET /monitor/events HTTP/1.1\r\nHost: a\r\n\r\n')
  while (client.bytesRead < 10_000) await once(client, 'data')
  t.equal(views.now().inFlight, 0)
  end()
  while (client.bytesRead < 10_010) await once(client, 'data')
  const before = client.bytesRead
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(client, 'data')
  await until(() => sumOf(views, 'requests') === 1)
  await until(() => sumOf(views, 'sent') > 0)
  t.ok(sumOf(views, 'sent') <= client.bytesRead - before + 20, `${sumOf(views, 'sent')} bytes`)
  t.match(followed.read().rows, [{ path: '/' }])
  client.destroy()
})

t.test('the timer keeps no process alive, and ends with the server', async t => {
  const timers: NodeJS.Timeout[] = []
  const ended: unknown[] = []
  const { setTimeout: set, clearTimeout: clear } = globalThis
  t.teardown(() => { Object.assign(globalThis, { setTimeout: set, clearTimeout: clear }) })
  Object.assign(globalThis, {
    setTimeout: (...parts: Parameters<typeof set>) => { timers.push(set(...parts)); return timers.at(-1) },
    clearTimeout: (timer: NodeJS.Timeout) => { ended.push(timer); clear(timer) }
  })
  const { end } = gather(Fastify(), { rules: new RuleCounts(), refused: new RefusedHandshakes() })
  Object.assign(globalThis, { setTimeout: set })
  t.equal(timers.length, 1)
  t.notOk(timers[0]?.hasRef())
  end()
  t.same(ended.length, 1)
  t.equal(ended[0], timers[0])
})
