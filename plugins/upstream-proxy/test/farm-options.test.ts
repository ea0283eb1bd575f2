// The option `farms`: what holds for the exchanges with one farm alone.
import Fastify from 'fastify'
import t from 'tap'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'
import { farm, type CountingFarm } from './farm-subjects.ts'
import { answering, ask, proxy } from './forward-subjects.ts'
import { client, eventually, frame, handshake, proxy as tunnelProxy, rest, tcpUpstream, until } from './parts.ts'
import { agreeing, hear, open } from './tunnel-subjects.ts'

const TO: UpstreamProxyOptions['to'] = request => request.url.startsWith('/chat') ? 'http://chat/' : null

async function mistakesOf (options: object): Promise<string> {
  const app = Fastify()
  app.register(upstreamProxy, options)
  try {
    await app.ready()
    return ''
  } catch (error) {
    return (error as Error).message
  } finally {
    await app.close()
  }
}

t.test('all mistakes are in one error, each with its farm', async t => {
  t.equal(await mistakesOf({
    maxHeadSize: 0,
    farms: {
      chat: { timeouts: { answer: 5, connect: -1 }, hostHeader: 'a b', connections: { max: 0 }, websocket: { idleTimeout: 'x' } },
      Shop: { retries: 1 },
      sock: { websocket: { maxTunnels: 1 } },
      'a b': {},
      none: null
    }
  }), ['upstream-proxy: `maxHeadSize` must be a whole number, 1 or more',
    '`farms.chat.timeouts.answer` is no option; there are connect, handshake, firstByte, idle, keepAlive, send',
    '`farms.chat.hostHeader` must be upstream, preserve or what a Host header may hold',
    '`farms.chat.websocket.idleTimeout` must be a number from 0 to 2147483647, or an object',
    '`farms.chat.timeouts.connect` must be a number of milliseconds from 0 to 2147483647',
    '`farms.chat.connections.max` must be a whole number, 1 or more',
    '`farms.Shop.retries` is no option; there are hostHeader, forwarded, arrHeaders, timeouts, tls, websocket, connections, minBytesPerSecond, reverseRewrite, maxHeadSize',
    '`farms.sock.websocket.maxTunnels` is no option; there are idleTimeout, maxAge, closeGrace, halfCloseTimeout, keepAlive, ping, maxMessageSize, maxMessageRate, maxByteRate',
    '`farms` has "a b", which is no name of a farm',
    '`farms.none` must be an object'].join('; '))
  for (const farms of ['chat', [], 5]) t.equal(await mistakesOf({ farms }), 'upstream-proxy: `farms` must be an object with the options of each farm by its name')
  t.equal(await mistakesOf({ farms: { chat: {}, Chat: {} } }), 'upstream-proxy: `farms` has "chat" twice, in different cases; `farms` has "Chat" twice, in different cases')
  t.equal(await mistakesOf({ farms: { chat: {}, shop: { timeouts: { firstByte: 1 }, websocket: { ping: 1000 }, tls: { rejectUnauthorized: false } } } }), '')
})

t.test('headers and the reverse rewrite: the farm\'s own where they are given, the proxy\'s elsewhere', async t => {
  const backend = await answering(t, 'HTTP/1.1 302 Found\r\nLocation: /base/x\r\nContent-Length: 0\r\n\r\n')
  const { port } = await proxy(t, {
    upstream: `${backend.url}/base`,
    prefix: '/',
    to: ({ url }) => url === '/chat' ? 'http://chat/base/' : null,
    forwarded: { for: 'remove', host: 'remove', proto: 'remove' },
    farms: { CHAT: { hostHeader: 'preserve', forwarded: { for: 'set' }, reverseRewrite: false } }
  }, {}, app => { farm(app, [backend.url]) })
  t.match(await ask(port, { path: '/', headers: { host: 'public.test' } }), { headers: { location: '/x' } })
  t.match(await ask(port, { path: '/chat', headers: { host: 'public.test' } }), { headers: { location: '/base/x' } })
  const [own, farms] = backend.received().split('\r\n\r\n') as [string, string]
  t.match(own, `Host: ${backend.url.slice(7)}`)
  t.notMatch(own, /X-Forwarded-For/i)
  t.match(farms, /Host: public\.test/)
  t.match(farms, /X-Forwarded-For: 127/)
})

t.test('time limits and limits on connections', async t => {
  const silent = await tcpUpstream(t, () => {})
  const { port, facts } = await proxy(t, {
    upstream: silent.url,
    to: TO!,
    timeouts: { firstByte: 60_000, connect: 200 },
    farms: { chat: { timeouts: { firstByte: 300, handshake: 300 }, connections: { max: 1 } } }
  }, {}, app => { farm(app, [silent.url]) })
  const [first, second] = await Promise.all([ask(port, { path: '/chat' }), ask(port, { path: '/chat' })])
  t.same([first!.status, second!.status].sort(), [503, 504], 'one waited for its connection, as long as the proxy\'s own limit says')
  t.match(await facts(1), { farm: 'chat' })
  const near = client(t, port)
  near.write(handshake('/chat'))
  t.match(await rest(near), /^HTTP\/1\.1 504 /)
})

t.test('the limits of tunnels are the farm\'s; the number of tunnels and the drain are those of the proxy', async t => {
  const upstream = await agreeing(t)
  let counts: CountingFarm | undefined
  const { port, app } = await tunnelProxy(t, { upstream: upstream.url, to: TO!, websocket: { maxTunnels: 2, drain: { window: 0, deadline: 5000, code: 1012 } }, farms: { chat: { websocket: { maxMessageSize: 5 } } } },
    { before: app => { counts = farm(app, [upstream.url]) } })
  const plain = await open(t, port, upstream, '/plain')
  const farmed = await open(t, port, upstream, '/chat')
  t.equal(app.tunnels.size, 2)
  const third = client(t, port)
  third.write(handshake('/chat'))
  t.match(await rest(third), /^HTTP\/1\.1 503 [^]*FST_ARR_PROXY_TOO_MANY/)
  plain.far.write(frame(2, '123456'))
  t.equal(await until(plain.near, text => text.length === 8), '\x82\x06123456')
  farmed.far.write(frame(2, '123456'))
  const heard = hear(farmed.near)
  await eventually(() => heard.bytes > 3, 'it is told goodbye')
  t.equal(heard.buffer().readUInt16BE(2), 1009)
  farmed.near.destroy()
  farmed.far.destroy()
  await eventually(() => counts!.current === 0, 'it ends')
  const again = await open(t, port, upstream, '/chat')
  const closed = app.close()
  for (const { near, far } of [plain, again]) {
    const goodbye = await until(near, text => text.length >= 4)
    t.equal(Buffer.from(goodbye, 'latin1').readUInt16BE(2), 1012)
    near.destroy()
    far.destroy()
  }
  await closed
  t.equal(counts!.current, 0)
  t.same(counts!.told.at(-1)!.said, ['answered 101', 'opened', 'ended'])
})

t.test('a farm is no way past `websocket: false`', async t => {
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  const { port, app } = await proxy(t, { upstream: 'http://chat', websocket: false, farms: { chat: { websocket: { idleTimeout: 1000 } } } }, {}, app => { farm(app, [backend.url]) })
  const near = client(t, port)
  near.write(handshake())
  t.match(await until(near, text => text.endsWith('ok')), /^HTTP\/1\.1 200 OK/)
  t.notMatch(backend.received(), /upgrade/i)
  t.equal(app.tunnels.size, 0)
})
