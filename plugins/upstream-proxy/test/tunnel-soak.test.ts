// Thousands of tunnels that end in every way there is: afterwards nothing is left, and nobody hangs.
import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { client, eventually, frame, handshake, listen, MASK, portOf, proxy, SWITCH } from './parts.ts'

// More of them where there is time: ARR_SOAK=10000, or CI.
const TUNNELS = Number(process.env.ARR_SOAK ?? (process.env.CI === 'true' ? 10_000 : 1000))
const AT_ONCE = 50

/** An upstream that echoes, refuses, stays silent, resets or ends, as the path tells it. */
function moody (): ReturnType<typeof createServer> {
  return createServer({ allowHalfOpen: true }, socket => {
    let head = ''
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('data', chunk => {
      if (head === 'open') {
        socket.write(chunk)
        return
      }
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      const mood = /^GET \/(\w+)/.exec(head)?.[1]
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

async function live (socket: Socket, turn: number): Promise<void> {
  const mood = MOODS[Math.floor(Math.random() * MOODS.length)] as string
  const way = ENDS[turn % ENDS.length]
  const gone = new Promise<void>(resolve => socket.on('close', () => resolve()))
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  socket.write(handshake(`/${mood}`))
  if (way === 'abort') {
    // Somewhere in the handshake: before, while or after the upstream is asked.
    await sleep(Math.random() * 5)
    socket.resetAndDestroy()
    return gone
  }
  socket.resume()
  await Promise.race([gone, new Promise(resolve => socket.once('data', resolve))])
  const size = way === 'bulk' ? 200_000 : Math.floor(Math.random() * 300)
  socket.write(frame(2, Buffer.alloc(size, 'x'), { mask: MASK }))
  await Promise.race([gone, sleep(Math.random() * 20)])
  if (way === 'reset') socket.resetAndDestroy()
  else if (way === 'close' || way === 'bulk') socket.write(frame(8, Buffer.from([0x03, 0xe8]), { mask: MASK }), () => socket.end())
  else socket.end()
  return gone
}

t.test(`${TUNNELS} tunnels opened, used and ended in random ways leave nothing behind`, { timeout: 300_000 }, async t => {
  const upstream = moody()
  const url = `http://127.0.0.1:${await listen(t, upstream)}`
  const { app, port, requests, closed } = await proxy(t, { upstream: url, timeouts: { handshake: 1000 }, websocket: { halfCloseTimeout: 1000 } })
  let turn = 0
  let heap = 0
  const worker = async () => {
    while (turn < TUNNELS) {
      // The first tenth warms everything up.
      if (turn === Math.floor(TUNNELS / 10)) heap = settled()
      const socket = client({ teardown () {} } as never, port)
      await live(socket, turn++)
      requests.length = 0
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const connections = (server: { getConnections: (tell: (error: Error | null, count: number) => void) => void }) =>
    new Promise<number>((resolve, reject) => server.getConnections((error, count) => error ? reject(error) : resolve(count)))
  await eventually(() => app.tunnels.size === 0, 'no tunnel is left')
  for (let i = 0; i < 500 && await connections(app.server) + await connections(upstream) > 0; i++) await sleep(10)
  t.equal(await connections(app.server), 0, 'no socket of a client is left')
  t.equal(await connections(upstream), 0, 'no socket to an upstream is left')
  await eventually(() => closed.length >= TUNNELS * 0.8, 'every exchange that began has ended')
  closed.length = 0
  requests.length = 0
  const timers = process.getActiveResourcesInfo().filter(name => name === 'Timeout')
  t.ok(timers.length < 5, `${timers.length} timers are left`)
  const grown = settled() - heap
  t.ok(grown < (4 << 20) + TUNNELS * 200, `the heap has grown by ${grown} bytes`)
})

setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void

function settled (): number {
  collect()
  return process.memoryUsage().heapUsed
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
  let ended = 0
  let served = 0
  const load = { running: true }
  const worker = async () => {
    while (load.running) {
      const socket = client(t, port)
      const gone = new Promise<void>(resolve => socket.on('close', () => resolve()))
      socket.on('end', () => socket.end())
      socket.on('data', chunk => {
        if (String(chunk).startsWith('HTTP/1.1 101')) served++
        if (load.running && socket.writable) socket.write(frame(2, Buffer.alloc(1000), { mask: MASK }))
      })
      socket.write(handshake('/echo'))
      await gone
      ended++
      await sleep(2)
    }
  }
  const workers = Promise.all(Array.from({ length: 20 }, worker))
  for (let life = 0; life < 3; life++) {
    const before = served
    await eventually(() => served > before + 10, 'clients are served')
    const endedBefore = ended
    const kill = [...sockets]
    const closing = new Promise<void>(resolve => upstream.close(() => resolve()))
    for (const socket of kill) socket.resetAndDestroy()
    await closing
    await eventually(() => ended >= endedBefore + 10, 'every client sees an end')
    upstream = moody()
    sockets = new Set()
    track()
    await new Promise<void>(resolve => upstream.listen(upstreamPort, '127.0.0.1', resolve))
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
