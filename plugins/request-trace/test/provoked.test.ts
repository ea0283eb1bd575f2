// Each fault once, with real parts: the recording sees it, and the diagnosis names it.
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { AddressInfo } from 'node:net'
import type { UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import { answeringClose, client, closeFrame, faulty, findingIn, frame, handshake, HAS_NGINX, nginx, refusing, switching, traced, type Client, type Fault } from './faults.ts'

/** The trace of one handshake with an upstream that has this fault; `act` is the client's part after its handshake. */
async function provoke (t: Test, fault: Fault, { headers = {}, options = {}, act = async () => {} }: { headers?: Record<string, string | null>, options?: UpstreamProxyOptions, act?: (client: Client) => Promise<void> } = {}) {
  const upstream = await faulty(t, fault)
  const proxy = await traced(t, { upstream, ...options })
  const near = client(t, proxy.port, handshake(headers))
  await act(near)
  return proxy.next()
}

const open: Fault = (socket, head) => { socket.write(switching(head)) }

t.test('an extension that was not offered', async t => {
  const trace = await provoke(t, (socket, head) => { socket.end(switching(head, 'Sec-WebSocket-Extensions: permessage-deflate\r\n')) })
  t.match(findingIn(trace, 'EXTENSION_NOT_OFFERED'), { severity: 'error', sentence: /permessage-deflate/ })
})

t.test('an Accept that does not fit', async t => {
  const trace = await provoke(t, (socket, head) => { socket.end(switching(head, '', 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=')) })
  t.match(findingIn(trace, 'ACCEPT_MISMATCH'), { sentence: /AAAA.*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/ })
})

t.test('a compressed frame that nobody agreed to', async t => {
  const trace = await provoke(t, (socket, head) => { socket.end(Buffer.concat([Buffer.from(switching(head)), frame(1, 'packed', { rsv: 0x40 })])) }, { act: async ({ until, socket }) => { await until('packed'); socket.end() } })
  t.match(trace.findings[0], { code: 'COMPRESSION_NOT_AGREED', sentence: /^The upstream sent a frame with RSV1/ })
})

t.test('what is no WebSocket behind a 101', async t => {
  const trace = await provoke(t, (socket, head) => { socket.end(`${switching(head)}HTTP/1.1 200 OK\r\n\r\n`) }, { act: async ({ closed }) => { await closed } })
  t.match(findingIn(trace, 'FRAMES_UNREADABLE'), { sentence: /What the upstream sends .*: a part of a control frame, which may have no parts came/ })
})

t.test('a client that does not mask its frames, and an upstream that masks them', async t => {
  const client = await provoke(t, open, { act: async ({ socket, until }) => { await until('\r\n\r\n'); socket.end(frame(1, 'plain')) } })
  t.match(findingIn(client, 'FRAMES_UNREADABLE'), { sentence: /What the client sends .*: a frame without a mask came/ })
  const upstream = await provoke(t, (socket, head) => { socket.end(Buffer.concat([Buffer.from(switching(head)), frame(1, 'hidden', { masked: true })])) }, { act: async ({ closed }) => { await closed } })
  t.match(findingIn(upstream, 'FRAMES_UNREADABLE'), { sentence: /What the upstream sends .*: a masked frame came/ })
})

t.test('silence, then a cut from the side of the upstream', async t => {
  const trace = await provoke(t, (socket, head) => {
    open(socket, head)
    socket.write(frame(1, 'hello'))
    setTimeout(() => socket.destroy(), 1_800)
  }, { act: async ({ until, closed }) => { await until('hello'); await closed } })
  t.match(findingIn(trace, 'SILENCE_CUT'), { sentence: /from the side of the upstream after [12]\.\d s in which nothing passed/, remedy: /to: 'upstream'/ })
  t.match(findingIn(trace, 'NO_PINGS'), { code: 'NO_PINGS' })
})

t.test('a Close that the upstream never answers', async t => {
  const trace = await provoke(t, open, {
    act: async ({ socket, until }) => {
      await until('\r\n\r\n')
      socket.write(closeFrame(1000, '', true))
      await new Promise(resolve => setTimeout(resolve, 900))
      socket.destroy()
    }
  })
  t.match(findingIn(trace, 'CLOSE_NOT_ANSWERED'), { sentence: /^The client sent a Close \(1000\), and the upstream did not answer it in/ })
})

for (const [code, name] of [[1008, 'CLOSE_POLICY'], [1009, 'CLOSE_TOO_BIG'], [1011, 'CLOSE_INTERNAL_ERROR'], [4401, 'CLOSE_APPLICATION']] as const) {
  t.test(`a real upstream that closes with ${code}`, async t => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    t.teardown(() => wss.close())
    await once(wss, 'listening')
    wss.on('connection', socket => socket.on('message', () => socket.close(code, 'why')))
    const proxy = await traced(t, { upstream: `http://127.0.0.1:${(wss.address() as AddressInfo).port}` })
    const near = new WebSocket(`ws://127.0.0.1:${proxy.port}/socket`)
    await once(near, 'open')
    near.send('x'.repeat(40_000))
    await once(near, 'close')
    const trace = await proxy.next()
    t.match(findingIn(trace, name), { code: name, sentence: new RegExp(`^The upstream closed with ${code} "why"`) })
    if (code === 1009) t.match(findingIn(trace, name), { sentence: /the largest from the client has/ })
  })
}

t.test('a real WebSocket, compressed, with pings, that closes in order has nothing wrong', async t => {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } })
  t.teardown(() => wss.close())
  await once(wss, 'listening')
  wss.on('connection', socket => socket.on('message', (message, binary) => {
    socket.ping()
    socket.send(message, { binary })
  }))
  const proxy = await traced(t, { upstream: `http://127.0.0.1:${(wss.address() as AddressInfo).port}` })
  const near = new WebSocket(`ws://127.0.0.1:${proxy.port}/socket`, { perMessageDeflate: { threshold: 0 } })
  await once(near, 'open')
  near.send('a'.repeat(2_000))
  await once(near, 'message')
  near.close(1000)
  await once(near, 'close')
  t.same((await proxy.next()).findings.filter(({ severity }) => severity !== 'information').map(({ code, sentence }) => `${code}: ${sentence}`), [])
})

t.test('a reset, and an end right after the 101', async t => {
  const reset = await provoke(t, (socket, head) => {
    open(socket, head)
    socket.write(frame(1, 'hello'))
    socket.once('data', () => socket.resetAndDestroy())
  }, { act: async ({ socket, until, closed }) => { await until('hello'); socket.write(frame(1, 'a', { masked: true })); await closed } })
  t.ok(['RESET', 'ENDED_AFTER_FIRST_MESSAGE'].some(code => findingIn(reset, code).code === code), reset.findings.map(({ code }) => code).join())
  const atOnce = await provoke(t, (socket, head) => { socket.end(switching(head)) }, { act: async ({ closed }) => { await closed } })
  t.match(findingIn(atOnce, 'ENDED_AT_ONCE'), { code: 'ENDED_AT_ONCE' })
})

t.test('statuses in the place of a 101', async t => {
  const all: Array<[status: string, code: string, more?: string, headers?: Record<string, string>]> = [
    ['200 OK', 'HANDSHAKE_IGNORED', 'Content-Type: text/html\r\n'],
    ['403 Forbidden', 'ORIGIN_REFUSED', '', { Origin: 'https://chat.example' }],
    ['401 Unauthorized', 'AUTHENTICATION_REQUIRED', 'WWW-Authenticate: Bearer\r\n'],
    ['404 Not Found', 'PATH_NOT_FOUND'],
    ['426 Upgrade Required', 'UPGRADE_REQUIRED'],
    ['421 Misdirected Request', 'HOST_REFUSED'],
    ['302 Found', 'HANDSHAKE_REDIRECTED', 'Location: /login\r\n']
  ]
  for (const [status, code, more, headers] of all) {
    const trace = await provoke(t, refusing(status, more), { ...headers === undefined ? {} : { headers }, act: async ({ until }) => { await until(status.slice(0, 3)) } })
    t.match(findingIn(trace, code), { code }, status)
  }
})

t.test('sub-protocols', async t => {
  const none = await provoke(t, (socket, head) => { socket.end(switching(head)) }, { headers: { 'Sec-WebSocket-Protocol': 'chat.v1' } })
  t.match(findingIn(none, 'SUBPROTOCOL_NOT_ANSWERED'), { code: 'SUBPROTOCOL_NOT_ANSWERED' })
  const other = await provoke(t, (socket, head) => { socket.end(switching(head, 'Sec-WebSocket-Protocol: mqtt\r\n')) }, { headers: { 'Sec-WebSocket-Protocol': 'chat.v1' } })
  t.match(findingIn(other, 'SUBPROTOCOL_NOT_ASKED'), { code: 'SUBPROTOCOL_NOT_ASKED' })
})

t.test('an upstream that is not there, that hangs up, or talks nonsense', async t => {
  const refused = await traced(t, { upstream: 'http://127.0.0.1:1' })
  client(t, refused.port, handshake())
  t.match(findingIn(await refused.next(), 'UPSTREAM_REFUSED'), { sentence: /^http:\/\/127\.0\.0\.1:1 does not accept connections \(ECONNREFUSED\)/ })
  t.match(findingIn(await provoke(t, socket => { socket.destroy() }), 'UPSTREAM_RESET'), { code: 'UPSTREAM_RESET' })
  t.match(findingIn(await provoke(t, socket => { socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n') }), 'UPSTREAM_BAD_ANSWER'), { code: 'UPSTREAM_BAD_ANSWER' })
  t.match(findingIn(await provoke(t, () => {}, { options: { timeouts: { handshake: 200 } } }), 'UPSTREAM_TIMEOUT'), { code: 'UPSTREAM_TIMEOUT' })
  const plain = await faulty(t, refusing('200 OK'))
  const secure = await traced(t, { upstream: plain.replace('http:', 'https:') })
  client(t, secure.port, handshake())
  t.ok((await secure.next()).findings.some(({ code }) => ['TLS_TO_PLAIN_PORT', 'UPSTREAM_RESET', 'UPSTREAM_TLS', 'UPSTREAM_CONNECT_TIMEOUT'].includes(code)))
})

t.test('a client that leaves before the answer', async t => {
  let asked = () => {}
  const there = new Promise<void>(resolve => { asked = resolve })
  const trace = await provoke(t, () => asked(), {
    act: async ({ socket }) => {
      await there
      socket.resetAndDestroy()
    }
  })
  t.match(findingIn(trace, 'CLIENT_LEFT'), { sentence: /while the upstream had its request/ })
})

t.test("limits of this proxy's own", async t => {
  const big = await provoke(t, (socket, head) => { open(socket, head); answeringClose(socket) }, {
    options: { websocket: { maxMessageSize: 100, drain: { window: 0, deadline: 1 } } },
    act: async ({ socket, until, closed }) => {
      await until('\r\n\r\n')
      socket.write(frame(1, 'x'.repeat(500), { masked: true }))
      await closed
    }
  })
  t.match(findingIn(big, 'LIMIT_MESSAGE_SIZE'), { sentence: /maxMessageSize/ })
  const idle = await provoke(t, open, { options: { websocket: { idleTimeout: 1_000, closeGrace: 50, drain: { window: 0, deadline: 1 } } }, act: async ({ closed }) => { await closed } })
  t.match(findingIn(idle, 'LIMIT_IDLE'), { sentence: /idleTimeout/ })
  t.notOk(idle.findings.some(({ code }) => code === 'SILENCE_CUT'))
})

t.test('a handshake that has lost its Upgrade, also by nginx in front', async t => {
  const trace = await provoke(t, refusing('400 Bad Request'), { headers: { Upgrade: null, Connection: 'close' } })
  t.match(findingIn(trace, 'UPGRADE_STRIPPED'), { sentence: /Sec-WebSocket-Key but no Upgrade/ })
})

t.test('nginx without the two headers strips the upgrade', { skip: !HAS_NGINX && 'nginx is not here' }, async t => {
  const upstream = await faulty(t, refusing('400 Bad Request'))
  const proxy = await traced(t, { upstream })
  const port = await nginx(t, `http://127.0.0.1:${proxy.port}`, 'proxy_http_version 1.1;')
  const near = client(t, port, handshake())
  await near.until('\r\n\r\n')
  t.match(findingIn(await proxy.next(), 'UPGRADE_STRIPPED'), { remedy: /proxy_set_header Upgrade/ })
})

t.test('nginx in front cuts what is silent for longer than its proxy_read_timeout', { skip: !HAS_NGINX && 'nginx is not here' }, async t => {
  const upstream = await faulty(t, (socket, head) => {
    open(socket, head)
    socket.write(frame(1, 'hello'))
  })
  const proxy = await traced(t, { upstream })
  const port = await nginx(t, `http://127.0.0.1:${proxy.port}`, 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_read_timeout 2s;')
  const near = client(t, port, handshake())
  await near.until('hello')
  await near.closed
  t.match(findingIn(await proxy.next(), 'SILENCE_CUT'), { sentence: /from the side of the client after [23]\.\d s/, remedy: /`websocket: \{ ping: 1000 \}`/ })
})
