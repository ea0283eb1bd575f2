// What may a client do that sends its body slowly, or not at all? Time is the test's here: it goes on when the test says so.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { clock } from './clock.ts'
import { ask, closed, FRAME, proxy, rawHttp2, rawUpstream, upstream, type Proxy, type RawHttp2 } from './forward-subjects.ts'
import { client, eventually, quiet, until, watchDials } from './parts.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
const sized = (length: number, path = '/', more = '') => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n${more}\r\n`
const FIELDS = [':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', '/']
// What a request's stream holds by itself.
const FULL = 65_536

const turn = () => new Promise(resolve => setImmediate(resolve))

/** Time that the test moves, the proxy's looks at its bodies included. */
function time (t: Test): (ms: number) => Promise<void> {
  const goOn = clock(t, 200)
  return async ms => {
    for (let gone = 0; gone < ms; gone += 250) {
      goOn(250)
      // The look, and what it leads to.
      for (let i = 0; i < 3; i++) await turn()
    }
  }
}

/** All that a client has sent, the request at `index` and what follows it, is with the proxy. */
async function arrived ({ requests }: Proxy, { bytesWritten }: Socket, index = 0): Promise<void> {
  await eventually(() => (ownOf(requests[index]?.raw)?.bytesRead ?? 0) >= bytesWritten, 'it has arrived')
  await turn()
}

/** The proxy's end of its connection to a client. */
function ownOf (raw: IncomingMessage | undefined): Socket | undefined {
  return (raw as { stream?: ServerHttp2Stream } | undefined)?.stream?.session?.socket ?? raw?.socket
}

/** An upstream that answers once it has a whole body, and tells what it was. */
function echo (t: Test): Promise<string> {
  return upstream(t, (request, response) => {
    let body = ''
    request.on('data', part => { body += String(part) })
    request.on('end', () => response.end(`${request.method as string} ${body.length}`))
    request.on('error', () => {})
  })
}

async function http2 (t: Test, port: number): Promise<RawHttp2> {
  const session = rawHttp2(t, port)
  await session.frame(({ type, flags }) => type === FRAME.SETTINGS && flags === FRAME.ACK)
  return session
}

const dataOf = (session: RawHttp2, stream: number) => session.frame(frame => frame.type === FRAME.DATA && frame.stream === stream && frame.payload.length > 0)

for (const [what, head, parts, expected] of [
  ['all of a small body', sized(10), ['123456789', '0'], 'POST 10'],
  ['the first full part of a large one', sized(FULL * 2), ['x'.repeat(FULL / 8), 'x'.repeat(FULL / 8 * 15)], `POST ${FULL * 2}`],
  ['all of one of unknown length', CHUNKED, ['3\r\nabc\r\n', '0\r\n\r\n'], 'POST 3']
] as const) {
  t.test(`a request takes no connection before ${what} is there`, async t => {
    time(t)
    const dialled = watchDials(t)
    const subject = await proxy(t, { upstream: await echo(t) })
    const asking = client(t, subject.port)
    const text = until(asking, text => text.includes(expected))
    asking.write(head + parts[0])
    await arrived(subject, asking)
    t.equal(dialled.length, 1, 'the client\'s own, and none to the upstream')
    asking.write(parts[1])
    t.match(await text, /^HTTP\/1\.1 200 /)
    t.equal(dialled.length, 2)
  })
}

t.test('a request of HTTP/2 takes no connection before there is some of its body', async t => {
  time(t)
  const dialled = watchDials(t)
  const subject = await proxy(t, { upstream: await echo(t) }, { http2: true } as never)
  const session = await http2(t, subject.port)
  session.open(1, FIELDS)
  session.send(FRAME.DATA, 0, 1, 'abc')
  await arrived(subject, session.socket)
  t.equal(dialled.length, 1)
  session.send(FRAME.DATA, FRAME.END_STREAM, 1, 'de')
  t.equal(String((await dataOf(session, 1))?.payload), 'POST 5')
})

t.test('a small body that comes with its head leaves with it, in one write of the same turn', async t => {
  const dialled = watchDials(t)
  let turns = () => {}
  const subject = await proxy(t, { upstream: await echo(t) }, {}, app => app.addHook('onRequest', async () => { setImmediate(turns) }))
  const asking = client(t, subject.port)
  const request = sized(5) + 'hello'
  asking.write(request)
  await until(asking, text => text.endsWith('POST 5'))
  const kept = dialled[1] as Socket
  const writes: string[] = []
  for (const name of ['_write', '_writev'] as const) {
    const write = kept[name] as (...args: unknown[]) => void
    kept[name] = (...args: unknown[]) => {
      writes.push(name)
      write.apply(kept, args)
    }
  }
  turns = () => { writes.push('the turn is over') }
  asking.write(request)
  await until(asking, text => text.endsWith('POST 5'))
  t.same(writes, ['_writev', 'the turn is over'])
  t.equal(dialled.length, 2)
})

t.test('bodies that do not come take no connection from others, whoever they are', async t => {
  time(t)
  const subject = await proxy(t, { upstream: await echo(t), connections: { max: 8, perClient: 0 } })
  const attack = Array.from({ length: 24 }, () => client(t, subject.port))
  for (const one of attack) one.write(sized(1000) + 'abc')
  await eventually(() => subject.requests.length === attack.length, 'all are there')
  for (let i = 0; i < 9; i++) t.match(await ask(subject.port), { status: 200, body: 'GET 0' })
})

t.test('a client that leaves before its body is there is not asked for', async t => {
  time(t)
  const dialled = watchDials(t)
  const subject = await proxy(t, { upstream: await echo(t) })
  const leaving = client(t, subject.port)
  leaving.write(sized(10) + 'abc')
  await arrived(subject, leaving)
  leaving.resetAndDestroy()
  t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_GONE', moment: 'request', side: 'client' })
  t.equal(dialled.length, 1)
})

for (const [framing, head, first, wait] of [['sized', sized(1000), 'abc', 1000], ['chunked', CHUNKED, '3\r\nabc\r\n', 250]] as const) {
  t.test(`a client that says a little and waits for the answer gets it (${framing}), and goes on as slowly as it likes`, async t => {
    const passes = time(t)
    const backend = await rawUpstream(t, socket => { socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n') })
    const subject = await proxy(t, { upstream: backend.url })
    const asking = client(t, subject.port)
    asking.write(head + first)
    await arrived(subject, asking)
    await passes(wait + 250)
    await eventually(() => backend.received().includes(first), 'the upstream has what there is')
    await until(asking, text => text.includes('first'))
    for (let i = 0; i < 10; i++) {
      asking.write(framing === 'sized' ? 'x' : '1\r\nx\r\n')
      await arrived(subject, asking)
      await passes(20_000)
    }
    asking.write(framing === 'sized' ? 'x'.repeat(987) : '0\r\n\r\n')
    backend.sockets[0]!.write('4\r\nlast\r\n0\r\n\r\n')
    await until(asking, text => text.includes('last\r\n0\r\n\r\n'))
    t.equal((await subject.facts()).error, null)
  })
}

for (const [when, options] of [
  ['on its way', {}],
  ['before a connection is free for it', { connections: { max: 1 }, timeouts: { connect: 0, firstByte: 0 } }]
] as Array<[string, UpstreamProxyOptions]>) {
  t.test(`a body that comes a byte now and then is 408 (${when})`, async t => {
    const passes = time(t)
    const backend = await rawUpstream(t, () => {})
    const subject = await proxy(t, { upstream: backend.url, ...options })
    if (options.connections !== undefined) {
      client(t, subject.port).write('GET /long HTTP/1.1\r\nHost: a\r\n\r\n')
      await eventually(() => backend.received().includes('/long'), 'the only connection is taken')
    }
    const at = backend.sockets.length
    const slow = client(t, subject.port)
    const text = until(slow, text => text.includes('took too long'))
    slow.write(sized(1000, '/slow') + 'abc')
    await arrived(subject, slow, at)
    await passes(4500)
    t.notOk(slow.destroyed || slow.readableEnded, 'it has its grace')
    slow.write('d')
    await arrived(subject, slow, at)
    await passes(1000)
    t.match(await text, /^HTTP\/1\.1 408 [^]*\r\nConnection: close\r\n/)
    if (!slow.readableEnded) await once(slow.resume(), 'end')
    t.match((await subject.facts(at)).error, { code: 'FST_ARR_CLIENT_TIMEOUT', moment: 'request', side: 'client', statusCode: 408 })
    if (at === 0) await closed(backend.sockets[0]!)
    else t.notMatch(backend.received(), '/slow')
  })
}

t.test('a body of HTTP/2 that comes a byte now and then is 408, and its session goes on', async t => {
  const passes = time(t)
  const subject = await proxy(t, { upstream: await echo(t) }, { http2: true } as never)
  const session = await http2(t, subject.port)
  session.open(1, FIELDS)
  session.send(FRAME.DATA, 0, 1, 'abc')
  await arrived(subject, session.socket)
  await passes(6000)
  t.match(String((await dataOf(session, 1))?.payload), 'FST_ARR_CLIENT_TIMEOUT')
  const reset = await session.frame(({ type, stream }) => type === FRAME.RST_STREAM && stream === 1)
  t.equal(reset?.payload.readUInt32BE(0), 0, 'it was answered: NO_ERROR')
  t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_TIMEOUT', moment: 'request', side: 'client' })
  session.open(3, FIELDS)
  session.send(FRAME.DATA, FRAME.END_STREAM, 3, 'abc')
  t.equal(String((await dataOf(session, 3))?.payload), 'POST 3')
})

t.test('a two-way stream of HTTP/2 may be as slow as it likes once it is answered', async t => {
  const passes = time(t)
  const backend = await rawUpstream(t, socket => { socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n') })
  const subject = await proxy(t, { upstream: backend.url }, { http2: true } as never)
  const session = await http2(t, subject.port)
  session.open(1, FIELDS)
  session.send(FRAME.DATA, 0, 1, 'abc')
  await arrived(subject, session.socket)
  await passes(500)
  t.equal(String((await dataOf(session, 1))?.payload), 'first')
  for (let i = 0; i < 10; i++) {
    session.send(FRAME.DATA, 0, 1, 'x')
    await arrived(subject, session.socket)
    await passes(20_000)
  }
  session.send(FRAME.DATA, FRAME.END_STREAM, 1, 'y')
  backend.sockets[0]!.write('0\r\n\r\n')
  t.ok(await session.frame(({ type, flags, stream }) => type === FRAME.DATA && flags === FRAME.END_STREAM && stream === 1))
  t.equal((await subject.facts()).error, null)
})

for (const [what, options, bytes, status] of [
  ['300 bytes a second is served', {}, 300, 200],
  ['200 bytes a second is 408', {}, 200, 408],
  ['200 bytes a second is served where less is asked for', { minBytesPerSecond: 150 }, 200, 200],
  ['a byte a second is served where nothing is asked for', { minBytesPerSecond: 0 }, 1, 200]
] as Array<[string, UpstreamProxyOptions, number, number]>) {
  t.test(`a body at ${what}`, async t => {
    const passes = time(t)
    const subject = await proxy(t, { upstream: await echo(t), ...options })
    const asking = client(t, subject.port)
    let text = ''
    asking.on('data', part => { text += String(part) })
    const head = sized(bytes * 60)
    asking.write(head)
    for (let i = 1; i <= 60; i++) {
      if (subject.requests[0]?.upstream?.error != null) break
      asking.write('x'.repeat(bytes))
      await arrived(subject, asking)
      await passes(1000)
    }
    await eventually(() => text !== '', 'it is answered')
    t.equal(Number(text.slice(9, 12)), status)
  })
}

t.test('a client that was fast may pause, for as long as any other', async t => {
  const passes = time(t)
  const subject = await proxy(t, { upstream: await echo(t) })
  const asking = client(t, subject.port)
  const text = until(asking, text => text.includes('POST 200001'))
  asking.write(sized(200_001) + 'x'.repeat(200_000))
  await arrived(subject, asking)
  await passes(100_000)
  asking.write('x')
  t.match(await text, /^HTTP\/1\.1 200 /)
})

t.test('an upstream that reads slowly makes no client slow', async t => {
  const passes = time(t)
  const backend = await rawUpstream(t, socket => { socket.pause() })
  const subject = await proxy(t, { upstream: backend.url, timeouts: { send: 0 } })
  const asking = client(t, subject.port)
  const large = Buffer.alloc(40_000_000)
  asking.write(sized(large.length))
  asking.write(large)
  await eventually(() => subject.requests[0]?.raw.isPaused() === true, 'the client has to wait')
  await quiet(() => subject.requests[0]!.raw.socket.bytesRead)
  await passes(100_000)
  t.equal(subject.requests[0]!.upstream!.error, null)
  let sent = 0
  backend.sockets[0]!.removeAllListeners('data').on('data', part => { sent += part.length }).resume()
  await eventually(() => sent > 30_000_000, 'it goes on')
  t.equal(subject.requests[0]!.upstream!.error, null)
})

for (const [framing, body] of [['sized', sized(5) + 'hello'], ['chunked', CHUNKED + '5\r\nhello\r\n0\r\n\r\n']] as const) {
  t.test(`a body that is whole (${framing}) may wait for a connection for as long as there is none`, async t => {
    const passes = time(t)
    const backend = await rawUpstream(t, () => {})
    const subject = await proxy(t, { upstream: backend.url, connections: { max: 1 }, timeouts: { connect: 0, firstByte: 0 } })
    client(t, subject.port).write('GET /long HTTP/1.1\r\nHost: a\r\n\r\n')
    await eventually(() => backend.received().includes('/long'), 'the only connection is taken')
    const asking = client(t, subject.port)
    asking.write(body)
    await arrived(subject, asking, 1)
    await passes(60_000)
    t.equal(subject.requests[1]!.upstream!.error, null)
    backend.sockets[0]!.write(OK)
    await eventually(() => backend.received().includes('hello'), 'it is its turn')
    backend.sockets[0]!.write(OK)
    t.match(await until(asking, text => text.endsWith('ok')), /^HTTP\/1\.1 200 /)
  })
}

t.test('what came while the process was busy with something else counts for the client', async t => {
  const goOn = clock(t, 200)
  const backend = await rawUpstream(t, () => {})
  const subject = await proxy(t, { upstream: backend.url })
  const asking = client(t, subject.port)
  asking.write(sized(100_000) + 'abc')
  await arrived(subject, asking)
  // Nothing is read between these two.
  asking.write('x'.repeat(2000))
  goOn(8000)
  for (let i = 0; i < 5; i++) await turn()
  t.equal(subject.requests[0]!.upstream!.error, null)
  await eventually(() => backend.received().includes('abcx'), 'it goes on')
})

t.test('a client that waits for 100 Continue is asked for at once, and its time is not counted', async t => {
  const passes = time(t)
  const backend = await rawUpstream(t, socket => {
    socket.on('data', part => { if (String(part).endsWith('hello')) socket.write(OK) })
  })
  const subject = await proxy(t, { upstream: backend.url })
  const asking = client(t, subject.port)
  asking.write(sized(5, '/', 'Expect: 100-continue\r\n'))
  await eventually(() => backend.received().includes('Expect: 100-continue\r\n'), 'the upstream is asked')
  backend.sockets[0]!.write('HTTP/1.1 100 Continue\r\n\r\n')
  t.equal(await until(asking, text => text.endsWith('\r\n\r\n')), 'HTTP/1.1 100 Continue\r\n\r\n')
  await passes(4500)
  asking.write('hello')
  t.match(await until(asking, text => text.endsWith('ok')), /^HTTP\/1\.1 200 /)
})

t.test('a stream that a hook gave is waited for as the client\'s own, and goes at its own pace', async t => {
  const passes = time(t)
  const dialled = watchDials(t)
  const given = new PassThrough()
  const subject = await proxy(t, { upstream: await echo(t) }, {}, app => app.addHook('preParsing', async (_request, _reply, payload) => {
    for await (const part of payload) String(part)
    return given
  }))
  const asking = client(t, subject.port)
  const text = until(asking, text => text.includes('POST 8'))
  asking.write(sized(5) + 'hello')
  given.write('abc')
  await arrived(subject, asking)
  t.equal(dialled.length, 1)
  await passes(500)
  t.equal(dialled.length, 2)
  await passes(60_000)
  given.end('later')
  t.match(await text, /^HTTP\/1\.1 200 /)
})

t.test('of a body that waits for a connection no more is read than its stream and the first part hold', async t => {
  const backend = await rawUpstream(t, () => {})
  const subject = await proxy(t, { upstream: backend.url, connections: { max: 1 }, timeouts: { connect: 0 } })
  client(t, subject.port).write('GET /long HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => backend.received().includes('/long'), 'the only connection is taken')
  const asking = client(t, subject.port)
  asking.write(sized(40_000_000))
  asking.write(Buffer.alloc(40_000_000))
  await eventually(() => subject.requests.length === 2, 'it has arrived')
  await quiet(() => subject.requests[1]!.raw.socket.bytesRead)
  const { bytesRead } = subject.requests[1]!.raw.socket
  t.ok(bytesRead < 400_000, `${bytesRead} bytes were read`)
})
