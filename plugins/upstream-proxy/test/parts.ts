// Proxies, upstreams and clients on port 0 for the tunnel's tests.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { connect, createServer as createTcpServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import { WebSocketServer, type ServerOptions } from 'ws'
import upstreamProxy, { type Upstream, type UpstreamProxyOptions } from '../src/index.ts'

export interface Proxy {
  readonly app: FastifyInstance
  readonly port: number
  /** Every request that came, in order. */
  readonly requests: FastifyRequest[]
  /** The facts of every request whose `reply.raw` closed, as they were at that moment. */
  readonly closed: Array<Upstream | null>
}

/** A proxy before it listens: `prepare` may add to it on either side of the plugin. */
export async function proxy (t: Test, options: UpstreamProxyOptions, prepare: {
  before?: (app: FastifyInstance) => unknown
  after?: (app: FastifyInstance) => unknown
  server?: FastifyServerOptions | { http2: true } | { https: object }
} = {}): Promise<Proxy> {
  const app = Fastify(prepare.server as FastifyServerOptions)
  const requests: FastifyRequest[] = []
  const closed: Array<Upstream | null> = []
  app.addHook('onRequest', async (request, reply) => {
    requests.push(request)
    reply.raw.on('close', () => closed.push(structuredClone(withoutCause(request.upstream))))
  })
  await prepare.before?.(app)
  await app.register(upstreamProxy, options)
  await prepare.after?.(app)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  return { app, port: portOf(app.server), requests, closed }
}

function withoutCause (upstream: Upstream | null): Upstream | null {
  if (upstream?.error == null) return upstream
  return { ...upstream, error: { ...upstream.error, cause: null } }
}

export function portOf (server: NetServer): number {
  return (server.address() as AddressInfo).port
}

export interface Echo {
  readonly url: string
  readonly wss: WebSocketServer
  readonly seen: IncomingMessage[]
}

/** An upstream that sends back what it is sent. */
export async function echo (t: Test, options: ServerOptions = {}): Promise<Echo> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options })
  const seen: IncomingMessage[] = []
  wss.on('connection', (socket, request) => {
    seen.push(request)
    socket.on('error', () => {})
    socket.on('message', (message, binary) => socket.send(message, { binary }))
  })
  await once(wss, 'listening')
  t.teardown(() => {
    for (const client of wss.clients) client.terminate()
    wss.close()
  })
  return { url: `http://127.0.0.1:${(wss.address() as AddressInfo).port}`, wss, seen }
}

/** An upstream that is a bare HTTP server; its sockets are closed at the end. */
export async function httpUpstream (t: Test, onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): Promise<{ server: Server, url: string }> {
  const server = createServer()
  if (onUpgrade !== undefined) server.on('upgrade', onUpgrade)
  return { server, url: `http://127.0.0.1:${await listen(t, server)}` }
}

/** An upstream that is a bare TCP server: the test decides what it sends. */
export async function tcpUpstream (t: Test, onConnection: (socket: Socket) => void): Promise<{ server: NetServer, url: string }> {
  const server = createTcpServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => {})
    onConnection(socket)
  })
  return { server, url: `http://127.0.0.1:${await listen(t, server)}` }
}

/** Listens on port 0 and closes everything at the end. */
export async function listen (t: Test, server: NetServer): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return portOf(server)
}

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

export const SWITCH = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`

/** A client's handshake as text. */
export function handshake (path = '/', extra = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n${extra}\r\n`
}

/** A raw TCP connection. */
export function client (t: Test, port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  return socket
}

/** Sends text and reads until the other side ends. */
export async function ask (t: Test, port: number, text: string | Buffer): Promise<string> {
  const socket = client(t, port)
  socket.on('end', () => socket.end())
  socket.write(text)
  return rest(socket)
}

/** Everything until the end or a reset, as latin1. */
export async function rest (socket: Duplex): Promise<string> {
  let text = ''
  socket.on('data', chunk => { text += (chunk as Buffer).toString('latin1') })
  socket.resume()
  await new Promise<void>(resolve => {
    if (socket.destroyed || socket.readableEnded) resolve()
    socket.once('end', resolve)
    socket.once('close', resolve)
  })
  return text
}

/** Reads until the text satisfies, and leaves the socket paused with what came after still in it. */
export async function until (socket: Readable, enough: (text: string) => boolean): Promise<string> {
  const chunks: Buffer[] = []
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      chunks.push(chunk)
      const text = Buffer.concat(chunks).toString('latin1')
      if (enough(text)) done(() => resolve(text))
    }
    const onClose = () => done(() => reject(new Error(`the connection ended after ${JSON.stringify(Buffer.concat(chunks).toString('latin1'))}`)))
    const done = (then: () => void) => {
      socket.pause()
      socket.removeListener('data', onData)
      socket.removeListener('close', onClose)
      socket.removeListener('end', onClose)
      then()
    }
    socket.on('data', onData)
    socket.on('close', onClose)
    socket.on('end', onClose)
    socket.resume()
  })
}

/** One frame, masked as a client's where a mask is given. */
export function frame (opcode: number, payload: string | Buffer, { mask, fin = true, rsv = 0 }: { mask?: Buffer, fin?: boolean, rsv?: number } = {}): Buffer {
  const body = Buffer.from(payload as string)
  const length = body.length
  const size = length < 126 ? Buffer.from([length]) : length < 65_536 ? Buffer.from([126, length >> 8, length & 255]) : Buffer.alloc(9)
  if (length >= 65_536) {
    size[0] = 127
    size.writeUInt32BE(Math.floor(length / 2 ** 32), 1)
    size.writeUInt32BE(length % 2 ** 32, 5)
  }
  if (mask !== undefined) {
    size[0] = (size[0] as number) | 0x80
    for (let i = 0; i < length; i++) body[i] = (body[i] as number) ^ (mask[i & 3] as number)
  }
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | rsv | opcode]), size, mask ?? Buffer.alloc(0), body])
}

/** Brings both ends of a WebSocket past its handshake; the upstream's end, once it is there. */
export async function shakeHands (near: Duplex, connected: Promise<Socket>, answer = SWITCH): Promise<Socket> {
  near.write(handshake())
  const far = await connected
  await until(far, text => text.endsWith('\r\n\r\n'))
  far.write(answer)
  await until(near, text => text.endsWith('\r\n\r\n'))
  return far
}

export const MASK = Buffer.from([0x12, 0x34, 0x56, 0x78])

/** Waits, with a limit far beyond what it takes, for a fact that no event tells of. */
export async function eventually (fact: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 3000; i++) {
    if (fact()) return
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error(`never: ${what}`)
}

/** Waits until a number has not changed for a third of a second of this process's own time: it is alone with what changes it. */
export async function quiet (count: () => number): Promise<void> {
  let last = -1
  for (let same = 0; same < 7; last = count()) {
    await new Promise(resolve => setTimeout(resolve, 50))
    same = count() === last ? same + 1 : 0
  }
}

/** What Node dials, all of this process's connections: a proxy's own end is known by its ports. */
export function watchDials (t: Test): Socket[] {
  const dialled: Socket[] = []
  const onSocket = (message: unknown) => { dialled.push((message as { socket: Socket }).socket) }
  subscribe('net.client.socket', onSocket)
  t.teardown(() => unsubscribe('net.client.socket', onSocket))
  return dialled
}
