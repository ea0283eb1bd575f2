// Faults of real parts: upstreams that break a WebSocket each in its own way, clients, and nginx in front.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import upstreamProxy, { type UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import requestTrace, { type Finding, type Trace } from '../src/index.ts'

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const MASK = Buffer.from([1, 2, 3, 4])

/** What an upstream does with a connection once the head of a request has come. */
export type Fault = (socket: Socket, head: string) => void

/** A frame as it is on the wire. */
export function frame (opcode: number, payload: string | Buffer = '', { rsv = 0, masked = false } = {}): Buffer {
  const bytes = Buffer.from(payload)
  const length = bytes.length < 126 ? Buffer.from([bytes.length]) : bytes.length < 65_536 ? Buffer.from([126, bytes.length >> 8, bytes.length & 255]) : Buffer.concat([Buffer.from([127, 0, 0, 0, 0]), Buffer.from([bytes.length >>> 24, (bytes.length >> 16) & 255, (bytes.length >> 8) & 255, bytes.length & 255])])
  length[0] = (length[0] as number) | (masked ? 0x80 : 0)
  if (masked) for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] as number) ^ (MASK[i & 3] as number)
  return Buffer.concat([Buffer.from([0x80 | rsv | opcode]), length, ...masked ? [MASK] : [], bytes])
}

export function closeFrame (code: number, reason = '', masked = false): Buffer {
  return frame(8, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]), { masked })
}

/** A 101 that fits the key. */
export function switching (head: string, more = '', accept?: string): string {
  const key = /sec-websocket-key: *(.*)\r/i.exec(head)?.[1] ?? ''
  const right = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${more}Sec-WebSocket-Accept: ${accept ?? right}\r\n\r\n`
}

/** An answer that is no 101. */
export function refusing (status: string, more = ''): Fault {
  return socket => { socket.end(`HTTP/1.1 ${status}\r\n${more}Content-Length: 0\r\nConnection: close\r\n\r\n`) }
}

/** Answers a Close by itself, as every library does. */
export function answeringClose (socket: Socket): void {
  socket.on('data', data => {
    if (((data[0] as number) & 15) !== 8) return
    socket.end(closeFrame(1000))
  })
}

/** An upstream with a fault. */
export async function faulty (t: Test, fault: Fault): Promise<string> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    let head = ''
    const read = (data: Buffer): void => {
      head += data.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      socket.off('data', read)
      fault(socket, head)
      socket.resume()
    }
    socket.on('data', read)
  })
  return `http://127.0.0.1:${await listening(t, server)}`
}

export async function listening (t: Test, server: Server): Promise<number> {
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
  return (server.address() as AddressInfo).port
}

export interface Traced {
  readonly app: FastifyInstance
  readonly port: number
  /** The next trace that is at hand. */
  next (): Promise<Trace>
}

/** A proxy that traces every exchange, in memory alone. */
export async function traced (t: Test, options: UpstreamProxyOptions, prepare: (app: FastifyInstance) => unknown = () => {}): Promise<Traced> {
  const app = Fastify()
  await app.register(requestTrace, { directory: null, rules: [{ sample: 1 }] })
  await prepare(app)
  await app.register(upstreamProxy, { ...options, websocket: typeof options.websocket === 'object' ? { drain: { window: 0, deadline: 1 }, ...options.websocket } : options.websocket ?? { drain: { window: 0, deadline: 1 } } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const told = new Set<string>()
  return {
    app,
    port: (app.server.address() as AddressInfo).port,
    async next () {
      for (let i = 0; i < 1_000; i++) {
        const trace = [...app.traces].find(one => !told.has(one.id))
        if (trace !== undefined) {
          told.add(trace.id)
          return trace
        }
        await new Promise(resolve => setTimeout(resolve, 10))
      }
      throw new Error('no trace came within 10 s')
    }
  }
}

/** A client's handshake as text; a null takes a header away. */
export function handshake (headers: Readonly<Record<string, string | null>> = {}, path = '/socket'): string {
  const all = { Host: 'chat.example', Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': KEY, ...headers }
  return `GET ${path} HTTP/1.1\r\n${Object.entries(all).filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value ?? ''}\r\n`).join('')}\r\n`
}

export interface Client {
  readonly socket: Socket
  /** Waits until what was read contains this. */
  until (text: string): Promise<string>
  /** Settles when the connection has closed, however. */
  readonly closed: Promise<void>
}

/** A bare client that has sent its handshake. */
export function client (t: Test, port: number, head: string): Client {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  let read = ''
  const waiting: Array<() => void> = []
  const wake = (): void => { for (const one of waiting) one() }
  socket.on('data', data => {
    read += data.toString('latin1')
    wake()
  })
  socket.on('close', wake)
  socket.write(head)
  return {
    socket,
    closed: new Promise(resolve => { socket.on('close', () => resolve()) }),
    until: text => new Promise((resolve, reject) => {
      const look = (): void => {
        if (read.includes(text)) resolve(read)
        else if (socket.destroyed) reject(new Error(`it ended before ${JSON.stringify(text)}: ${read}`))
      }
      waiting.push(look)
      look()
    })
  }
}

/** The finding with this code; its absence is told with those that are there. */
export function findingIn ({ findings, events }: Trace, code: string): Finding {
  return findings.find(one => one.code === code) ?? { code: `none of ${findings.map(one => one.code).join()} in ${events.map(({ name }) => name).join()}`, severity: 'information', sentence: '', evidence: [], remedy: '' }
}

export const HAS_NGINX = spawnSync('nginx', ['-v']).status === 0 || spawnSync('/usr/sbin/nginx', ['-v']).status === 0

/** nginx in front of an upstream, on a port that the system gives; the location's directives are the test's. */
export async function nginx (t: Test, upstream: string, directives: string): Promise<number> {
  const spare = createServer()
  spare.listen(0, '127.0.0.1')
  await once(spare, 'listening')
  const { port } = spare.address() as AddressInfo
  spare.close()
  await once(spare, 'close')
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'))
  mkdirSync(join(folder, 'temp'))
  writeFileSync(join(folder, 'nginx.conf'), `daemon off; pid nginx.pid; error_log stderr crit; events {} http { access_log off;
    client_body_temp_path temp/a; proxy_temp_path temp/b; fastcgi_temp_path temp/c; uwsgi_temp_path temp/d; scgi_temp_path temp/e;
    server { listen 127.0.0.1:${port}; location / { proxy_pass ${upstream}; ${directives} } } }`)
  const program = spawnSync('nginx', ['-v']).status === 0 ? 'nginx' : '/usr/sbin/nginx'
  const child = spawn(program, ['-p', folder, '-c', 'nginx.conf'], { stdio: 'ignore' })
  t.teardown(async () => {
    if (child.exitCode === null) {
      child.kill()
      await once(child, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })
  for (let i = 0; i < 500; i++) {
    const reachable = await new Promise<boolean>(resolve => {
      const probe = connect({ port, host: '127.0.0.1' })
      probe.on('connect', () => {
        probe.destroy()
        resolve(true)
      }).on('error', () => resolve(false))
    })
    if (reachable) return port
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error('nginx did not start')
}
