// Whose silence does the idle clock count? Time is the test's here: it goes on when the test says so.
import { connect, type ClientHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { proxy, rawUpstream, type Proxy, type RawUpstream } from './forward-subjects.ts'
import { eventually, watchDials } from './parts.ts'

const IDLE = 60_000
// What an HTTP/2 client takes without being asked (RFC 9113 §6.9.2), and something that has to wait.
const WINDOW = 65_535
const FIRST = WINDOW + 20_000

/** A clock that stands still for all that is set to half the idle limit or more. */
function clock (t: Test): (ms: number) => void {
  const { setTimeout, clearTimeout } = globalThis
  const now = performance.now.bind(performance)
  const timers = new Set<{ due: number, ring: () => void }>()
  let ahead = 0
  Object.defineProperty(performance, 'now', { configurable: true, value: () => now() + ahead })
  globalThis.setTimeout = ((ring: () => void, ms = 0, ...rest: unknown[]) => {
    if (ms < IDLE / 2) return setTimeout(ring, ms, ...rest)
    const timer = { due: performance.now() + ms, ring, unref: () => timer, ref: () => timer }
    timers.add(timer)
    return timer
  }) as never
  globalThis.clearTimeout = ((timer: never) => { if (!timers.delete(timer)) clearTimeout(timer) }) as never
  t.teardown(() => {
    Object.assign(globalThis, { setTimeout, clearTimeout })
    Reflect.deleteProperty(performance, 'now')
  })
  return ms => {
    ahead += ms
    for (const timer of timers) {
      if (timer.due > performance.now()) continue
      timers.delete(timer)
      timer.ring()
    }
  }
}

interface Held {
  readonly subject: Proxy
  readonly backend: RawUpstream
  readonly stream: ClientHttp2Stream
  /** The proxy's end of its connection to the upstream. */
  readonly dialled: Socket
}

/** An answer of which the client has not taken the last bytes that there are, so that the upstream is not read from. */
async function held (t: Test): Promise<Held> {
  const dials = watchDials(t)
  const backend = await rawUpstream(t, socket => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${FIRST + 2}\r\n\r\n`)
    socket.write(Buffer.alloc(FIRST))
  })
  const subject = await proxy(t, { upstream: backend.url, timeouts: { idle: IDLE } }, { http2: true } as never)
  const session = connect(`http://127.0.0.1:${subject.port}`)
  session.on('error', () => {})
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': '/' })
  stream.on('error', () => {})
  const dialled = (): Socket | undefined => dials.find(socket => `http://127.0.0.1:${socket.remotePort}` === backend.url)
  await eventually(() => (dialled()?.bytesRead ?? 0) > FIRST && !isRead(dialled() as Socket), 'the upstream is held back')
  return { subject, backend, stream, dialled: dialled() as Socket }
}

// What Node knows of a socket that reads into a buffer of its owner's.
function isRead (socket: Socket): boolean {
  return (socket as unknown as { _handle: { reading: boolean } | null })._handle?.reading === true
}

t.test('what a slow client takes to drain is not counted against the upstream that pauses after it', async t => {
  const goOn = clock(t)
  const { backend, stream, dialled } = await held(t)
  goOn(IDLE * 2 / 3)
  let taken = 0
  const over = new Promise(resolve => { stream.on('close', resolve) })
  stream.on('data', part => { taken += (part as Buffer).length })
  await eventually(() => taken === FIRST && isRead(dialled), 'the client has caught up')
  goOn(IDLE * 2 / 3)
  backend.sockets[0]?.write('ok')
  await over
  t.match({ taken, code: stream.rstCode }, { taken: FIRST + 2, code: 0 })
})

t.test('a client that does not take what there is is the one that is waited for', async t => {
  const goOn = clock(t)
  const { subject, stream } = await held(t)
  goOn(IDLE - 1000)
  t.notOk(stream.closed)
  goOn(2000)
  t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_TIMEOUT', moment: 'body', side: 'client' })
})

t.test('an upstream that pauses after a client caught up is the one that is waited for', async t => {
  const goOn = clock(t)
  const { subject, stream, dialled } = await held(t)
  goOn(IDLE * 2 / 3)
  stream.resume()
  await eventually(() => isRead(dialled), 'the client has caught up')
  goOn(IDLE + 1)
  t.match((await subject.facts()).error, { code: 'FST_ARR_UPSTREAM_TIMEOUT', moment: 'body', side: 'upstream' })
})
