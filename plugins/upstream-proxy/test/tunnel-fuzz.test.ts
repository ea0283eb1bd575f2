// Every way in, every way out, at every pace: what one side says is what the other hears.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import { client, eventually, frame, handshake, MASK, portOf, proxy, until, type Proxy } from './parts.ts'
import { ask, AT_ONCE, CERT, http2Proxy, httpsProxy, KEY_PEM, session, switchFor, tlsClient } from './tunnel-subjects.ts'

const SEED = Number(process.env.ARR_SEED ?? Date.now() % 2 ** 31)
const ROUNDS = Number(process.env.ARR_ROUNDS ?? 3)

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function dice (seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0
    let x = Math.imul(seed ^ seed >>> 15, 1 | seed)
    x = x + Math.imul(x ^ x >>> 7, 61 | x) ^ x
    return ((x ^ x >>> 14) >>> 0) / 2 ** 32
  }
}

/** Frames of all sizes, some of them in fragments with control frames in between. */
function words (next: () => number, mask: Buffer | undefined): Buffer {
  const out: Buffer[] = []
  const options = mask === undefined ? {} : { mask }
  const size = () => Math.floor(next() ** 4 * (next() < 0.1 ? 900_000 : 70_000))
  const payload = () => Buffer.alloc(size(), Math.floor(next() * 256))
  const count = 1 + Math.floor(next() * 30)
  for (let i = 0; i < count; i++) {
    if (next() < 0.3) out.push(frame(9 + Math.floor(next() * 2), Buffer.alloc(Math.floor(next() * 126), i), options))
    if (next() < 0.7) {
      out.push(frame(1 + Math.floor(next() * 2), payload(), options))
      continue
    }
    out.push(frame(2, payload(), { ...options, fin: false }), frame(9, 'x', options), frame(0, payload(), { ...options, fin: false }), frame(0, '', options))
  }
  if (next() < 0.5) out.push(frame(8, next() < 0.5 ? '' : Buffer.from([0x03, 0xe8]), options))
  return Buffer.concat(out)
}

/** Says it in pieces of all sizes, and ends. */
async function say (side: Duplex, what: Buffer, next: () => number): Promise<void> {
  for (let at = 0; at < what.length && !side.destroyed;) {
    const piece = what.subarray(at, at += 1 + Math.floor(next() ** 3 * 200_000))
    if (!side.write(piece)) await once(side, 'drain')
    if (next() < 0.3) await new Promise(resolve => setImmediate(resolve))
  }
  side.end()
}

/** Hears it to its end; a slow one stops now and then. */
async function listen (side: Duplex, slow: boolean, next: () => number): Promise<Buffer> {
  const chunks: Buffer[] = []
  side.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    if (!slow || next() < 0.6) return
    side.pause()
    let turns = Math.floor(next() * 20)
    const wait = () => { turns-- > 0 ? setImmediate(wait) : side.resume() }
    wait()
  })
  side.resume()
  await once(side, 'end')
  return Buffer.concat(chunks)
}

/** An upstream that agrees, with `late` glued to its answer. */
function welcome (socket: Socket, told: (far: Socket, early: Buffer) => void, late: () => Buffer): void {
  socket.on('error', () => {})
  until(socket, text => text.includes('\r\n\r\n')).then(async text => {
    const end = text.indexOf('\r\n\r\n') + 4
    socket.write(Buffer.concat([Buffer.from(switchFor(text.slice(0, end))), late()]))
    await new Promise(resolve => setImmediate(resolve)) // as below
    told(socket, Buffer.from(text.slice(end), 'latin1'))
  }, () => {})
}

const UPSTREAMS: Record<string, (t: Test, onSocket: (socket: Socket) => void) => Promise<string>> = {
  http: (t, onSocket) => listening(t, createServer({ allowHalfOpen: true }, onSocket), 0),
  https: (t, onSocket) => listening(t, createTlsServer({ key: KEY_PEM, cert: CERT, allowHalfOpen: true } as never, onSocket), 0, 'https'),
  unix: async (t, onSocket) => {
    const folder = mkdtempSync(join(tmpdir(), 'tunnel-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    return listening(t, createServer({ allowHalfOpen: true }, onSocket), join(folder, 'it'))
  }
}

async function listening (t: Test, server: Server, at: number | string, scheme = 'http'): Promise<string> {
  if (typeof at === 'string') server.listen(at)
  else server.listen(at, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return typeof at === 'string' ? `unix://${encodeURIComponent(at)}` : `${scheme}://127.0.0.1:${portOf(server)}`
}

const CLIENTS: Record<string, { proxy: typeof httpsProxy, open: (t: Test, proxy: Proxy, early: Buffer) => Promise<{ near: Duplex, late: Buffer }> }> = {
  http: { proxy: (t, options) => proxy(t, options), open: async (t, { port }, early) => shake(client(t, port), early) },
  https: { proxy: httpsProxy, open: async (t, { port }, early) => shake(tlsClient(t, port), early) },
  h2: {
    proxy: (t, options) => http2Proxy(t, options),
    open: async (t, { port }, early) => {
      const near = ask(await session(t, port))
      if (early.length > 0) near.write(early)
      await once(near, 'response')
      return { near, late: Buffer.alloc(0) }
    }
  }
}

async function shake (near: Duplex, early: Buffer): Promise<{ near: Duplex, late: Buffer }> {
  near.write(Buffer.concat([Buffer.from(handshake()), early]))
  const text = await until(near, text => text.includes('\r\n\r\n'))
  // A TLS socket of Node's that ends its side amid what it deciphers does not hear the rest.
  await new Promise(resolve => setImmediate(resolve))
  return { near, late: Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1') }
}

for (const [scheme, serve] of Object.entries(UPSTREAMS)) {
  for (const [way, { proxy, open }] of Object.entries(CLIENTS)) {
    t.test(`from ${way} to ${scheme} every byte arrives, both ways, at every pace (ARR_SEED=${SEED})`, { skip: scheme === 'unix' && process.platform === 'win32' && 'there are no unix sockets' }, async t => {
      let told!: (far: Socket, early: Buffer) => void
      let late = Buffer.alloc(0)
      const made = await proxy(t, {
        upstream: await serve(t, socket => welcome(socket, (far, early) => told(far, early), () => late)),
        tls: { rejectUnauthorized: false },
        websocket: { ...AT_ONCE, halfCloseTimeout: 0 }
      })
      for (let round = 0; round < ROUNDS; round++) {
        const next = dice(SEED + round * 7919 + scheme.length * 31 + way.length)
        const [up, down] = [words(next, MASK), words(next, undefined)]
        const early = up.subarray(0, next() < 0.5 ? 0 : Math.floor(next() * 150_000))
        late = down.subarray(0, next() < 0.5 ? 0 : Math.floor(next() * 150_000)) as Buffer<ArrayBuffer>
        const reached = new Promise<{ far: Socket, first: Buffer }>(resolve => { told = (far, first) => resolve({ far, first }) })
        const opened = await open(t, made, early)
        const { near } = opened
        const { far, first } = await reached
        const spoken = [say(near, up.subarray(early.length), next), say(far, down.subarray(late.length), next)]
        const [atNear, atFar] = await Promise.all([listen(near, next() < 0.5, next), listen(far, next() < 0.5, next)])
        await Promise.all(spoken)
        if (!Buffer.concat([opened.late, atNear]).equals(down)) t.fail(`round ${round}: what the client heard`)
        if (!Buffer.concat([first, atFar]).equals(up)) t.fail(`round ${round}: what the upstream heard`)
        await eventually(() => made.app.tunnels.size === 0 && made.closed.length === round + 1, `round ${round} is over`)
        const { received, sent, observed, ending } = made.closed[round]!.tunnel!
        if (received.bytes !== up.length || sent.bytes !== down.length || !observed || ending !== 'end') t.fail(`round ${round}: ${JSON.stringify(made.closed[round]!.tunnel)}`)
      }
      t.pass(`${ROUNDS} rounds`)
    })
  }
}
