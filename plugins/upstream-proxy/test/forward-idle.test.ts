// Whose silence does the idle clock count? Time is the test's here: it goes on when the test says so.
import { once } from 'node:events'
import { connect, type ClientHttp2Stream } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import { clock, LIMIT as IDLE } from './clock.ts'
import { answering, closed, FRAME, proxy, rawHttp2, rawUpstream, upstream, type Proxy, type RawUpstream } from './forward-subjects.ts'
import { eventually, watchDials } from './parts.ts'

const pems = await generate([{ name: 'commonName', value: 'localhost' }])
const tls = { key: pems.private, cert: pems.cert }
// What an HTTP/2 client takes without being asked (RFC 9113 §6.9.2), and something that has to wait.
const WINDOW = 65_535
const FIRST = WINDOW + 20_000

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

const LARGE = 24 * 1024 * 1024

/** A proxy whose whole answer is there before the client has taken much of it, in one part, and a client that reads when it is told to. */
async function kept (t: Test, secure = false): Promise<{ subject: Proxy, client: Socket }> {
  const url = await upstream(t, (_request, response) => { response.end(Buffer.alloc(LARGE)) })
  let said = () => {}
  const whole = new Promise<void>(resolve => { said = resolve })
  const subject = await proxy(t, { upstream: url, timeouts: { idle: IDLE }, rewriteResponse: () => ({ body: collecting(said) }) }, secure ? { https: tls } as object : {})
  const at = { port: subject.port, host: '127.0.0.1' }
  const client = secure ? connectTls({ ...at, rejectUnauthorized: false }) : connectTcp(at)
  client.on('error', () => {})
  t.teardown(() => client.destroy())
  client.pause().write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await whole
  return { subject, client }
}

function collecting (said: () => void): Transform {
  const parts: Buffer[] = []
  return new Transform({
    transform (part: Buffer, _encoding, done) {
      parts.push(part)
      done()
    },
    flush (done) {
      this.push(Buffer.concat(parts))
      done()
      setImmediate(said)
    }
  })
}

/** What the system has not taken of the first answer; below TLS, where there is some. */
function left ({ requests }: Proxy): number {
  type Handle = { writeQueueSize: number, _parent?: Handle }
  const handle = (requests[0]!.raw.socket as unknown as { _handle: Handle | null })._handle
  return (handle?._parent ?? handle)?.writeQueueSize ?? 0
}

/** Lets all that is due happen. */
async function passes (goOn: (ms: number) => void, ms: number): Promise<void> {
  for (let gone = 0; gone < ms; gone += IDLE / 4) {
    goOn(IDLE / 4)
    await new Promise(resolve => setImmediate(resolve))
  }
}

t.test('a client that does not take the rest of an answer is not waited for once its upstream has said all of it', async t => {
  const goOn = clock(t)
  const { subject, client } = await kept(t)
  await passes(goOn, IDLE / 2)
  t.notOk(client.destroyed)
  await passes(goOn, IDLE)
  t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_TIMEOUT', moment: 'body', side: 'client' })
  client.resume()
  await closed(client)
})

for (const secure of [false, true]) {
  t.test(`a client that goes on reading the rest of an answer${secure ? ' over TLS' : ''} is waited for, however long it takes`, async t => {
    const goOn = clock(t)
    const { subject, client } = await kept(t, secure)
    let taken = 0
    client.on('data', part => {
      const before = Math.floor(taken / (LARGE / 6))
      taken += part.length
      if (Math.floor(taken / (LARGE / 6)) > before) client.pause()
    })
    const over = once(client, 'close')
    while (!client.destroyed) {
      const before = left(subject)
      client.resume()
      await Promise.race([once(client, 'pause'), over])
      // The system passes on what it holds in its own time.
      await eventually(() => left(subject) === 0 || left(subject) !== before, 'some of it has left')
      await passes(goOn, IDLE * 3 / 4)
    }
    client.resume()
    await over
    t.match({ enough: taken > LARGE, error: (await subject.facts()).error }, { enough: true, error: null })
  })
}

for (const [what, code] of [['all', 'FST_ARR_CLIENT_TIMEOUT'], ['nothing, and the error is ours', 'FST_ARR_UPSTREAM_BAD_ANSWER']] as const) {
  t.test(`a client of HTTP/2 whose window stays shut is not waited for once its upstream has said ${what}`, async t => {
    const goOn = clock(t)
    const { url } = await answering(t, what === 'all' ? 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nall' : 'what?')
    const subject = await proxy(t, { upstream: url, timeouts: { idle: IDLE } }, { http2: true } as never)
    const session = connect(`http://127.0.0.1:${subject.port}`, { settings: { initialWindowSize: 0 } })
    session.on('error', () => {})
    t.teardown(() => session.destroy())
    const stream = session.request({ ':path': '/' })
    stream.on('error', () => {})
    await once(stream, 'response')
    await passes(goOn, IDLE / 2)
    t.notOk(stream.closed)
    await passes(goOn, IDLE)
    t.match((await subject.facts()).error, { code })
    t.notOk(session.destroyed, 'its other streams go on')
  })
}

t.test('a client of HTTP/2 that reads nothing at all loses its connection, for not even the reset of a stream gets there', async t => {
  const goOn = clock(t)
  const url = await upstream(t, (_request, response) => { response.end(Buffer.alloc(LARGE)) })
  let said = () => {}
  const whole = new Promise<void>(resolve => { said = resolve })
  const subject = await proxy(t, { upstream: url, timeouts: { idle: IDLE }, rewriteResponse: () => ({ body: collecting(said) }) }, { http2: true } as never)
  const client = rawHttp2(t, subject.port)
  await client.frame(({ type, flags }) => type === FRAME.SETTINGS && flags === FRAME.ACK)
  client.socket.pause()
  // Windows as wide as they may be (RFC 9113 §6.9.1).
  client.send(FRAME.SETTINGS, 0, 0, '\x00\x04\x7f\xff\xff\xff')
  client.send(FRAME.WINDOW_UPDATE, 0, 0, '\x7f\xff\x00\x00')
  client.open(1, [':method', 'GET', ':path', '/', ':scheme', 'http', ':authority', 'a'], true)
  await whole
  await passes(goOn, IDLE * 5 / 2)
  t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_TIMEOUT' })
  client.socket.resume()
  await closed(client.socket)
})
