// A WebSocket over HTTP/2 (RFC 8441), on the server's own h2 and on a listener that passes 'connect' on.
import { once } from 'node:events'
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createHash } from 'node:crypto'
import { echo, eventually, frame, listen, MASK, proxy, rest, tcpUpstream, until } from './parts.ts'

const SETTINGS = { enableConnectProtocol: true }

/** The two ways in: one server that speaks h2 itself, one that is given it. */
const WAYS = {
  'the server\'s own HTTP/2': async (t: Test, upstream: string) => {
    const { app, port, closed } = await proxy(t, { upstream }, { server: { http2: true, http2SessionTimeout: 0, ...({ http2Options: {} }) } as never, before: enable })
    return { app, port, closed }
  },
  'a listener that passes connect on': async (t: Test, upstream: string) => {
    const { app, closed } = await proxy(t, { upstream })
    const server = http2.createServer({ settings: SETTINGS }, app.routing as never)
    server.on('connect', (request, response) => {
      if (!app.server.emit('connect', request, response)) response.writeHead(405).end()
    })
    return { app, port: await listen(t, server as never), closed }
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
  const stream = client.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'http',
    ':path': '/chat?x=1',
    ':authority': 'example.com',
    'sec-websocket-version': '13',
    ...headers
  }, { endStream: false })
  stream.on('error', () => {})
  return stream
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

  t.test(`over ${name}: refused and silent upstreams, a wrong Accept`, async t => {
    const wrong = await tcpUpstream(t, socket => socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n')
    }))
    for (const [url, status] of [['http://127.0.0.1:1', 502], [wrong.url, 502]] as const) {
      const { port } = await make(t, url)
      const stream = open(await session(t, port))
      const [headers] = await once(stream, 'response')
      t.equal(headers[':status'], status)
      stream.resume()
    }
  })

  t.test(`over ${name}: a stream that is reset ends its upstream, an upstream that is reset ends its stream`, async t => {
    const sockets: import('node:net').Socket[] = []
    const { url } = await tcpUpstream(t, socket => {
      sockets.push(socket)
      socket.on('end', () => socket.end())
      let head = ''
      socket.on('data', chunk => {
        if (head.includes('\r\n\r\n')) return
        head += String(chunk)
        if (head.includes('\r\n\r\n')) {
          const key = /sec-websocket-key: (.*)\r/i.exec(head)![1] as string
          const accept = createHash('sha1').update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
          socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
        }
      })
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
