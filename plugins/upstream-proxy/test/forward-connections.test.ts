// Which connection a request gets, how long it is kept, and when a request is tried again.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { clock, LIMIT } from './clock.ts'
import { answering, ask, closed, proxy, rawUpstream, talk, upstream } from './forward-subjects.ts'
import { until } from './parts.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

t.test('connections are kept and used again, whatever framed the answer', async t => {
  const answers = [OK, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', 'HTTP/1.1 204 No Content\r\n\r\n', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', OK]
  const backend = await rawUpstream(t, (socket, _, count) => socket.write(answers[count - 1] as string))
  const subject = await proxy(t, { upstream: backend.url })
  for (const answer of answers) t.equal((await ask(subject.port)).status, Number(answer.slice(9, 12)))
  t.equal(backend.sockets.length, 1)
  t.ok((await subject.facts(0)).connectTime! > 0)
  t.equal((await subject.facts(1)).connectTime, 0)
  t.ok((await subject.facts(1)).firstByteTime! > 0)
})

t.test('a connection is used again after an answer of many small parts, or of large ones and small ones', async t => {
  const chunk = (size: number) => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`
  for (const sizes of [Array<number>(40).fill(1000), [20_000, 1000, 20_000, 1000]]) {
    const backend = await answering(t, `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${sizes.map(chunk).join('')}0\r\n\r\n`)
    const { port } = await proxy(t, { upstream: backend.url })
    for (let i = 0; i < 3; i++) t.match(await ask(port), { status: 200, body: 'x'.repeat(sizes.reduce((sum, size) => sum + size, 0)), complete: true })
    t.equal(backend.sockets.length, 1)
  }
})

t.test('a connection is not used again where either side says so', async t => {
  for (const bytes of ['HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok', 'HTTP/1.1 200 OK\r\nConnection: close, keep-alive\r\nContent-Length: 2\r\n\r\nok', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok']) {
    const backend = await answering(t, bytes)
    const { port } = await proxy(t, { upstream: backend.url })
    await ask(port)
    await ask(port)
    t.equal(backend.sockets.length, 2)
  }
  const old = await answering(t, 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok')
  const { port } = await proxy(t, { upstream: old.url })
  await ask(port)
  await ask(port)
  t.equal(old.sockets.length, 1)
})

t.test('a connection in use is replaced after its time, when the answer that is under way has ended', async t => {
  for (const [maxAge, connections] of [[20, 2], [60_000, 1], [0, 1]] as const) {
    const backend = await rawUpstream(t, socket => { setTimeout(() => { socket.write(OK) }, 60) })
    const { port } = await proxy(t, { upstream: backend.url, connections: { maxAge } })
    for (let i = 0; i < 2; i++) t.match(await ask(port), { status: 200, body: 'ok' })
    t.equal(backend.sockets.length, connections)
  }
})

t.test('a kept connection is closed after its time, and earlier where the upstream says so', async t => {
  for (const [keepAlive, header] of [[50, ''], [60_000, 'Keep-Alive: timeout=1\r\n']] as const) {
    const backend = await answering(t, `HTTP/1.1 200 OK\r\n${header}Content-Length: 2\r\n\r\nok`)
    const { port } = await proxy(t, { upstream: backend.url, timeouts: { keepAlive } })
    await ask(port)
    await closed(backend.sockets[0] as Socket)
    t.match(await ask(port), { status: 200 })
  }
})

t.test('a kept connection that proves dead is replaced, once, for what can be done twice', async t => {
  for (const how of ['resetAndDestroy', 'end'] as const) {
    let dead = 0
    const backend = await rawUpstream(t, (socket, _, count) => {
      // Dies at its second request, as one does that had been about to be closed.
      if (count % 2 === 1) {
        socket.write(OK)
      } else {
        dead++
        socket[how]()
      }
    })
    const { port } = await proxy(t, { upstream: backend.url })
    await ask(port)
    t.match(await ask(port), { status: 200, body: 'ok' })
    t.equal(dead, 1)
    t.match(await ask(port, { method: 'POST', headers: { 'content-length': 0 } }), { status: 502 }, 'a POST may have been done: it is not sent again')
  }
})

t.test('a fresh connection that dies is not tried again', async t => {
  const backend = await rawUpstream(t, socket => socket.resetAndDestroy())
  const { port } = await proxy(t, { upstream: backend.url })
  t.match(await ask(port), { status: 502 })
  t.equal(backend.sockets.length, 1)
})

t.test('503 is an answer like any other', async t => {
  const backend = await answering(t, 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\nContent-Length: 4\r\n\r\nbusy')
  const { port } = await proxy(t, { upstream: backend.url })
  t.match(await ask(port), { status: 503, body: 'busy', headers: { 'retry-after': '120' } })
  t.equal(backend.received().match(/^GET/gm)?.length, 1)
})

t.test('a connection that does not come about is tried again only when asked', async t => {
  for (const retries of [0, 2]) {
    const subject = await proxy(t, { upstream: 'http://127.0.0.1:1', retries })
    let dials = 0
    subject.app.server.on('request', () => {})
    const { subscribe, unsubscribe } = await import('node:diagnostics_channel')
    const count = () => { dials++ }
    subscribe('net.client.socket', count)
    await subject.app.inject('/')
    unsubscribe('net.client.socket', count)
    t.equal(dials, retries + 1)
  }
})

t.test('no more connections than allowed; who waits too long gets 503', async t => {
  const goOn = clock(t)
  const waiting: Socket[] = []
  const backend = await rawUpstream(t, socket => { waiting.push(socket) })
  const subject = await proxy(t, { upstream: backend.url, connections: { max: 2, perClient: 0 }, timeouts: { connect: LIMIT, firstByte: LIMIT * 5 }, retries: 1000 })
  const served = [ask(subject.port), ask(subject.port)]
  while (waiting.length < 2) await new Promise(resolve => setImmediate(resolve))
  const impatient = ask(subject.port)
  while (subject.requests.length < 3) await new Promise(resolve => setImmediate(resolve))
  goOn(LIMIT + 1)
  t.match(await impatient, { status: 503 })
  t.match((await subject.facts(2)).error, { code: 'FST_ARR_PROXY_TOO_MANY', moment: 'connect', side: 'proxy' })
  const patient = ask(subject.port)
  while (subject.requests.length < 4) await new Promise(resolve => setImmediate(resolve))
  goOn(LIMIT / 2)
  for (const socket of waiting.splice(0)) socket.write(OK)
  for (const one of served) t.match(await one, { status: 200 })
  while (waiting.length === 0) await new Promise(resolve => setImmediate(resolve))
  waiting[0]!.write(OK)
  t.match(await patient, { status: 200 })
  t.equal(backend.sockets.length, 2)
})

t.test('a client that leaves while it waits for a connection frees its place', async t => {
  const waiting: Socket[] = []
  const backend = await rawUpstream(t, socket => { waiting.push(socket) })
  const subject = await proxy(t, { upstream: backend.url, connections: { max: 1 } })
  const first = ask(subject.port)
  while (waiting.length < 1) await new Promise(resolve => setImmediate(resolve))
  const client = connect(subject.port, '127.0.0.1')
  client.on('error', () => {})
  client.write('GET /left HTTP/1.1\r\nHost: x\r\n\r\n')
  while (subject.requests.length < 2) await new Promise(resolve => setImmediate(resolve))
  client.resetAndDestroy()
  t.match((await subject.facts(1)).error, { code: 'FST_ARR_CLIENT_GONE', moment: 'connect' })
  waiting[0]!.write(OK)
  await first
  t.notMatch(backend.received(), /left/)
})

t.test('no more idle connections are kept than allowed', async t => {
  const waiting: Socket[] = []
  const backend = await rawUpstream(t, socket => { waiting.push(socket) })
  const { port } = await proxy(t, { upstream: backend.url, connections: { idle: 1 } })
  const both = [ask(port), ask(port)]
  while (waiting.length < 2) await new Promise(resolve => setImmediate(resolve))
  for (const socket of waiting) socket.write(OK)
  await Promise.all(both)
  await Promise.race(waiting.map(socket => new Promise<void>(resolve => { socket.closed ? resolve() : socket.on('close', resolve) })))
  t.equal(waiting.filter(socket => !socket.destroyed).length, 1)
})

t.test('a body that is not wanted is not sent: 100 Continue is the upstream\'s to say', async t => {
  const backend = await answering(t, 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno')
  const subject = await proxy(t, { upstream: backend.url })
  const text = await talk(subject.port, 'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
  t.match(text, /^HTTP\/1\.1 401 /)
  t.notMatch(text, /100 Continue/)
  t.match(text, /Connection: close/)
  t.match(backend.received(), /Expect: 100-continue\r\n/)
})

t.test('an upstream that knows nothing of 100 Continue gets the body after a while', async t => {
  const backend = await rawUpstream(t, socket => {
    socket.on('data', chunk => { if (String(chunk).endsWith('hello')) socket.write(OK) })
  })
  const subject = await proxy(t, { upstream: backend.url })
  const client = connect(subject.port, '127.0.0.1')
  t.teardown(() => client.destroy())
  client.write('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
  t.equal(await until(client, text => text.endsWith('\r\n\r\n')), 'HTTP/1.1 100 Continue\r\n\r\n')
  client.write('hello')
  t.match(await until(client, text => text.endsWith('ok')), /^HTTP\/1\.1 200 /)
})

t.test('the server\'s own routes read bodies as before', async t => {
  const { port } = await proxy(t, { upstream: 'http://127.0.0.1:1', prefix: '/proxied' }, {}, app => {
    app.post('/own', async request => ({ got: request.body }))
  })
  const client = connect(port, '127.0.0.1')
  t.teardown(() => client.destroy())
  client.write('POST /own HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n')
  t.equal(await until(client, text => text.endsWith('\r\n\r\n')), 'HTTP/1.1 100 Continue\r\n\r\n')
  client.write('{"a":1}')
  t.match(await until(client, text => text.endsWith('}}')), /\{"got":\{"a":1\}\}$/)
})

t.test('hooks of the user run before and after', async t => {
  const ran: string[] = []
  const subject = await proxy(t, { upstream: await upstream(t, (_, response) => response.end('ok')) }, {}, app => {
    app.addHook('preHandler', async () => { ran.push('preHandler') })
    app.addHook('onSend', async () => { ran.push('onSend') })
    app.addHook('onResponse', async () => { ran.push('onResponse') })
    app.addHook('preHandler', async (request, reply) => { if (request.url === '/private') return reply.code(401).send('no') })
  })
  t.match(await ask(subject.port), { body: 'ok' })
  await subject.facts()
  t.same(ran, ['preHandler', 'onSend', 'onResponse'])
  t.match(await ask(subject.port, { path: '/private' }), { status: 401, body: 'no' })
})

t.test('closing the server closes what is kept', async t => {
  const backend = await answering(t, OK)
  const { app, port } = await proxy(t, { upstream: backend.url })
  await ask(port)
  const closed = once(backend.sockets[0] as Socket, 'close')
  await app.close()
  await closed
})
