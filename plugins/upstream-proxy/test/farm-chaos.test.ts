// Whatever becomes of the exchanges with a farm, each server that was chosen is told of one end, and nothing is open at last.
import { once } from 'node:events'
import http2 from 'node:http2'
import { connect, createServer, type Socket } from 'node:net'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import upstreamProxy from '../src/index.ts'
import { farm, type CountingFarm, type FarmOptions } from './farm-subjects.ts'
import { eventually, frame, handshake, listen, MASK, portOf } from './parts.ts'
import { switchFor } from './tunnel-subjects.ts'

/** Numbers from 0 to 1 that are the same in each run (mulberry32). */
function numbers (seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0
    let mixed = Math.imul(seed ^ seed >>> 15, 1 | seed)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) / 4294967296
  }
}

/** A server that does to each head something else. */
async function moody (t: Test, random: () => number): Promise<string> {
  const server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => {})
    socket.on('end', () => { socket.end() })
    socket.on('data', (chunk: Buffer) => {
      const head = chunk.toString('latin1')
      if (!/^[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(head)) return
      const isSocket = /^upgrade: websocket/im.test(head)
      setTimeout(() => { answer(socket, head, isSocket, random()) }, random() * 20)
    })
  })
  return `http://127.0.0.1:${await listen(t, server)}`
}

function answer (socket: Socket, head: string, isSocket: boolean, mood: number): void {
  if (mood >= 0.15 && mood < 0.2) return // it never answers
  if (mood < 0.05) socket.resetAndDestroy()
  else if (mood < 0.1) socket.end()
  else if (mood < 0.15) socket.write('nonsense\r\n\r\n')
  else if (mood < 0.3) socket.write('HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy')
  else if (mood < 0.35) socket.write('HTTP/1.1 502 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
  else if (mood < 0.4) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
  else if (mood < 0.45) socket.write('HTTP/1.1 404 No\r\n\r\nuntil the end', () => socket.end())
  else if (mood < 0.5) socket.write('HTTP/1.1 101 Yes\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n')
  else if (!isSocket) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  else {
    socket.write(switchFor(head))
    if (mood < 0.6) setTimeout(() => socket.resetAndDestroy(), 10)
    else if (mood < 0.7) setTimeout(() => socket.end(frame(8, Buffer.from([3, 0xe8]))), 10)
    else if (mood < 0.8) socket.write(Buffer.alloc(200_000))
  }
}

/** A farm that is as moody, and sometimes keeps an exchange waiting. */
function moods (random: () => number, servers: string[]): FarmOptions {
  return {
    mayTryAgain: (_, attempt) => attempt < 4 && random() < 0.8,
    pick () {
      const mood = random()
      if (mood < 0.15) return null
      if (mood < 0.2) return { reason: mood < 0.17 ? 'none' : mood < 0.18 ? 'lost' : 'busy', retryAfter: 1 }
      return servers[Math.floor(random() * servers.length)] as string
    },
    answered (_, headers) { if (random() < 0.5) headers.push('Set-Cookie', 'ARRAffinity=a') }
  }
}

const TEXTS = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
  'GET /hook HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'
]

/** A client of HTTP/1.1, and how it leaves. */
async function visit1 (port: number, random: () => number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  socket.resume()
  const closed = new Promise(resolve => socket.on('close', resolve))
  const isSocket = random() < 0.6
  socket.write(isSocket ? handshake(random() < 0.1 ? '/hook' : '/') : TEXTS[Math.floor(random() * TEXTS.length)] as string)
  if (isSocket && random() < 0.3) socket.write(Buffer.alloc(random() * 100_000))
  await new Promise(resolve => setTimeout(resolve, random() * 60))
  const way = random()
  if (way < 0.25) socket.resetAndDestroy()
  else if (way < 0.5) socket.destroy()
  else if (way < 0.6) socket.end()
  else if (way < 0.7) socket.end(frame(8, Buffer.from([3, 0xe8]), { mask: MASK }))
  // The others stay until the proxy or their patience ends.
  const patience = setTimeout(() => socket.destroy(), 300 + random() * 700)
  await closed
  clearTimeout(patience)
}

async function visit2 (session: http2.ClientHttp2Session, random: () => number): Promise<void> {
  const isSocket = random() < 0.6
  const stream = isSocket
    ? session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/', ':authority': 'a', 'sec-websocket-version': '13' }, { endStream: false })
    : session.request({ ':path': random() < 0.1 ? '/hook' : '/', ':method': random() < 0.7 ? 'GET' : 'POST' })
  stream.on('error', () => {})
  stream.resume()
  const closed = new Promise(resolve => stream.on('close', resolve))
  if (!isSocket && random() < 0.5) stream.end('hello')
  await new Promise(resolve => setTimeout(resolve, random() * 60))
  if (random() < 0.5) stream.close(8)
  const patience = setTimeout(() => stream.close(8), 300 + random() * 500)
  await closed
  clearTimeout(patience)
}

interface Kind {
  readonly http2: boolean
  /** Whether answers and errors go through Fastify's reply, which also gives `handlerTimeout` its say. */
  readonly hooks: boolean
}

async function chaos (t: Test, seed: number, kind: Kind, visits: number): Promise<void> {
  const random = numbers(seed)
  const servers = ['http://127.0.0.1:1', await moody(t, random), await moody(t, random)]
  const app = Fastify({ forceCloseConnections: true, ...(kind.hooks && { handlerTimeout: 250 }), ...(kind.http2 && { http2: true }) } as object)
  t.teardown(() => app.close())
  if (kind.http2) (app.server as unknown as http2.Http2Server).on('session', session => session.settings({ enableConnectProtocol: true }))
  const counts: CountingFarm = farm(app, servers, moods(random, servers))
  if (kind.hooks) {
    app.addHook('onSend', async () => { await new Promise(resolve => setTimeout(resolve, random() * 10)) })
    app.addHook('onError', async () => {})
  }
  await app.register(upstreamProxy, {
    upstream: 'http://chat',
    timeouts: { connect: 300, handshake: 400, firstByte: 400, idle: 300, send: 300 },
    websocket: { maxTunnels: 40, idleTimeout: 400, maxAge: 600, halfCloseTimeout: 100, closeGrace: 50, admission: { handshakes: 20, wait: 100 }, drain: { window: 20, deadline: 100 } },
    connections: { max: 20 },
    farms: seed % 2 === 0 ? { chat: { timeouts: { handshake: 350 } } } : {},
    preHandler: async (request, reply) => { if (request.url === '/hook') return reply.code(403).send('no') }
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const port = portOf(app.server)

  // What waits at the farm gets a server, or none, some time.
  const later = setInterval(() => {
    for (const wait of [...counts.waiting]) {
      if (random() < 0.3) wait(random() < 0.7 ? servers[Math.floor(random() * servers.length)] as string : { reason: 'busy', retryAfter: 1 })
    }
    if (random() < 0.02) app.tunnels.closeAll({})
  }, 10)
  t.teardown(() => clearInterval(later))

  let left = visits
  const ends = (async () => {
    if (!kind.http2) {
      await Promise.all(Array.from({ length: 25 }, async () => { while (left-- > 0) await visit1(port, random) }))
      return
    }
    await Promise.all(Array.from({ length: 3 }, async () => {
      while (left > 0) {
        const session = http2.connect(`http://127.0.0.1:${port}`)
        session.on('error', () => {})
        while (session.remoteSettings?.enableConnectProtocol !== true) await once(session, 'remoteSettings')
        await Promise.all(Array.from({ length: 12 }, () => {
          left--
          return visit2(session, random)
        }))
        session.destroy()
      }
    }))
  })()
  await ends
  // The farm forgets nobody: what still waits was asked by clients that are still there.
  await eventually(() => counts.current === 0 && app.tunnels.size === 0, 'all is over')
  t.equal(counts.waiting.length, 0)
  t.same(counts.wrongs, [])
  t.ok(counts.told.every(({ said }) => said.filter(one => one.startsWith('ended')).length === 1), 'each server is told of one end')
  t.ok(counts.told.length > 0)
  t.comment(`${counts.told.length} attempts, ${counts.failures.length} failures, ${counts.tunnels.length} tunnels, ${counts.takenBack} taken back`)

  // The same where the server closes in the middle.
  left = 40
  const last = kind.http2 ? null : Promise.all(Array.from({ length: 20 }, () => visit1(port, random)))
  await new Promise(resolve => setTimeout(resolve, 40))
  await app.close()
  await last?.catch(() => {})
  await eventually(() => counts.current === 0, 'all is over after the closing')
  t.equal(counts.waiting.length, 0)
  t.same(counts.wrongs, [])
}

for (const seed of [1, 2, 3]) {
  t.test(`HTTP/1.1, directly (${seed})`, t => chaos(t, seed, { http2: false, hooks: false }, 300))
  t.test(`HTTP/1.1, through the reply (${seed})`, t => chaos(t, seed + 10, { http2: false, hooks: true }, 300))
  t.test(`HTTP/2, directly (${seed})`, t => chaos(t, seed + 20, { http2: true, hooks: false }, 200))
  t.test(`HTTP/2, through the reply (${seed})`, t => chaos(t, seed + 30, { http2: true, hooks: true }, 200))
}
