// A client that breaks HTTP/2 (RFC 9113 §5.4.1) loses its connection, and its requests end as those of a client that left: in the facts, at the upstream and in the log.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { arrLog } from '@fastify-arr/arr-log'
import { listeners } from '@fastify-arr/listeners'
import { upstreamProxy, type UpstreamError } from '@fastify-arr/upstream-proxy'
import Fastify, { type FastifyInstance } from 'fastify'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'

const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' } as never) as { private: string, cert: string }
const https = { key: pems.private, cert: pems.cert }

const [DATA, HEADERS, PRIORITY, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION] = [0, 1, 2, 4, 6, 7, 8, 9] as const
const [END_STREAM, END_HEADERS] = [1, 4] as const

function frame (type: number, flags: number, stream: number, payload: string | Buffer = ''): Buffer {
  const body = Buffer.from(payload as string, 'latin1')
  const head = Buffer.from([0, 0, 0, type, flags, 0, 0, 0, 0])
  head.writeUIntBE(body.length, 0, 3)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, body])
}

/** A GET, from tables and literals that are not indexed (RFC 7541 §6). */
const get = (path: string): string => `\x82\x87\x04${String.fromCharCode(path.length)}${path}\x01\x01a`

/** What breaks a connection on which stream 1 waits for its answer. */
const ERRORS = {
  'DATA on a stream that the client has ended': frame(DATA, 0, 1, 'abc'),
  'DATA on stream 0': frame(DATA, 0, 0, 'abc'),
  // Later releases read no PRIORITY any more (RFC 9113 §5.3.2).
  ...(process.version.startsWith('v20.') && { 'PRIORITY that depends on itself': frame(PRIORITY, 0, 1, '\0\0\0\x01\0') }),
  'WINDOW_UPDATE of 0 on stream 0': frame(WINDOW_UPDATE, 0, 0, '\0\0\0\0'),
  'WINDOW_UPDATE beyond the largest window': frame(WINDOW_UPDATE, 0, 0, '\x7f\xff\xff\xff'),
  'a frame that is too large': frame(DATA, 0, 1, Buffer.alloc(20_000)),
  'HEADERS with an even number': frame(HEADERS, END_STREAM | END_HEADERS, 2, get('/')),
  'HEADERS with an invalid index': frame(HEADERS, END_STREAM | END_HEADERS, 3, '\xfe'),
  'HEADERS that another frame interrupts': Buffer.concat([frame(HEADERS, END_STREAM, 3, get('/')), frame(PING, 0, 0, Buffer.alloc(8))]),
  'CONTINUATION of nothing': frame(CONTINUATION, END_HEADERS, 1, 'a'),
  'SETTINGS of a wrong length': frame(SETTINGS, 0, 0, '12345'),
  'PING of a wrong length': frame(PING, 0, 0, '1234567'),
  'PING on a stream': frame(PING, 0, 1, '12345678')
}

const WAYS: Record<string, () => Promise<{ app: FastifyInstance, port: () => number }>> = {
  'through listeners': async () => {
    const app = Fastify() as unknown as FastifyInstance
    await app.register(listeners, { closeTimeout: 100_000, listeners: [{ port: 0, host: '127.0.0.1', https: true }], certificate: https })
    return { app, port: () => app.listeners.addresses.find(({ protocol }) => protocol === 'https')?.port as number }
  },
  'on Fastify\'s own server': async () => {
    const app = Fastify({ http2: true, https } as object) as unknown as FastifyInstance
    return { app, port: () => (app.server.address() as AddressInfo).port }
  }
}

/** An upstream that never answers, and its connections by the path that each was asked for. */
async function silence (t: Test) {
  const sockets = new Map<string, Socket>()
  const server = createServer(socket => {
    socket.on('error', () => {}).on('data', head => sockets.set(String(head).split(' ')[1] as string, socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close(); for (const socket of sockets.values()) socket.destroy() })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets }
}

async function until (isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 10))
}

/** Waits for the end of a connection, far longer than it takes and far shorter than any other limit that would end it. */
async function closed (socket: Socket): Promise<boolean> {
  if (socket.closed) return true
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), 20_000)
  const isClosed = await Promise.race([new Promise<boolean>(resolve => socket.once('close', () => resolve(true))), once(limit.signal, 'abort').then(() => false)])
  clearTimeout(timer)
  return isClosed
}

async function client (t: Test, port: number, path: string): Promise<TLSSocket & { heard: Buffer }> {
  const socket = Object.assign(connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] }), { heard: Buffer.alloc(0) })
  socket.on('error', () => {}).on('data', chunk => { socket.heard = Buffer.concat([socket.heard, chunk]) })
  t.teardown(() => socket.destroy())
  await once(socket, 'secureConnect')
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0, 0), frame(HEADERS, END_STREAM | END_HEADERS, 1, get(path))]))
  return socket
}

function hasGoaway ({ heard }: { heard: Buffer }): boolean {
  for (let at = 0; at + 9 <= heard.length; at += 9 + heard.readUIntBE(at, 3)) if (heard[at + 3] === GOAWAY) return true
  return false
}

for (const [way, start] of Object.entries(WAYS)) {
  for (const leaves of [true, false]) {
    t.test(`${way}: HTTP/2 connection errors of clients that ${leaves ? 'leave' : 'stay'}`, async t => {
      const directory = await mkdtemp(join(tmpdir(), 'arr-logs-'))
      t.teardown(() => rm(directory, { recursive: true, force: true }))
      const backend = await silence(t)
      const { app, port } = await start()
      t.teardown(() => app.close())
      const errors = new Map<string, UpstreamError | null | undefined>()
      app.addHook('onRequest', (request, reply, done) => {
        reply.raw.once('close', () => errors.set(request.url, request.upstream?.error))
        done()
      })
      await app.register(arrLog, { directory, fields: ['sc-status', 'sc-substatus', 'sc-win32-status'] })
      await app.register(upstreamProxy, { upstream: backend.url })
      await app.listen({ port: 0, host: '127.0.0.1' })
      await Promise.all(Object.entries(ERRORS).map(async ([name, bytes], index) => {
        const path = `/${index}`
        const socket = await client(t, port(), path)
        await until(() => backend.sockets.has(path))
        socket.write(bytes)
        if (leaves) {
          await until(() => hasGoaway(socket))
          socket.end()
        }
        t.ok(await closed(backend.sockets.get(path) as Socket), `${name}: the upstream's connection is closed`)
        t.ok(await closed(socket), `${name}: the client's connection is closed`)
        t.ok(hasGoaway(socket), `${name}: GOAWAY`)
        t.match(errors.get(path), { code: 'FST_ARR_CLIENT_GONE', side: 'client', statusCode: 499 }, name)
      }))
      await app.close()
      const log = (await Promise.all((await readdir(directory, { recursive: true })).filter(file => file.endsWith('.log')).map(file => readFile(join(directory, file), 'utf8')))).join('')
      const lines = log.split('\r\n').filter(line => line !== '' && !line.startsWith('#'))
      t.same(lines.map(line => line.split(' ').slice(-3).join(' ')), Object.keys(ERRORS).map(() => '499 0 64'))
    })
  }

  t.test(`${way}: closing does not wait for a client that broke HTTP/2`, async t => {
    const backend = await silence(t)
    const { app, port } = await start()
    await app.register(upstreamProxy, { upstream: backend.url })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const socket = await client(t, port(), '/')
    await until(() => backend.sockets.has('/'))
    socket.write(ERRORS['DATA on stream 0'])
    await until(() => hasGoaway(socket))
    socket.end()
    const down = app.close()
    t.ok(await closed(socket))
    await down
  })
}
