// A WebSocket over HTTP/2 (RFC 8441), on the server's own h2 and on a listener that passes 'connect' on.
import { once } from 'node:events'
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createHash } from 'node:crypto'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'
import { echo, eventually, frame, listen, MASK, proxy, quiet, rest, tcpUpstream, until, watchDials } from './parts.ts'
import { ask } from './tunnel-subjects.ts'

const SETTINGS = { enableConnectProtocol: true }

/** The two ways in: one server that speaks h2 itself, one that is given it. */
const WAYS = {
  'the server\'s own HTTP/2': async (t: Test, upstream: string, options: UpstreamProxyOptions = {}) =>
    proxy(t, { upstream, ...options }, { server: { http2: true, http2SessionTimeout: 0, ...({ http2Options: {} }) } as never, before: enable }),
  'a listener that passes connect on': async (t: Test, upstream: string, options: UpstreamProxyOptions = {}) => {
    const subject = await proxy(t, { upstream, ...options })
    const { app } = subject
    const server = http2.createServer({ settings: SETTINGS }, app.routing as never)
    server.on('connect', (request, response) => {
      if (!app.server.emit('connect', request, response)) response.writeHead(405).end()
    })
    return { ...subject, port: await listen(t, server as never) }
  }
} as const

// Fastify has no option for it on a plain-text HTTP/2 server; every session is told.
function enable (app: FastifyInstance): void {
  (app.server as unknown as http2.Http2Server).on('session', session => session.settings(SETTINGS))
}

async function session (t: Test, port: number): Promise<ClientHttp2Session> {
  const client = http2.connect(`http://127.0.0.1:${port}`)
  client.on('error', () => {})
  t.teardown(() => client.destroy())
  if (!client.remoteSettings?.enableConnectProtocol) await once(client, 'remoteSettings')
  while (!client.remoteSettings.enableConnectProtocol) await once(client, 'remoteSettings')
  return client
}

function open (client: ClientHttp2Session, headers: http2.OutgoingHttpHeaders = {}): ClientHttp2Stream {
  return ask(client, { ':path': '/chat?x=1', ...headers })
}

/** An upstream's end that agrees to the handshake, and reads on. */
function accept (socket: Socket): Socket {
  let head = ''
  socket.on('end', () => socket.end())
  socket.on('data', chunk => {
    if (head.includes('\r\n\r\n')) return
    head += String(chunk)
    if (!head.includes('\r\n\r\n')) return
    const key = /sec-websocket-key: (.*)\r/i.exec(head)![1] as string
    const accepted = createHash('sha1').update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n\r\n`)
  })
  return socket
}

for (const [name, make] of Object.entries(WAYS)) {
  t.test(`over ${name}: frames both ways, an HTTP/1.1 handshake upstream, the facts of a 101`, async t => {
    const upstream = await echo(t, { handleProtocols: () => 'v2' })
    const { port, closed, app } = await make(t, upstream.url)
    const client = await session(t, port)
    const stream = open(client, { 'sec-websocket-protocol': 'v1, v2', origin: 'https://example.com', cookie: 'a=1' })
    const [headers] = await once(stream, 'response')
    t.match(headers, { ':status': 200, 'sec-websocket-protocol': 'v2', 'sec-websocket-accept': undefined, upgrade: undefined, connection: undefined })
    stream.write(frame(1, 'hello', { mask: MASK }))
    t.equal(await until(stream, text => text.length >= 7), '\x81\x05hello')
    t.equal(app.tunnels.size, 1)
    t.match(upstream.seen[0], { url: '/chat?x=1', method: 'GET', headers: { origin: 'https://example.com', cookie: 'a=1', upgrade: 'websocket', 'sec-websocket-version': '13' } })
    t.match(upstream.seen[0]!.headers['sec-websocket-key'], /^[\w+/]{22}==$/)
    stream.write(frame(8, Buffer.from([0x03, 0xe8]), { mask: MASK }))
    await rest(stream)
    stream.end()
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], {
      status: 101,
      error: null,
      tunnel: { http: '2', subprotocol: 'v2', received: { text: 1 }, sent: { text: 1 }, closedBy: 'client', closeCode: 1000, ending: 'end', observed: true }
    })
  })

  t.test(`over ${name}: a refusal is the upstream's, and the connection goes on`, async t => {
    const { url } = await tcpUpstream(t, socket => socket.once('data', () => socket.end('HTTP/1.1 401 No\r\nX-Why: that\r\nContent-Length: 4\r\n\r\nnope')))
    const { port, closed } = await make(t, url)
    const client = await session(t, port)
    for (let i = 0; i < 2; i++) {
      const stream = open(client)
      const [headers] = await once(stream, 'response')
      t.match(headers, { ':status': 401, 'x-why': 'that' })
      t.equal(await rest(stream), 'nope')
      stream.end()
    }
    await eventually(() => closed.length === 2, 'reply.raw closes')
    t.match(closed[0], { status: 401, error: null, tunnel: null })
  })

  t.test(`over ${name}: refused and silent upstreams, a wrong Accept and none`, async t => {
    const answering = async (answer: string) => (await tcpUpstream(t, socket => {
      socket.on('end', () => socket.end()).once('data', () => socket.write(answer))
    })).url
    const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    for (const [url, status, code] of [
      ['http://127.0.0.1:1', 502, 'FST_ARR_UPSTREAM_REFUSED'],
      [await answering(`${switching}Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n`), 502, 'FST_ARR_UPSTREAM_BAD_ANSWER'],
      [await answering(`${switching}\r\n`), 502, 'FST_ARR_UPSTREAM_BAD_ANSWER'],
      [await answering(''), 504, 'FST_ARR_UPSTREAM_TIMEOUT']
    ] as const) {
      // Only the silent one is to be too late.
      const { port, closed, app } = await make(t, url, { timeouts: { handshake: status === 504 ? 100 : 60_000 } })
      const stream = open(await session(t, port))
      const [headers] = await once(stream, 'response')
      t.equal(headers[':status'], status)
      stream.resume().end()
      await eventually(() => closed.length === 1, 'reply.raw closes')
      t.match(closed[0], { tunnel: null, error: { code, side: 'upstream', statusCode: status } })
      t.equal(app.tunnels.size, 0)
    }
  })

  t.test(`over ${name}: a stream that is reset ends its upstream, an upstream that is reset ends its stream`, async t => {
    const sockets: Socket[] = []
    const { url } = await tcpUpstream(t, socket => {
      sockets.push(accept(socket))
    })
    const { port, app, closed } = await make(t, url)
    const client = await session(t, port)
    const one = open(client)
    await once(one, 'response')
    one.close(http2.constants.NGHTTP2_CANCEL)
    await eventually(() => sockets[0]!.closed && closed.length === 1, 'the upstream is freed')
    t.match(closed[0]!.tunnel, { closedBy: 'client' })
    const two = open(client)
    await once(two, 'response')
    sockets[1]!.resetAndDestroy()
    await eventually(() => two.closed && closed.length === 2, 'the stream is ended')
    t.match(closed[1]!.tunnel, { closedBy: 'upstream', ending: 'reset' })
    t.notOk(client.closed, 'the connection goes on')
    await eventually(() => app.tunnels.size === 0, 'no tunnel is left')
  })

  t.test(`over ${name}: a client that does not read is not read for`, async t => {
    let far!: Socket
    const { url } = await tcpUpstream(t, socket => { far = accept(socket) })
    const dialled = watchDials(t)
    const { port } = await make(t, url)
    const stream = open(await session(t, port))
    await once(stream, 'response')
    stream.pause()
    const own = dialled.find(socket => socket.remotePort === far.localPort) as Socket
    const chunk = frame(2, Buffer.alloc(1 << 20))
    for (let i = 0; i < 16; i++) far.write(chunk)
    await quiet(() => own.bytesRead)
    // The stream's window of 64 KiB is full; the rest is what waits in the proxy.
    t.ok(own.bytesRead > 0 && own.bytesRead < 1 << 20, `${own.bytesRead} bytes were read for a client that does not read`)
    let got = 0
    stream.on('data', (data: Buffer) => { got += data.length }).resume()
    await eventually(() => got === 16 * chunk.length, 'everything arrives')
    stream.destroy()
  })

  t.test(`over ${name}: for an upstream that does not read a client has to wait`, async t => {
    let far!: Socket
    const { url } = await tcpUpstream(t, socket => { far = accept(socket) })
    const dialled = watchDials(t)
    const { port, app } = await make(t, url)
    const stream = open(await session(t, port))
    await once(stream, 'response')
    far.removeAllListeners('data')
    far.pause()
    const own = dialled.find(socket => socket.remotePort === far.localPort) as Socket
    const chunk = frame(2, Buffer.alloc(1 << 20), { mask: MASK })
    const count = 48
    for (let i = 0; i < count; i++) stream.write(chunk)
    const received = () => [...app.tunnels][0]?.received.bytes ?? 0
    await quiet(received)
    t.ok(received() < count * chunk.length, 'not all of it was read')
    t.ok(own.writableLength > 0 && own.writableLength < 1 << 20, `${own.writableLength} bytes are held for an upstream that does not read`)
    let got = 0
    far.on('data', (data: Buffer) => { got += data.length }).resume()
    await eventually(() => got === count * chunk.length, 'everything arrives')
    stream.destroy()
  })

  t.test(`over ${name}: other extended CONNECTs get 501, plain ones 405`, async t => {
    const { port } = await make(t, 'http://127.0.0.1:1')
    const client = await session(t, port)
    const other = client.request({ ':method': 'CONNECT', ':protocol': 'connect-udp', ':scheme': 'http', ':path': '/', ':authority': 'a' })
    t.equal((await once(other, 'response'))[0][':status'], 501)
    const plain = client.request({ ':method': 'CONNECT', ':authority': 'a:80' })
    t.equal((await once(plain, 'response'))[0][':status'], 405)
    other.resume()
    plain.resume()
  })
}

t.test('over HTTP/2 a WebSocket is refused by a proxy without them, though another proxy has them', async t => {
  const upstream = await echo(t)
  const { port, app } = await proxy(t, { upstream: upstream.url, prefix: '/on' }, {
    server: { http2: true },
    before: enable,
    after: app => app.register(upstreamProxy, { upstream: upstream.url, prefix: '/off', websocket: false })
  })
  const stream = ask(await session(t, port), { ':path': '/off/x' })
  const [headers] = await once(stream, 'response') as [http2.IncomingHttpHeaders]
  t.equal(headers[':status'], 400)
  t.match(await rest(stream), 'FST_ARR_PROXY_BAD_HANDSHAKE')
  t.equal(upstream.seen.length, 0)
  t.equal(app.tunnels.size, 0)
})
