// What the tests of a tunnel's ends share: an upstream that always agrees, and open tunnels of every kind of client.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { generate } from 'selfsigned'
import type { Test } from 'tap'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { client, handshake, proxy, tcpUpstream, until, type Proxy } from './parts.ts'

/** The certificate of every https server here. */
export const { private: KEY_PEM, cert: CERT } = await (generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' } as never) as Promise<{ private: string, cert: string }>)

/** For what is open still at a test's end: nobody is there to take his leave. */
export const AT_ONCE = { drain: { window: 0, deadline: 1 } }

/** What an upstream says to switch, whatever key it was sent; `more` are header lines. */
export function switchFor (head: string, more = ''): string {
  const key = /sec-websocket-key: (.*)\r/i.exec(head)![1] as string
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${more}Sec-WebSocket-Accept: ${accept}\r\n\r\n`
}

export interface Agreeing {
  readonly url: string
  /** The heads that it was sent. */
  readonly heads: string[]
  /** Its connections, switched or not. */
  readonly sockets: Socket[]
  /** Its end of the next tunnel. */
  next (): Promise<Socket>
}

/** An upstream that agrees to every WebSocket; what is said then is up to the test. */
export async function agreeing (t: Test, more = ''): Promise<Agreeing> {
  const upstream = agreement(more)
  const { url } = await tcpUpstream(t, upstream.welcome)
  return { url, ...upstream }
}

/** The same behind a unix socket. */
export async function agreeingAt (t: Test, path: string): Promise<Agreeing> {
  const upstream = agreement('')
  const server: Server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
    upstream.welcome(socket)
  })
  server.listen(path)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { url: `unix://${encodeURIComponent(path)}`, ...upstream }
}

function agreement (more: string): Omit<Agreeing, 'url'> & { welcome: (socket: Socket) => void } {
  const waiting: Array<(socket: Socket) => void> = []
  const ready: Socket[] = []
  const heads: string[] = []
  const sockets: Socket[] = []
  return {
    heads,
    sockets,
    next: () => ready.length > 0 ? Promise.resolve(ready.shift() as Socket) : new Promise(resolve => waiting.push(resolve)),
    welcome (socket) {
      sockets.push(socket)
      until(socket, text => text.endsWith('\r\n\r\n')).then(head => {
        heads.push(head)
        socket.write(switchFor(head, more))
        const wait = waiting.shift()
        if (wait === undefined) ready.push(socket)
        else wait(socket)
      }, () => {})
    }
  }
}

/** A proxy that speaks https. */
export function httpsProxy (t: Test, options: UpstreamProxyOptions): Promise<Proxy> {
  return proxy(t, options, { server: { https: { key: KEY_PEM, cert: CERT } } })
}

/** A client of it that may end its side alone. */
export function tlsClient (t: Test, port: number, allowHalfOpen = true): TLSSocket {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, allowHalfOpen } as never)
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  return socket
}

/** Both ends of a tunnel over HTTP/1.1, in the clear or not. */
export async function openBy<S extends Duplex> (near: S, upstream: Agreeing, path = '/'): Promise<{ near: S, far: Socket }> {
  near.write(handshake(path))
  const far = upstream.next()
  await until(near, text => text.endsWith('\r\n\r\n'))
  return { near, far: await far }
}

/** Both ends of a tunnel over HTTP/1.1 in the clear. */
export function open (t: Test, port: number, upstream: Agreeing, path = '/'): Promise<{ near: Socket, far: Socket }> {
  return openBy(client(t, port), upstream, path)
}

/** A proxy that speaks HTTP/2 in the clear, with RFC 8441. */
export function http2Proxy (t: Test, options: UpstreamProxyOptions, prepare: (app: FastifyInstance) => unknown = () => {}): Promise<Proxy> {
  return proxy(t, options, {
    server: { http2: true, http2SessionTimeout: 0 } as never,
    before: async app => {
      (app.server as unknown as http2.Http2Server).on('session', session => session.settings({ enableConnectProtocol: true }))
      await prepare(app)
    }
  })
}

/** A connection to it that has learnt of RFC 8441. */
export async function session (t: Test, port: number): Promise<ClientHttp2Session> {
  const client = http2.connect(`http://127.0.0.1:${port}`)
  client.on('error', () => {})
  t.teardown(() => client.destroy())
  if (client.remoteSettings?.enableConnectProtocol !== true) await once(client, 'remoteSettings')
  while (!client.remoteSettings.enableConnectProtocol) await once(client, 'remoteSettings')
  return client
}

/** A WebSocket's stream, before it is answered. */
export function ask (client: ClientHttp2Session, headers: http2.OutgoingHttpHeaders = {}): ClientHttp2Stream {
  const stream = client.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'http',
    ':path': '/',
    ':authority': 'example.com',
    'sec-websocket-version': '13',
    ...headers
  }, { endStream: false })
  stream.on('error', () => {})
  return stream
}

/** Both ends of a tunnel over HTTP/2. */
export async function openStream (client: ClientHttp2Session, upstream: Agreeing): Promise<{ near: ClientHttp2Stream, far: Socket }> {
  const near = ask(client)
  const far = upstream.next()
  await once(near, 'response')
  return { near, far: await far }
}

export interface Heard {
  bytes: number
  ended: boolean
  closed: boolean
  buffer (): Buffer
  text (): string
}

/** Reads a side to its end, and tells at any time what it has got. */
export function hear (side: Duplex): Heard {
  const chunks: Buffer[] = []
  const heard: Heard = {
    bytes: 0,
    ended: side.readableEnded,
    closed: side.closed,
    buffer: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString('latin1')
  }
  side.on('data', (chunk: Buffer) => {
    heard.bytes += chunk.length
    chunks.push(chunk)
  })
  side.on('end', () => { heard.ended = true })
  side.on('close', () => { heard.closed = true })
  side.resume()
  return heard
}
