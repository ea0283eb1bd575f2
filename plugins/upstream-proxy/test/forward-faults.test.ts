// What goes wrong on either side, at each moment: what the client gets, what the facts say, and that life goes on.
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { clock, LIMIT } from './clock.ts'
import { ask, closed, proxy, rawUpstream, read, talk, upstream, type Proxy, type RawUpstream } from './forward-subjects.ts'
import { eventually, quiet, watchDials } from './parts.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** An upstream that does `fault` to the first request, and answers the next. */
function faulty (t: Test, fault: (socket: Socket, head: string) => void): Promise<RawUpstream> {
  return rawUpstream(t, (socket, head, count) => {
    if (count === 1) fault(socket, head)
    else socket.write(OK)
  })
}

/** The next request is served, on a connection of its own, and all those before are closed. */
async function goesOn (t: Test, { port }: Proxy, { sockets }: { sockets: readonly Socket[] }): Promise<void> {
  const before = [...sockets]
  t.match(await ask(port), { status: 200, body: 'ok' }, 'the next request is served')
  t.equal(sockets.length, before.length + 1, 'what had the fault is not used again')
  for (const socket of before) await closed(socket)
}

async function fails (t: Test, upstream: RawUpstream, expected: object, fact: object, options: UpstreamProxyOptions = {}, method = 'GET'): Promise<void> {
  const subject = await proxy(t, { upstream: upstream.url, ...options })
  const answer = await ask(subject.port, { method })
  t.match(answer, expected)
  t.notMatch(answer.body, /127\.0\.0\.1|ECONN|at .*\.ts/, 'nothing internal is told')
  t.match((await subject.facts()).error, fact)
  await goesOn(t, subject, upstream)
}

/** Something of the answer has left for the client: what goes wrong from now on finds it cut. */
function underWay ({ requests }: Proxy): Promise<void> {
  return eventually(() => (requests[0]?.raw.socket.bytesWritten ?? 0) > 0, 'the answer is under way')
}

/** The proxy's end of its connection to an upstream. */
function endOf (dialled: readonly Socket[], { url }: { url: string }): Socket | undefined {
  return dialled.find(socket => socket.remotePort === Number(new URL(url).port))
}

/** A proxy whose first request goes where nobody answers, and the next ones to `backend`. */
function misled (t: Test, nowhere: string, backend: RawUpstream, options: UpstreamProxyOptions = {}): Promise<Proxy> {
  let count = 0
  return proxy(t, { to: () => (++count === 1 ? nowhere : backend.url) + '/', ...options })
}

t.test('an upstream that refuses is 502', async t => {
  const backend = await rawUpstream(t, socket => socket.write(OK))
  const subject = await misled(t, 'http://127.0.0.1:1', backend)
  t.match(await ask(subject.port), { status: 502, headers: { 'content-type': /json/ } })
  t.match((await subject.facts()).error, { code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect', side: 'upstream', statusCode: 502, systemCode: 'ECONNREFUSED' })
  await goesOn(t, subject, backend)
})

t.test('a name that does not resolve is 502', async t => {
  const backend = await rawUpstream(t, socket => socket.write(OK))
  // A resolver may take its time to say no.
  const subject = await misled(t, 'http://nowhere.invalid', backend, { timeouts: { connect: 60_000 } })
  t.match(await ask(subject.port), { status: 502 })
  t.match((await subject.facts()).error, { code: 'FST_ARR_UPSTREAM_NOT_RESOLVED', moment: 'connect' })
  await goesOn(t, subject, backend)
})

t.test('an upstream that accepts, and then never shakes hands for TLS, is 504', async t => {
  const goOn = clock(t)
  const mute = await rawUpstream(t, () => {})
  const backend = await rawUpstream(t, socket => socket.write(OK))
  const subject = await misled(t, mute.url.replace('http', 'https'), backend, { timeouts: { connect: LIMIT } })
  const asking = ask(subject.port)
  await eventually(() => mute.received() !== '', 'it is greeted')
  goOn(LIMIT + 1)
  t.match(await asking, { status: 504 })
  t.match((await subject.facts()).error, { code: 'FST_ARR_UPSTREAM_CONNECT_TIMEOUT', moment: 'connect', side: 'upstream', statusCode: 504 })
  t.equal(mute.received()[0], '\x16', 'it was greeted')
  t.equal(mute.sockets.length, 1)
  await closed(mute.sockets[0]!)
  await goesOn(t, subject, backend)
})

t.test('a browser gets a page, others JSON, HEAD no body', async t => {
  const { port } = await proxy(t, { upstream: 'http://127.0.0.1:1' })
  const page = await ask(port, { headers: { accept: 'text/html,*/*;q=0.8' } })
  t.match(page, { status: 502, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }, body: /<h1>502 Bad Gateway<\/h1>/ })
  t.same(JSON.parse((await ask(port)).body), { statusCode: 502, code: 'FST_ARR_UPSTREAM_REFUSED', error: 'Bad Gateway', message: 'The upstream server could not be reached' })
  t.match(await ask(port, { method: 'HEAD' }), { status: 502, body: '' })
})

t.test('an upstream that resets before the head is 502', async t => {
  await fails(t, await faulty(t, socket => socket.resetAndDestroy()), { status: 502 }, { code: 'FST_ARR_UPSTREAM_RESET', moment: 'headers', side: 'upstream' })
})

t.test('an upstream that ends before the head is 502', async t => {
  await fails(t, await faulty(t, socket => socket.end()), { status: 502 }, { code: 'FST_ARR_UPSTREAM_RESET', moment: 'headers' })
})

t.test('an upstream that resets in the head is 502', async t => {
  await fails(t, await faulty(t, socket => socket.write('HTTP/1.1 200 OK\r\nContent-', () => setTimeout(() => socket.resetAndDestroy(), 20))), { status: 502 }, { moment: 'headers' })
})

for (const [name, head] of [
  ['a sized body', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'],
  ['a chunked body', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n'],
  ['the last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n0\r\n'],
  ['a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\npart']
] as const) {
  for (const how of ['end', 'resetAndDestroy'] as const) {
    t.test(`an upstream that goes (${how}) in ${name} cuts the answer`, async t => {
      const backend = await faulty(t, socket => socket.write(head))
      const subject = await proxy(t, { upstream: backend.url })
      const asking = ask(subject.port)
      await underWay(subject)
      backend.sockets[0]![how]()
      const answer = await asking
      t.match(answer, { status: 200, body: 'part', complete: false })
      t.match((await subject.facts()).error, { code: 'FST_ARR_UPSTREAM_RESET', moment: 'body', side: 'upstream' })
      await goesOn(t, subject, backend)
    })
  }
}

t.test('an answer of unknown length that is reset is cut, for HTTP/1.0 as well', async t => {
  const bytes = 'HTTP/1.1 200 OK\r\n\r\npart'
  const waits = (socket: Socket) => socket.write(bytes)
  const resetsAtOnce = (socket: Socket) => socket.write(bytes, () => {
    socket.resetAndDestroy()
    // Bytes and reset are there together when they are next looked for.
    for (const start = Date.now(); Date.now() - start < 20;);
  })
  for (const fault of [resetsAtOnce, waits]) {
    const backend = await faulty(t, fault)
    const subject = await proxy(t, { upstream: backend.url })
    const asking = ask(subject.port)
    await underWay(subject)
    if (fault === waits) backend.sockets[0]!.resetAndDestroy()
    t.match(await asking, { body: 'part', complete: false })
    await goesOn(t, subject, backend)
  }
  const backend = await faulty(t, waits)
  const subject = await proxy(t, { upstream: backend.url })
  const old = connect(subject.port, '127.0.0.1')
  old.write('GET / HTTP/1.0\r\n\r\n')
  old.resume()
  const failed = once(old, 'error')
  await underWay(subject)
  backend.sockets[0]!.resetAndDestroy()
  t.match((await failed)[0], { code: 'ECONNRESET' })
  await goesOn(t, subject, backend)
})

for (const [name, bytes] of [
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a greeting of SMTP', '220 mail ESMTP\r\n'],
  ['nothing but line ends', '\r\n\r\n\r\n\r\n'],
  ['binary', Buffer.from([0x15, 3, 1, 0, 2, 2, 40])],
  ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
  ['HTTP/1.2', 'HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['a status of words', 'HTTP/1.1 OK\r\n\r\n'],
  ['two Content-Lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
  ['Content-Length and Transfer-Encoding', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ['a coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok'],
  ['a folded header', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok'],
  ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
  ['a NUL in a header', 'HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 2\r\n\r\nok'],
  ['a header without a colon', 'HTTP/1.1 200 OK\r\nX-A\r\nContent-Length: 2\r\n\r\nok'],
  ['a space before a colon', 'HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length: 2\r\n\r\nok'],
  ['101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ['interim answers without an end', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(40)],
  ['a head that is too large', `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(70_000)}\r\n\r\n`],
  ['a head that never ends', `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(10_000)}`]
] as const) {
  t.test(`${name} is a bad answer, and 502`, async t => {
    await fails(t, await faulty(t, socket => socket.write(bytes as string)), { status: 502 }, { code: 'FST_ARR_UPSTREAM_BAD_ANSWER', moment: 'headers', side: 'upstream', statusCode: 502 })
  })
}

for (const [name, bytes] of [
  ['a chunk size that is none', '4\r\npart\r\nzz\r\n'],
  ['a chunk that is too long', '4\r\npart!\r\n'],
  ['a bare LF', '4\r\npart\n0\n\n'],
  ['an endless chunk size', '4\r\npart\r\n' + '0'.repeat(2000)],
  ['a trailer that is none', '4\r\npart\r\n0\r\nnonsense\r\n\r\n'],
  ['trailers that are too large', `4\r\npart\r\n0\r\nX-A: ${'x'.repeat(70_000)}\r\n\r\n`]
] as const) {
  t.test(`${name} in the body cuts the answer`, async t => {
    const backend = await faulty(t, socket => socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${bytes}`))
    const subject = await proxy(t, { upstream: backend.url })
    t.match(await ask(subject.port), { status: 200, body: 'part', complete: false })
    t.match((await subject.facts()).error, { code: 'FST_ARR_UPSTREAM_BAD_ANSWER', moment: 'body' })
    await goesOn(t, subject, backend)
  })
}

t.test('an upstream that stalls before the head is 504', async t => {
  const goOn = clock(t)
  const backend = await faulty(t, () => {})
  const failing = fails(t, backend, { status: 504 }, { code: 'FST_ARR_UPSTREAM_TIMEOUT', moment: 'headers', statusCode: 504 }, { timeouts: { firstByte: LIMIT } })
  await eventually(() => backend.received().endsWith('\r\n\r\n'), 'it is asked')
  goOn(LIMIT + 1)
  await failing
})

t.test('an upstream that stalls in the head is 504', async t => {
  const goOn = clock(t)
  const dialled = watchDials(t)
  const backend = await faulty(t, socket => socket.write('HTTP/1.1 200 OK\r\n'))
  const failing = fails(t, backend, { status: 504 }, { code: 'FST_ARR_UPSTREAM_TIMEOUT', moment: 'headers' }, { timeouts: { firstByte: LIMIT } })
  await eventually(() => (endOf(dialled, backend)?.bytesRead ?? 0) > 0, 'the head begins')
  goOn(LIMIT + 1)
  await failing
})

t.test('an upstream that stalls in the body cuts the answer', async t => {
  const goOn = clock(t)
  const backend = await faulty(t, socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart'))
  const subject = await proxy(t, { upstream: backend.url, timeouts: { idle: LIMIT } })
  const asking = ask(subject.port)
  await underWay(subject)
  goOn(LIMIT + 1)
  t.match(await asking, { body: 'part', complete: false })
  t.match((await subject.facts()).error, { code: 'FST_ARR_UPSTREAM_TIMEOUT', moment: 'body' })
  await goesOn(t, subject, backend)
})

t.test('server-sent events may be silent for longer than the idle limit', async t => {
  const goOn = clock(t)
  const backend = await faulty(t, socket => socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n'))
  const subject = await proxy(t, { upstream: backend.url, timeouts: { idle: LIMIT } })
  const asking = ask(subject.port)
  await underWay(subject)
  goOn(LIMIT * 5)
  backend.sockets[0]!.end('data: 2\n\n')
  t.match(await asking, { body: 'data: 1\n\ndata: 2\n\n', complete: true })
  await goesOn(t, subject, backend)
})

for (const method of ['GET', 'POST']) {
  t.test(`the head of an answer may be longer in coming than the idle limit (${method})`, async t => {
    const goOn = clock(t)
    const backend = await rawUpstream(t, () => {})
    const { port } = await proxy(t, { upstream: backend.url, timeouts: { idle: LIMIT, firstByte: LIMIT * 5 } })
    const asking = ask(port, { method, ...(method === 'POST' ? { body: 'now', headers: { 'content-length': 3 } } : {}) })
    await eventually(() => backend.received().endsWith(method === 'POST' ? 'now' : '\r\n\r\n'), 'it is asked')
    goOn(LIMIT * 3)
    backend.sockets[0]!.write(OK)
    t.match(await asking, { status: 200, body: 'ok', complete: true })
  })
}

t.test('once its head is there, the body of an answer may be longer in coming than the head might have been', async t => {
  const goOn = clock(t)
  const backend = await rawUpstream(t, socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'))
  const subject = await proxy(t, { upstream: backend.url, timeouts: { firstByte: LIMIT, idle: LIMIT * 5 } })
  const asking = ask(subject.port)
  await underWay(subject)
  goOn(LIMIT * 3 / 2)
  backend.sockets[0]!.write('late')
  t.match(await asking, { status: 200, body: 'late', complete: true })
})

t.test('an answer that comes in pieces, each within the limit, is not cut, however long it takes', async t => {
  const pieces = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n|1\r\na\r|\n2\r\nb|c\r\n|2|\r\nde\r\n0\r\n|\r\n'.split('|')
  const goOn = clock(t)
  const dialled = watchDials(t)
  const backend = await rawUpstream(t, () => {})
  const { port } = await proxy(t, { upstream: backend.url, timeouts: { idle: LIMIT } })
  const asking = ask(port)
  await eventually(() => backend.received().endsWith('\r\n\r\n'), 'it is asked')
  let said = 0
  for (const piece of pieces) {
    backend.sockets[0]!.write(piece)
    said += piece.length
    await eventually(() => endOf(dialled, backend)!.bytesRead === said, 'the piece is there')
    goOn(LIMIT / 4)
  }
  t.match(await asking, { status: 200, body: 'abcde', complete: true })
})

t.test('a request that comes in pieces, each within the limit, is served, however long it takes', async t => {
  const url = await upstream(t, (request, response) => {
    let body = ''
    request.on('data', chunk => { body += String(chunk) })
    request.on('end', () => response.end(`${request.method} ${request.url} ${request.headers['x-slow']} ${body}`))
  })
  const goOn = clock(t)
  const { app, port } = await proxy(t, { upstream: url, timeouts: { idle: LIMIT }, minBytesPerSecond: 0 })
  const accepted = once(app.server, 'connection')
  const client = connect(port, '127.0.0.1')
  const [own] = await accepted as [Socket]
  let text = ''
  let said = 0
  client.on('data', chunk => { text += String(chunk) })
  for (const piece of 'PO|ST /slow HTTP/1.1\r\nHo|st: x\r\nX-Slow: ve|ry\r|\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r|\n|1\r\na\r|\n2\r\nb|c\r\n|2|\r\nde\r\n0\r\n|\r\n'.split('|')) {
    client.write(piece)
    said += piece.length
    await eventually(() => own.bytesRead === said, 'the piece is there')
    goOn(LIMIT / 4)
  }
  await closed(client)
  t.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nPOST \/slow very abcde$/)
})

t.test('an upstream that does not read an upload is 504', async t => {
  const goOn = clock(t)
  const backend = await faulty(t, socket => { socket.pause() })
  const subject = await proxy(t, { upstream: backend.url, timeouts: { idle: LIMIT } })
  const outgoing = request({ host: '127.0.0.1', port: subject.port, method: 'POST', agent: false, headers: { 'content-length': 80_000_000 } })
  outgoing.on('error', () => {})
  outgoing.write(Buffer.alloc(40_000_000))
  const answered = once(outgoing, 'response')
  await eventually(() => subject.requests[0]?.raw.isPaused() === true, 'the client has to wait')
  await quiet(() => subject.requests[0]!.raw.socket.bytesRead)
  goOn(LIMIT + 1)
  const [response] = await answered as [IncomingMessage]
  t.equal(response.statusCode, 504)
  t.match(subject.requests[0]!.upstream!.error, { code: 'FST_ARR_UPSTREAM_TIMEOUT', moment: 'request', side: 'upstream' })
  outgoing.destroy()
  // Who does not read does not see the end either.
  backend.sockets[0]!.removeAllListeners('data').resume()
  await goesOn(t, subject, backend)
})

t.test('a client that stalls in its upload is 408, and the upstream hears no end', async t => {
  const goOn = clock(t)
  const backend = await faulty(t, () => {})
  const subject = await proxy(t, { upstream: backend.url, timeouts: { idle: LIMIT } })
  const talking = talk(subject.port, 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', /took too long/)
  await eventually(() => backend.received().includes('abc'), 'its first part is there')
  goOn(LIMIT + 1)
  const text = await talking
  t.match(text, /^HTTP\/1\.1 408 /)
  t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_TIMEOUT', moment: 'request', side: 'client' })
  await closed(backend.sockets[0]!)
  t.notMatch(backend.received(), /\r\n0\r\n\r\n/)
  await goesOn(t, subject, backend)
})

t.test('a client that does not read for too long is cut off, and its upstream let go', async t => {
  const goOn = clock(t)
  const dialled = watchDials(t)
  const sockets: Socket[] = []
  const url = await upstream(t, (request, response) => {
    if (sockets.push(request.socket) === 1) response.write(Buffer.alloc(30_000_000))
    else response.end('ok')
  })
  const subject = await proxy(t, { upstream: url, timeouts: { idle: LIMIT } })
  const client = connect(subject.port, '127.0.0.1')
  client.on('error', () => {})
  client.pause()
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await eventually(() => (subject.requests[0]?.raw.socket.writableLength ?? 0) > 0, 'something waits for it')
  await quiet(() => endOf(dialled, { url })!.bytesRead)
  goOn(LIMIT + 1)
  t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_TIMEOUT', moment: 'body', side: 'client' })
  client.destroy()
  await goesOn(t, subject, { sockets })
})

for (const moment of ['connect', 'request', 'headers', 'body'] as const) {
  t.test(`a client that leaves (${moment}) takes its upstream request with it`, async t => {
    const reached: Socket[] = []
    const backend = await rawUpstream(t, (socket, head) => {
      if (head.startsWith('GET /next ')) {
        socket.write(OK)
        return
      }
      reached.push(socket)
      if (moment === 'body') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart')
    })
    // TEST-NET-1: an address that never answers, or never can be reached.
    const subject = await proxy(t, { to: ({ url }) => (moment === 'connect' && url !== '/next' ? 'http://192.0.2.1' : backend.url) + url })
    const client = connect(subject.port, '127.0.0.1')
    client.on('error', () => {})
    client.write(moment === 'request' ? 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\npart' : 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    if (moment === 'body') await once(client, 'data')
    else if (moment === 'connect') await once(subject.app.server, 'request')
    else while (reached.length === 0) await new Promise(resolve => setImmediate(resolve))
    client.resetAndDestroy()
    const { error } = await subject.facts()
    if (error?.side === 'client') t.match(error, { code: 'FST_ARR_CLIENT_GONE', moment, statusCode: 499 })
    else t.equal(moment, 'connect', 'only a refusal of the network may come first')
    t.match(await ask(subject.port, { path: '/next' }), { status: 200, body: 'ok' }, 'the next request is served')
    t.equal(backend.sockets.length, reached.length + 1)
    for (const socket of reached) await closed(socket)
  })
}

t.test('two hundred clients that leave in mid-answer leave nothing open', async t => {
  const sockets: Socket[] = []
  let leaving = true
  const url = await upstream(t, (request, response) => {
    sockets.push(request.socket)
    if (leaving) response.write(Buffer.alloc(200_000))
    else response.end('ok')
  })
  const subject = await proxy(t, { upstream: url })
  await Promise.all(Array.from({ length: 200 }, async () => {
    const client = connect(subject.port, '127.0.0.1')
    client.on('error', () => {})
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(client, 'data')
    client.resetAndDestroy()
  }))
  leaving = false
  t.equal(sockets.length, 200)
  for (const socket of sockets) await closed(socket)
  await goesOn(t, subject, { sockets })
})

t.test('a slow reader holds the upstream back, and not the memory', async t => {
  let written = 0
  const url = await upstream(t, (_, response) => {
    const part = Buffer.alloc(65_536)
    const more = () => {
      while (written < 200_000_000) {
        written += part.length
        if (!response.write(part)) {
          response.once('drain', more)
          return
        }
      }
      response.end()
    }
    more()
  })
  const { port } = await proxy(t, { upstream: url })
  const client = connect(port, '127.0.0.1')
  client.on('error', () => {})
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(client, 'data')
  client.pause()
  // The kernel's buffers fill; then nothing moves any more.
  for (let before = -1; before !== written;) {
    before = written
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  t.ok(written < 60_000_000, `${written} bytes were taken`)
  client.destroy()
})

t.test('a slow upload is held back, and not buffered', async t => {
  const backend = await rawUpstream(t, socket => { socket.pause() })
  const { port } = await proxy(t, { upstream: backend.url })
  const client = connect(port, '127.0.0.1')
  client.on('error', () => {})
  client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000000\r\n\r\n')
  let written = 0
  const part = Buffer.alloc(65_536)
  const more = () => {
    while (written < 200_000_000) {
      written += part.length
      if (!client.write(part)) {
        client.once('drain', more)
        return
      }
    }
  }
  more()
  for (let before = -1; before !== written;) {
    before = written
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  t.ok(written < 60_000_000, `${written} bytes were taken`)
  client.destroy()
})

t.test('bytes behind an answer are nobody else\'s answer', async t => {
  const backend = await rawUpstream(t, (socket, _, count) => {
    socket.write(count === 1 ? `${OK}HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned` : OK)
  })
  const subject = await proxy(t, { upstream: backend.url })
  t.match(await ask(subject.port), { status: 200, body: 'ok' })
  t.match(await ask(subject.port), { status: 200, body: 'ok' })
  t.equal(backend.sockets.length, 2, 'the connection was not used again')
})

t.test('bytes that come while nothing is asked close the connection', async t => {
  const backend = await rawUpstream(t, socket => socket.write(OK))
  const subject = await proxy(t, { upstream: backend.url })
  t.match(await ask(subject.port), { body: 'ok' })
  t.notOk(backend.sockets[0]!.destroyed)
  backend.sockets[0]!.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned')
  await closed(backend.sockets[0]!)
  t.match(await ask(subject.port), { body: 'ok' })
})

t.test('an answer before the upload is over is relayed, and the rest of the upload let fall', async t => {
  const backend = await rawUpstream(t, socket => {
    socket.write('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig')
    socket.end()
  })
  const subject = await proxy(t, { upstream: backend.url })
  const outgoing = request({ host: '127.0.0.1', port: subject.port, method: 'POST', agent: false, headers: { 'content-length': 20_000_000 } })
  outgoing.on('error', () => {})
  outgoing.write('a')
  const [response] = await once(outgoing, 'response') as [IncomingMessage]
  outgoing.end(Buffer.alloc(19_999_999))
  t.match(await read(response), { status: 413, body: 'big', complete: true })
  t.equal((await subject.facts()).error, null)
})

t.test('an answer of an upstream that closes on the body it did not read is the client\'s, and one that is cut by it is cut', async t => {
  const large = Buffer.alloc(3_000_000)
  for (const [head, expected] of [
    ['Content-Length: 3\r\n', { status: 413, body: 'big', complete: true }],
    ['Content-Length: 4\r\n', { status: 413, complete: false }],
    ['', { status: 413, complete: false }] // its end might be anywhere
  ] as const) {
    const backend = await rawUpstream(t, (socket, _, count) => {
      if (count > 1) {
        socket.write(OK)
        return
      }
      socket.pause()
      socket.write(`HTTP/1.1 413 Payload Too Large\r\n${head}\r\nbig`, () => { socket.resetAndDestroy() })
    })
    const subject = await proxy(t, { upstream: backend.url })
    t.match(await ask(subject.port, { method: 'POST', body: large }), expected)
    const { error } = await subject.facts()
    if (expected.complete) t.equal(error, null)
    else t.match(error, { code: 'FST_ARR_UPSTREAM_RESET', moment: 'body', side: 'upstream' })
    await goesOn(t, subject, backend)
  }
})
