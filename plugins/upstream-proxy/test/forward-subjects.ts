// What the forwarding tests share: a proxy, upstreams made of sockets, and clients that see every byte.
import { once } from 'node:events'
import { Agent, createServer, request, type IncomingMessage, type RequestListener, type RequestOptions } from 'node:http'
import { connect, createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import upstreamProxy, { type Upstream, type UpstreamProxyOptions } from '../src/index.ts'

export interface Proxy {
  readonly app: FastifyInstance
  readonly port: number
  /** The requests that came, in order. */
  readonly requests: FastifyRequest[]
  /** The facts of the request at `index`, once its response is closed. */
  facts (index?: number): Promise<Upstream>
}

/** A proxy on port 0. */
export async function proxy (t: Test, options: UpstreamProxyOptions, server: FastifyServerOptions = {}, prepare?: (app: FastifyInstance) => unknown): Promise<Proxy> {
  const app = Fastify({ forceCloseConnections: true, ...server } as FastifyServerOptions) as unknown as FastifyInstance
  const requests: FastifyRequest[] = []
  const closed: Array<Promise<unknown>> = []
  app.addHook('onRequest', (request, reply, done) => {
    requests.push(request)
    closed.push(once(reply.raw, 'close'))
    done()
  })
  await prepare?.(app)
  await app.register(upstreamProxy, options)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  return {
    app,
    port: (app.server.address() as AddressInfo).port,
    requests,
    async facts (index = 0) {
      while (closed.length <= index) await once(app.server, 'request')
      await closed[index]
      return requests[index]!.upstream as Upstream
    }
  }
}

async function listening (t: Test, server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => new Promise(resolve => {
    server.close(resolve)
    for (const socket of sockets) socket.destroy()
  }))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An upstream that speaks HTTP. */
export function upstream (t: Test, listener: RequestListener): Promise<string> {
  return listening(t, createServer({ keepAliveTimeout: 60_000 }, listener))
}

export interface RawUpstream {
  readonly url: string
  readonly sockets: Socket[]
  /** All that was sent to it, of all connections. */
  received (): string
}

/** An upstream made of a socket: `connected` gets it, and what is to be done once a whole request head was read. */
export async function rawUpstream (t: Test, onHead: (socket: Socket, head: string, count: number) => void): Promise<RawUpstream> {
  const sockets: Socket[] = []
  let received = ''
  let count = 0
  const server = createTcp({ allowHalfOpen: true }, socket => {
    sockets.push(socket)
    let pending = ''
    socket.on('data', chunk => {
      const text = chunk.toString('latin1')
      received += text
      pending += text
      // Enough for requests without a body; the tests that send one look at `received`.
      for (let end = pending.indexOf('\r\n\r\n'); end !== -1; end = pending.indexOf('\r\n\r\n')) {
        const head = pending.slice(0, end + 4)
        pending = pending.slice(end + 4)
        if (/^[A-Z-]+ \S+ HTTP\/1\.1\r\n/.test(head)) onHead(socket, head, ++count)
      }
    })
    socket.on('end', () => { socket.end() })
  })
  const url = await listening(t, server)
  return { url, sockets, received: () => received }
}

/** An upstream that gives every request the same bytes, and then may do something else. */
export function answering (t: Test, bytes: string | Buffer, then?: (socket: Socket) => void): Promise<RawUpstream> {
  return rawUpstream(t, socket => {
    if (typeof bytes === 'string') socket.write(bytes, 'latin1')
    else socket.write(bytes)
    then?.(socket)
  })
}

/** Sends bytes, half-closes nothing, and gives all that comes back until the other side closes. */
export async function talk (port: number, bytes: string | Buffer, until?: RegExp): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  let text = ''
  socket.on('error', () => {})
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
    if (until !== undefined && until.test(text)) socket.destroy()
  })
  if (typeof bytes === 'string') socket.write(bytes, 'latin1')
  else socket.write(bytes)
  await new Promise(resolve => socket.on('close', resolve))
  return text
}

export interface Answer {
  readonly status: number
  readonly reason: string
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: string[]
  readonly body: string
  readonly trailers: string[]
  /** False where it was cut. */
  readonly complete: boolean
}

/** Asks, on a connection of its own unless there is an agent; `begun` is called with each part of the answer's body. */
export async function ask (port: number, options: RequestOptions & { body?: string | Buffer } = {}, begun = (): void => {}): Promise<Answer> {
  const { body, ...rest } = options
  const outgoing = request({ host: '127.0.0.1', port, agent: false, ...rest })
  outgoing.end(body)
  const [response] = await once(outgoing, 'response') as [IncomingMessage]
  outgoing.on('error', () => {})
  response.on('data', begun)
  return read(response)
}

export async function read (response: IncomingMessage): Promise<Answer> {
  response.on('error', () => {})
  const chunks: Buffer[] = []
  response.on('data', chunk => chunks.push(chunk))
  // Not `once`: it would reject for an answer that is cut.
  await new Promise(resolve => response.on('close', resolve))
  return {
    status: response.statusCode as number,
    reason: response.statusMessage as string,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    body: Buffer.concat(chunks).toString('latin1'),
    trailers: response.rawTrailers,
    complete: response.complete
  }
}

/** Waits for the end of a connection, with a limit far beyond what it takes. */
export async function closed (socket: Socket): Promise<void> {
  if (socket.closed) return
  // Not `once`: it would reject for one that is reset.
  await new Promise<void>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error('the connection is still open')), 14_000)
    socket.on('close', () => {
      clearTimeout(limit)
      resolve()
    })
  })
}

export function portOf (url: string): number {
  return Number(new URL(url).port)
}

/** An agent that keeps one connection. */
export function oneConnection (t: Test): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  return agent
}

// Types and flags of frames (RFC 9113 §6).
export const FRAME = { DATA: 0, HEADERS: 1, PRIORITY: 2, RST_STREAM: 3, SETTINGS: 4, PING: 6, GOAWAY: 7, WINDOW_UPDATE: 8, CONTINUATION: 9, END_STREAM: 1, ACK: 1, END_HEADERS: 4 } as const

export interface Http2Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export interface RawHttp2 {
  readonly socket: Socket
  send (type: number, flags: number, stream: number, payload?: string | Buffer): void
  /** Opens a stream with these fields, names and values in turn, as they are. */
  open (stream: number, fields: readonly string[], end?: boolean): void
  /** The first frame that is asked for; null where the connection ended without it. */
  frame (wanted: (frame: Http2Frame) => boolean): Promise<Http2Frame | null>
}

/** A client of HTTP/2, in plain text unless it is given a socket, that writes its own frames: Node's sends nothing that is wrong, and ends a body before it resets. */
export function rawHttp2 (t: Test, port: number, socket: Socket = connect({ port, host: '127.0.0.1' })): RawHttp2 {
  const frames: Http2Frame[] = []
  let bytes = Buffer.alloc(0)
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  socket.on('data', chunk => {
    bytes = Buffer.concat([bytes, chunk])
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3)
      const frame = { type: bytes[3] as number, flags: bytes[4] as number, stream: bytes.readUInt32BE(5), payload: bytes.subarray(9, end) }
      bytes = bytes.subarray(end)
      frames.push(frame)
      if (frame.type === FRAME.SETTINGS && frame.flags === 0) send(FRAME.SETTINGS, FRAME.ACK, 0)
    }
    socket.emit('frames')
  })
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  send(FRAME.SETTINGS, 0, 0)

  function send (type: number, flags: number, stream: number, payload: string | Buffer = ''): void {
    const body = Buffer.from(payload as string, 'latin1')
    const head = Buffer.from([0, 0, 0, type, flags, 0, 0, 0, 0])
    head.writeUIntBE(body.length, 0, 3)
    head.writeUInt32BE(stream, 5)
    socket.write(Buffer.concat([head, body]))
  }

  return {
    socket,
    send,
    open (stream, fields, end = false) {
      let block = ''
      for (let i = 0; i < fields.length; i += 2) {
        // A literal that is not indexed, with a name of its own (RFC 7541 §6.2.2). Lengths below 127 are one byte.
        block += '\0'
        for (const text of fields.slice(i, i + 2)) block += String.fromCharCode(text.length) + text
      }
      send(FRAME.HEADERS, FRAME.END_HEADERS | (end ? FRAME.END_STREAM : 0), stream, Buffer.from(block, 'latin1'))
    },
    async frame (wanted) {
      for (;;) {
        const found = frames.find(wanted)
        if (found !== undefined || socket.closed) return found ?? null
        await new Promise<void>(resolve => {
          const again = () => {
            socket.off('frames', again).off('close', again)
            resolve()
          }
          socket.on('frames', again).on('close', again)
        })
      }
    }
  }
}
