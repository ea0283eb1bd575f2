// What onlookers are told of a WebSocket's handshake: its attempts, the upstream's answer, and what the client gets.
import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { client, eventually, handshake, proxy, rest, SWITCH, tcpUpstream, until } from './parts.ts'
import { lines, onlooker } from './told.ts'
import { agreeing, ask, AT_ONCE, http2Proxy, open, openStream, session, switchFor } from './tunnel-subjects.ts'

const DEAD = 'http://127.0.0.1:1'
const websocket = AT_ONCE
const cookies = (app: FastifyInstance) => { app.addHook('onSend', async (_, reply) => { reply.header('set-cookie', ['a=1', 'b=2']).header('x-hook', 'yes') }) }

t.test('HTTP/1.1: the 101 leaves with what hooks have set, and with Connection and Upgrade', async t => {
  const told = onlooker(t)
  const upstream = await agreeing(t, 'X-Up: 1\r\nSet-Cookie: c=3\r\n')
  const { port, requests } = await proxy(t, { upstream: upstream.url, websocket }, { before: cookies })
  await open(t, port, upstream, '/chat?x=1')
  t.same(told.moments(), ['began', 'sent', 'answered', 'left'])
  const [sent] = told.sent()
  t.equal(sent?.head, upstream.heads[0], 'the handshake is as it was written')
  t.match(sent, { request: requests[0], server: upstream.url, kept: false, remote: upstream.url.slice(7), tls: null, times: { lookup: null, secure: null } })
  t.type(sent?.times?.connect, 'number')
  t.match(told.answered(), [{ status: 101, reason: 'Switching Protocols', server: upstream.url }])
  t.match(lines(told.answered()[0]!.headers), ['Upgrade: websocket', 'Connection: Upgrade', 'X-Up: 1', 'Set-Cookie: c=3', /^Sec-WebSocket-Accept: /])
  t.equal(told.left()[0]?.status, 101)
  t.match(lines(told.left()[0]!.headers), ['Upgrade: websocket', 'Connection: Upgrade', 'X-Up: 1', 'Set-Cookie: c=3', /^Sec-WebSocket-Accept: /, 'set-cookie: a=1', 'set-cookie: b=2', 'x-hook: yes'])
})

t.test('HTTP/2: the WebSocket opens with a 200, and the upstream has answered 101', async t => {
  const told = onlooker(t)
  const upstream = await agreeing(t, 'X-Up: 1\r\n')
  const { port, requests } = await http2Proxy(t, { upstream: upstream.url, websocket }, cookies)
  await openStream(await session(t, port), upstream)
  t.same(told.moments(), ['began', 'sent', 'answered', 'left'])
  t.equal(told.sent()[0]?.head, upstream.heads[0])
  t.equal(told.answered()[0]?.status, 101)
  t.equal(told.left()[0]?.request, requests[0])
  t.same([told.left()[0]!.status, lines(told.left()[0]!.headers).sort()], [200, ['set-cookie: a=1', 'set-cookie: b=2', 'x-hook: yes', 'x-up: 1']])
})

for (const way of ['as it comes', 'through the reply']) {
  for (const http of ['1.1', '2']) {
    t.test(`HTTP/${http}: a refusal that goes ${way} is told once, as it came and as it leaves`, async t => {
      const told = onlooker(t)
      const { url } = await tcpUpstream(t, socket => socket.once('data', () => socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 401 No\r\nConnection: close\r\nX-Why: that\r\nContent-Length: 4\r\n\r\nnope')))
      const prepare = (app: FastifyInstance) => {
        app.addHook('onRequest', async (_, reply) => { reply.header('x-early', '1') })
        if (way !== 'as it comes') cookies(app)
      }
      const { port } = http === '2' ? await http2Proxy(t, { upstream: url, websocket }, prepare) : await proxy(t, { upstream: url, websocket }, { before: prepare })
      if (http === '2') {
        const stream = ask(await session(t, port))
        await once(stream, 'response')
        await rest(stream)
      } else {
        const socket = client(t, port)
        socket.write(handshake())
        await until(socket, text => text.endsWith('nope'))
      }
      t.same(told.moments(), ['began', 'sent', 'answered', 'answered', 'left'])
      t.same(told.answered().map(({ status, reason, headers }) => [status, reason, lines(headers)]), [
        [103, 'Early Hints', ['Link: </a>']],
        [401, 'No', ['Connection: close', 'X-Why: that', 'Content-Length: 4']]
      ])
      const own = way === 'as it comes' ? [] : ['set-cookie: a=1', 'set-cookie: b=2', 'x-hook: yes']
      t.equal(told.left()[0]?.status, 401)
      t.same(lines(told.left()[0]!.headers).map(line => line.toLowerCase()).filter(line => !line.startsWith('connection')).sort(), ['content-length: 4', 'x-why: that', 'x-early: 1', ...own].sort())
    })
  }
}

t.test('a server that cannot be reached is a failed attempt, and so is the last one', async t => {
  const told = onlooker(t)
  const upstream = await agreeing(t)
  const urls = [DEAD, upstream.url, DEAD]
  const { port } = await proxy(t, { to: () => urls.shift() as string, retries: 1, websocket })
  await open(t, port, upstream)
  t.same(told.moments(), ['began', 'failed', 'began', 'sent', 'answered', 'left'])
  t.same(told.began().map(({ server }) => server), [DEAD, upstream.url])
  t.match(told.failed(), [{ server: DEAD, code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect', systemCode: 'ECONNREFUSED' }])
  const socket = client(t, port)
  urls.push(DEAD)
  socket.write(handshake())
  await until(socket, text => text.includes('\r\n\r\n'))
  t.same(told.moments().slice(6), ['began', 'failed', 'began', 'failed'], 'and the proxy\'s own error is no answer of an upstream')
})

const FAILURES: Array<[what: string, answer: string, failed: object, answers: number]> = [
  ['is lost', '', { code: 'FST_ARR_UPSTREAM_RESET', moment: 'headers' }, 0],
  ['gives no valid HTTP', 'HTTP/2 101\r\n\r\n', { code: 'FST_ARR_UPSTREAM_BAD_ANSWER', moment: 'headers', systemCode: 'HPE_BAD_ANSWER' }, 0],
  ['switches to something else', SWITCH.replace('Upgrade: websocket', 'Upgrade: other'), { code: 'FST_ARR_UPSTREAM_BAD_ANSWER', moment: 'headers' }, 1],
  ['is cut within its refusal', 'HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\nno', { code: 'FST_ARR_UPSTREAM_RESET', moment: 'body' }, 1]
]

for (const [what, answer, failed, answers] of FAILURES) {
  t.test(`an upstream that ${what} is a failed attempt`, async t => {
    const told = onlooker(t)
    const { url } = await tcpUpstream(t, socket => socket.once('data', () => socket.end(answer)))
    const { port, closed } = await proxy(t, { upstream: url, websocket })
    const socket = client(t, port)
    socket.write(handshake())
    await eventually(() => told.failed().length === 1, 'it has failed')
    t.match(told.failed(), [{ server: url, ...failed }])
    t.equal(told.answered().length, answers)
    socket.destroy()
    await eventually(() => closed.length === 1, 'all is over')
    t.equal(told.failed().length, 1, 'told once')
  })
}

t.test('a client that leaves is no failed attempt, and one whose time is over is', async t => {
  const told = onlooker(t)
  const { url } = await tcpUpstream(t, () => {})
  const { port, closed } = await proxy(t, { upstream: url, websocket })
  const socket = client(t, port)
  socket.write(handshake())
  await eventually(() => told.sent().length === 1, 'it is sent')
  socket.resetAndDestroy()
  await eventually(() => closed.length === 1, 'the client has left')
  t.same(told.failed(), [])
  const hasty = await proxy(t, { upstream: url, websocket, timeouts: { handshake: 50 } })
  const other = client(t, hasty.port)
  other.write(handshake())
  t.match(await until(other, text => text.includes('\r\n\r\n')), /^HTTP\/1\.1 504 /)
  t.match(told.failed(), [{ code: 'FST_ARR_UPSTREAM_TIMEOUT', moment: 'headers' }])
})

t.test('a hook that fails after the 101 of the upstream: nothing leaves, and the attempt has not failed', async t => {
  const told = onlooker(t)
  const { url } = await tcpUpstream(t, socket => socket.once('data', data => socket.write(switchFor(data.toString('latin1')))))
  const { port } = await proxy(t, { upstream: url, websocket }, { before: app => { app.addHook('onSend', async (_, reply) => { if (reply.raw.statusCode === 101) throw new Error('no') }) } })
  const socket = client(t, port)
  socket.write(handshake())
  t.match(await until(socket, text => text.includes('\r\n\r\n')), /^HTTP\/1\.1 500 /)
  t.same(told.moments(), ['began', 'sent', 'answered'])
})
