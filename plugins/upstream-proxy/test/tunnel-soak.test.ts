// Thousands of tunnels that end in every way there is: afterwards nothing is left, and nobody hangs.
import { createHook } from 'node:async_hooks'
import { once, type EventEmitter } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import type { TunnelOptions } from '../src/index.ts'
import { client, eventually, frame, handshake, listen, MASK, portOf, proxy, SWITCH } from './parts.ts'

// More of them where there is time: ARR_SOAK=10000, or CI.
const TUNNELS = Number(process.env.ARR_SOAK ?? (process.env.CI === 'true' ? 10_000 : 1000))
// What is random is drawn from this; a test's name tells it, and ARR_SEED draws the same again.
const SEED = Number(process.env.ARR_SEED ?? Date.now() % 1_000_000)
const AT_ONCE = 50

// Every timer there is, those that keep nobody up too: Node's list of active ones leaves them out, and ours are such.
const timers = new Set<number>()
createHook({
  init (id, type) { if (type === 'Timeout') timers.add(id) },
  destroy (id) { timers.delete(id) }
}).enable()

/** Numbers from 0 up to, but not including, 1: for each turn the same whatever the others do meanwhile. */
function randomOf (turn: number): () => number {
  let state = Math.imul(SEED, 0x9e3779b1) ^ Math.imul(turn + 1, 0x85ebca6b)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ state >>> 15, state | 1)
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61)
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32
  }
}

/** What is still said by a side whose peer has half-closed. */
const AFTERWARDS = 'after the other one\'s end'

/** An upstream that echoes, refuses, stays silent, resets or ends, as the path tells it; `/half` has more to say when its client has ended. */
function moody (): ReturnType<typeof createServer> {
  return createServer({ allowHalfOpen: true }, socket => {
    let head = ''
    let half = false
    socket.on('error', () => {})
    socket.on('end', () => {
      if (half && socket.writable) setImmediate(() => socket.end(frame(1, AFTERWARDS)))
      else socket.end()
    })
    socket.on('data', chunk => {
      if (head === 'open') {
        if (socket.writable) socket.write(chunk)
        return
      }
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      const mood = /^GET \/(\w+)/.exec(head)?.[1]
      half = head.startsWith('GET /echo/half ')
      head = 'open'
      if (mood === 'refuse') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
      else if (mood === 'reset') socket.resetAndDestroy()
      else if (mood === 'silent') socket.setTimeout(50, () => socket.destroy())
      else {
        socket.write(SWITCH)
        if (mood === 'end') socket.end(frame(8, Buffer.from([0x03, 0xe8])))
        if (mood === 'kill') setImmediate(() => socket.resetAndDestroy())
      }
    })
  })
}

const MOODS = ['echo', 'echo', 'echo', 'refuse', 'reset', 'silent', 'end', 'kill']
const ENDS = ['end', 'close', 'reset', 'half', 'abort', 'bulk'] as const

/** One client's life. Resolves with what it missed, or null. */
async function live (socket: Socket, turn: number): Promise<string | null> {
  const random = randomOf(turn)
  const mood = MOODS[Math.floor(random() * MOODS.length)] as string
  const way = ENDS[turn % ENDS.length] as typeof ENDS[number]
  const gone = new Promise<void>(resolve => socket.on('close', () => resolve()))
  let last = ''
  socket.on('error', () => {})
  // One that only half-closes goes on for a while when the other side has ended.
  socket.on('end', () => {
    if (way === 'half' && socket.writable) setImmediate(() => socket.end(frame(1, AFTERWARDS, { mask: MASK })))
    else socket.end()
  })
  socket.write(handshake(`/${mood}/${way}`))
  if (way === 'abort') {
    // Somewhere in the handshake: before, while or after the upstream is asked.
    await sleep(random() * 5)
    socket.resetAndDestroy()
    await gone
    return null
  }
  socket.on('data', chunk => { last = (last + String(chunk)).slice(-AFTERWARDS.length) })
  socket.resume()
  await Promise.race([gone, new Promise(resolve => socket.once('data', resolve))])
  const size = way === 'bulk' ? 200_000 : Math.floor(random() * 300)
  socket.write(frame(2, Buffer.alloc(size, 'x'), { mask: MASK }))
  await Promise.race([gone, sleep(random() * 20)])
  if (way === 'reset') socket.resetAndDestroy()
  else if (way === 'close' || way === 'bulk') socket.write(frame(8, Buffer.from([0x03, 0xe8]), { mask: MASK }), () => socket.end())
  else if (way === 'half') socket.end()
  else socket.destroySoon()
  await gone
  return way === 'half' && mood === 'echo' && last !== AFTERWARDS ? `turn ${turn} ended with ${JSON.stringify(last)}` : null
}

/** How many listeners there are of each event. */
function listenersOf (emitter: EventEmitter): Record<string, number> {
  return Object.fromEntries(emitter.eventNames().map(name => [String(name), emitter.listenerCount(name)]))
}

const user = (request: { id: string }): string => `user ${Number(request.id.slice(4)) % 7}`

/** Every option of a tunnel. The limits are out of reach, but for the handshakes at a time: some have to wait. */
const EVERY: TunnelOptions = {
  key: user,
  until: () => Date.now() + 3_600_000,
  idleTimeout: { after: 60_000, code: 4000 },
  maxAge: 3_600_000,
  keepAlive: 1000,
  ping: { interval: 100, timeout: 60_000, to: 'both' },
  // What the upstream echoes is masked, which no server's frames are: with a limit on them, it would end the tunnel.
  maxMessageSize: { received: 10_000_000 },
  maxMessageRate: { received: 1_000_000 },
  maxByteRate: 1_000_000_000,
  maxTunnels: 10_000,
  maxTunnelsPer: { key: user, most: 1000 },
  admission: { handshakes: 30, wait: 60_000 }
}

for (const [what, options] of [['', {}], [', with every option', EVERY]] as const) {
  t.test(`${TUNNELS} tunnels opened, used and ended in random ways leave nothing behind${what} (ARR_SEED=${SEED})`, async t => {
    const upstream = moody()
    const url = `http://127.0.0.1:${await listen(t, upstream)}`
    let began = 0
    // Limits so long that a timer which outlives its exchange is still there when they are counted.
    const { app, port, requests, closed } = await proxy(t, { upstream: url, timeouts: { connect: 60_000, handshake: 60_000 }, websocket: { halfCloseTimeout: 5000, ...options } }, {
      before: app => app.addHook('onRequest', async () => { began++ })
    })
    const listeners = () => [app.server, process].map(listenersOf)
    const before = listeners()
    const timersBefore = timers.size
    let turn = 0
    let heap = 0
    const missed: string[] = []
    const worker = async () => {
      while (turn < TUNNELS) {
        // The first tenth warms everything up.
        if (turn === Math.floor(TUNNELS / 10)) heap = settled()
        const socket = client({ teardown () {} } as never, port)
        const miss = await live(socket, turn++)
        if (miss !== null) missed.push(miss)
        requests.length = 0
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    t.same(missed, [], 'who had only half-closed heard the rest')
    const connections = (server: { getConnections: (tell: (error: Error | null, count: number) => void) => void }) =>
      new Promise<number>((resolve, reject) => server.getConnections((error, count) => error ? reject(error) : resolve(count)))
    await eventually(() => app.tunnels.size === 0, 'no tunnel is left')
    t.equal((app.tunnels as unknown as { names: number }).names, 0, 'nor its name')
    for (let i = 0; i < 500 && await connections(app.server) + await connections(upstream) > 0; i++) await sleep(10)
    t.equal(await connections(app.server), 0, 'no socket of a client is left')
    t.equal(await connections(upstream), 0, 'no socket to an upstream is left')
    await eventually(() => closed.length === began, 'every exchange that began has ended')
    t.ok(began > TUNNELS * 0.8, `${began} exchanges`)
    closed.length = 0
    requests.length = 0
    // Node has a few of its own, that of the Date header say.
    await eventually(() => timers.size < timersBefore + 5, `no timer is left beside the ${timersBefore} there were`)
    t.same(listeners(), before, 'no listener is left on what all share')
    // What Node lets go of late is no leak: one goes on being there.
    let grown = Infinity
    for (let i = 0; i < 20 && grown >= (4 << 20) + TUNNELS * 200; i++) {
      await sleep(50)
      grown = settled() - heap
    }
    t.ok(grown < (4 << 20) + TUNNELS * 200, `the heap has grown by ${grown} bytes`)
  })
}

setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void

function settled (): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** Listens on a port that was let go of: somebody's outgoing connection may have got it meanwhile, for a while. */
async function listenAgain (server: Server, port: number): Promise<void> {
  for (;;) {
    try {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      await sleep(100)
    }
  }
}

t.test('an upstream that is killed and comes back under load: every client sees an end, and new ones are served', async t => {
  let upstream = moody()
  let sockets = new Set<Socket>()
  const track = () => upstream.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  track()
  await new Promise<void>(resolve => upstream.listen(0, '127.0.0.1', resolve))
  const upstreamPort = portOf(upstream)
  const { app, port } = await proxy(t, { upstream: `http://127.0.0.1:${upstreamPort}` })
  let served = 0
  const load = { running: true }
  const alive = new Set<Socket>()
  const worker = async () => {
    while (load.running) {
      const socket = client(t, port)
      alive.add(socket)
      const gone = new Promise<void>(resolve => socket.on('close', () => resolve()))
      socket.on('end', () => socket.end())
      socket.on('data', chunk => {
        if (String(chunk).startsWith('HTTP/1.1 101')) served++
        if (load.running && socket.writable) socket.write(frame(2, Buffer.alloc(1000), { mask: MASK }))
      })
      socket.write(handshake('/echo'))
      await gone
      alive.delete(socket)
      await sleep(2)
    }
  }
  const workers = Promise.all(Array.from({ length: 20 }, worker))
  for (let life = 0; life < 3; life++) {
    const before = served
    await eventually(() => served > before + 10, 'clients are served')
    const theirs = [...alive]
    const kill = [...sockets]
    const closing = new Promise<void>(resolve => upstream.close(() => resolve()))
    for (const socket of kill) socket.resetAndDestroy()
    await closing
    await eventually(() => theirs.every(socket => !alive.has(socket)), `all ${theirs.length} clients see an end`)
    t.ok(theirs.length >= 10, 'there were enough of them')
    upstream = moody()
    sockets = new Set()
    track()
    await listenAgain(upstream, upstreamPort)
  }
  load.running = false
  for (const socket of sockets) socket.resetAndDestroy()
  const closing = new Promise<void>(resolve => upstream.close(() => resolve()))
  const sweeping = setInterval(() => { for (const socket of sockets) socket.resetAndDestroy() }, 10)
  await workers
  clearInterval(sweeping)
  await closing
  await eventually(() => app.tunnels.size === 0, 'no tunnel is left')
  t.ok(served > 30)
})
