// Thousands of clients that leave in every way there is, from upstreams that are killed and stopped: afterwards nothing is left of them.
// Proxy and upstream are processes of their own, so that what they tell each other comes when it comes.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import type { Held } from './fixtures/leaving-proxy.ts'
import { frame, handshake, MASK } from './parts.ts'
import { ask, CERT, KEY_PEM } from './tunnel-subjects.ts'

// More of them where there is time: ARR_SOAK=50000, or CI.
const TUNNELS = Number(process.env.ARR_SOAK ?? (process.env.CI === 'true' ? 50_000 : 2000))
const AT_ONCE = 64
/** How long a client waits for its end, ms: for what hangs alone. */
const HANGS = 60_000
const POSIX = process.platform !== 'win32'

const SAID = frame(2, Buffer.alloc(125, 'x'), { mask: MASK })
const CLOSE = frame(8, Buffer.from([0x03, 0xe8]), { mask: MASK })

/** How clients leave; each is told its socket, of whatever transport. */
const WAYS: Record<string, (socket: Duplex) => unknown> = {
  'it ends': socket => socket.end(SAID),
  'it is destroyed': socket => socket.destroy(),
  'it is reset': reset,
  'it is destroyed while its echo is on the way': socket => {
    socket.write(SAID)
    socket.destroy()
  },
  'it is destroyed after a Close frame': socket => {
    socket.write(SAID)
    socket.write(CLOSE, () => socket.destroy())
  },
  'it ends and is reset in one turn': socket => {
    for (let i = 0; i < 4; i++) socket.write(SAID)
    socket.end(() => reset(socket))
  },
  'it ends and is reset a turn later': socket => {
    for (let i = 0; i < 4; i++) socket.write(SAID)
    socket.end(() => setImmediate(() => reset(socket)))
  },
  'it is destroyed in the middle of a frame': socket => socket.write(SAID.subarray(0, 20), () => socket.destroy()),
  'it is reset in the middle of a frame': socket => socket.write(SAID.subarray(0, 20), () => reset(socket)),
  'it is reset while it is sent bulk': socket => {
    socket.pause()
    for (let i = 0; i < 4; i++) socket.write(frame(2, Buffer.alloc(200_000, 'x'), { mask: MASK }))
    setImmediate(() => reset(socket))
  },
  'it says goodbye and waits': socket => {
    socket.write(CLOSE)
    socket.end()
  }
}

function reset (socket: Duplex): void {
  if (socket.destroyed) return
  if ('rstCode' in socket) (socket as ClientHttp2Stream).close(http2.constants.NGHTTP2_CANCEL)
  else if ('encrypted' in socket) socket.destroy()
  else (socket as Socket).resetAndDestroy()
}

interface Child {
  readonly process: ChildProcess
  /** The next message that has this. */
  said<T> (what: string): Promise<T>
  readonly lines: string[]
}

function start (t: Test, name: string, environment: Record<string, string>): Child {
  const child = fork(join(import.meta.dirname, 'fixtures', name), {
    execArgv: ['--import=tsx', '--conditions=@fastify-arr/source'],
    env: { ...process.env, NODE_OPTIONS: '', ...environment }
  })
  t.teardown(() => child.kill('SIGKILL'))
  const lines: string[] = []
  child.on('message', ({ line }: { line?: string }) => { if (line !== undefined) lines.push(line) })
  return {
    process: child,
    lines,
    said: async what => {
      for (;;) {
        const [message] = await once(child, 'message') as [Record<string, never>]
        if (what in message) return message[what] as never
      }
    }
  }
}

/** An upstream that can be killed, and comes back on its port; or be stopped for a while. */
async function mortal (t: Test): Promise<{ readonly port: number, kill (): Promise<void>, stop (ms: number): Promise<void> }> {
  let child = start(t, 'leaving-upstream.ts', {})
  const port = await child.said<number>('port')
  return {
    port,
    async kill () {
      const exit = once(child.process, 'exit')
      child.process.kill('SIGKILL')
      await exit
      child = start(t, 'leaving-upstream.ts', { PORT: String(port) })
      await child.said('port')
    },
    async stop (ms) {
      child.process.kill('SIGSTOP')
      await sleep(ms)
      child.process.kill('SIGCONT')
    }
  }
}

/** Resolves when a client's transport is closed; false where it hangs. */
function gone (socket: Duplex): Promise<boolean> {
  if (socket.closed) return Promise.resolve(true)
  return new Promise(resolve => {
    const timer = setTimeout(() => {
      socket.destroy()
      resolve(false)
    }, HANGS)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}

/** Opens WebSockets of one transport. */
type Opener = () => Duplex

/** An opener of each transport; HTTP/1.1 twice. `end` ends what they share. */
function openers ([plain, secure, multiplexed]: readonly number[]): { open: Opener[], end: () => void } {
  const sessions: Array<ClientHttp2Session | undefined> = new Array(8)
  let next = 0
  const sessionOf = (): ClientHttp2Session => {
    const at = next++ % sessions.length
    const session = sessions[at]
    // Now and then a whole connection leaves, with all that is open on it.
    if (next % 500 === 0) session?.destroy()
    if (session !== undefined && !session.destroyed && !session.closed) return session
    const made = sessions[at] = http2.connect(`http://127.0.0.1:${multiplexed}`)
    made.on('error', () => {})
    return made
  }
  const upgraded = <S extends Socket | TLSSocket>(socket: S): S => {
    socket.on('error', () => {})
    socket.write(handshake())
    return socket
  }
  const byHttp1 = () => upgraded(connect({ port: plain as number, host: '127.0.0.1' }))
  return {
    open: [
      byHttp1,
      byHttp1,
      () => upgraded(connectTls({ port: secure as number, host: '127.0.0.1', rejectUnauthorized: false })),
      () => ask(sessionOf())
    ],
    end: () => { for (const session of sessions) session?.destroy() }
  }
}

async function holds (child: Child): Promise<Held> {
  const held = child.said<Held>('held')
  child.process.send('what do you hold?')
  return held
}

t.test(`${TUNNELS} clients leave in every way, and nothing is left of them`, { skip: !POSIX && 'processes are not stopped and killed by signals' }, async t => {
  const upstream = await mortal(t)
  const proxy = start(t, 'leaving-proxy.ts', { UPSTREAM: `http://127.0.0.1:${upstream.port}`, KEY: KEY_PEM, CERT })
  const { open, end } = openers(await proxy.said<number[]>('ports'))
  t.teardown(end)
  const ways = Object.entries(WAYS)
  const hung: string[] = []
  let turn = 0
  let opened = 0

  const live = async (at: number): Promise<void> => {
    const [name, leave] = ways[at % ways.length] as [string, (socket: Duplex) => unknown]
    const socket = (open[Math.floor(at / ways.length) % open.length] as Opener)()
    const over = gone(socket)
    // Of HTTP/2 the head is an event of its own, and what is read the echo.
    const answered = new Promise<void>(resolve => {
      socket.once('response', resolve)
      socket.once('data', resolve)
      socket.once('close', resolve)
    })
    socket.resume()
    await answered
    if (!socket.destroyed) {
      opened++
      if (at % 3 === 0 && socket.writable) socket.write(SAID)
      leave(socket)
    }
    if (!await over) hung.push(name)
  }
  const worker = async () => {
    while (turn < TUNNELS) await live(turn++)
  }
  const disturb = async (step: () => Promise<void>, times: number) => {
    for (let i = 1; i <= times; i++) {
      const due = TUNNELS * i / (times + 1)
      const isDue = () => turn >= due
      while (!isDue()) await sleep(20)
      await step()
    }
  }

  // The first few warm everything up.
  const warm = Math.min(1000, TUNNELS / 4)
  while (turn < warm) await Promise.all(Array.from({ length: AT_ONCE }, () => live(turn++)))
  await settled(proxy)
  const before = await holds(proxy)
  await Promise.all([
    ...Array.from({ length: AT_ONCE }, worker),
    disturb(() => upstream.kill(), 5),
    disturb(() => upstream.stop(300), 7)
  ])
  t.same(hung, [], 'every client saw its end')
  t.ok(opened > TUNNELS * 0.7, `${opened} were answered`)
  const after = await settled(proxy)
  t.equal(after.tunnels, 0, 'no tunnel is open')
  // Sessions of HTTP/2 that stand, and what Node opens once.
  t.ok(after.descriptors <= before.descriptors + 16, `${before.descriptors} descriptors before, ${after.descriptors} after`)
  t.ok(after.timers <= before.timers + 32, `${before.timers} timers before, ${after.timers} after`)
  t.ok(after.heap <= before.heap + (4 << 20) + TUNNELS * 100, `a heap of ${before.heap} bytes before, ${after.heap} after`)

  end()
  const closed = proxy.said('closed')
  const exit = once(proxy.process, 'exit')
  proxy.process.send('close')
  await closed
  t.same(await exit, [0, null], 'the process ends by itself, with 0')
})

/** What a proxy holds once no tunnel is left and memory is back: what Node lets go of late is no leak. */
async function settled (proxy: Child): Promise<Held> {
  let held = await holds(proxy)
  for (let i = 0; i < 200 && held.tunnels > 0; i++) {
    await sleep(100)
    held = await holds(proxy)
  }
  for (let i = 0; i < 10; i++) {
    await sleep(50)
    const next = await holds(proxy)
    if (next.heap < held.heap || next.descriptors < held.descriptors) held = next
  }
  return held
}
