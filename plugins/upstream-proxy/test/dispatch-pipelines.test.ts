// Upgrades behind pipelined requests that are still being answered.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply } from 'fastify'
import t, { type Test } from 'tap'
import { client, eventually, frame, handshake, MASK, proxy, until, type Proxy } from './parts.ts'
import { agreeing, AT_ONCE, hear, open, type Agreeing } from './tunnel-subjects.ts'

const GET = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const H2C = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`

interface Subject extends Proxy {
  readonly upstream: Agreeing
  /** The server's ends of its connections. */
  readonly sockets: Socket[]
  /** The next request for /slow: it is answered when the test says so. A reply can be awaited itself: hence in an object. */
  slow (): Promise<{ reply: FastifyReply }>
}

async function subject (t: Test, { server = {}, routes = () => {} }: { server?: object, routes?: (app: FastifyInstance) => unknown } = {}): Promise<Subject> {
  const upstream = await agreeing(t)
  const sockets: Socket[] = []
  const waiting: Array<(asked: { reply: FastifyReply }) => void> = []
  const asked: Array<{ reply: FastifyReply }> = []
  const made = await proxy(t, { upstream: upstream.url, prefix: '/ws', websocket: AT_ONCE }, {
    server,
    before: app => app.server.on('connection', socket => sockets.push(socket)),
    after: app => {
      app.get('/own', async () => 'own')
      app.get('/slow', (_, reply) => {
        const wait = waiting.shift()
        if (wait === undefined) asked.push({ reply })
        else wait({ reply })
      })
      return routes(app)
    }
  })
  return {
    ...made,
    upstream,
    sockets,
    slow: () => asked.length > 0 ? Promise.resolve(asked.shift()!) : new Promise(resolve => waiting.push(resolve))
  }
}

/** A client's frame, echoed by the upstream. */
async function echoes (near: Socket, far: Socket, heard: { text: () => string }): Promise<boolean> {
  const sent = frame(1, 'there', { mask: MASK })
  const got = hear(far)
  near.write(sent)
  await eventually(() => got.bytes === sent.length, 'the upstream gets the frame')
  far.write(frame(1, 'and back'))
  await eventually(() => heard.text().endsWith('\x81\x08and back'), 'the client gets the frame')
  return got.buffer().equals(sent)
}

t.test('an upgrade behind a request that is still being answered waits for that answer, and its tunnel passes bytes', async t => {
  const { port, slow, upstream, requests } = await subject(t)
  const near = client(t, port)
  const heard = hear(near)
  near.write(GET('/slow') + handshake('/ws'))
  const { reply } = await slow()
  const other = client(t, port)
  const own = hear(other)
  other.write(GET('/own'))
  await eventually(() => own.text().endsWith('own'), 'a request that came later, on another connection, is answered')
  t.same(requests.map(({ url }) => url), ['/slow', '/own'], 'the upgrade has not had its turn')
  t.equal(heard.bytes, 0)
  reply.send('whole')
  const far = await upstream.next()
  await eventually(() => heard.text().includes(' 101 ') && heard.text().endsWith('\r\n\r\n'), 'the 101 arrives')
  t.match(heard.text(), /^HTTP\/1\.1 200 [^]*\r\n\r\nwholeHTTP\/1\.1 101 /)
  t.ok(await echoes(near, far, heard))
})

t.test('frames that came with such an upgrade reach the upstream first', async t => {
  const { port, slow, upstream } = await subject(t)
  const near = client(t, port)
  const heard = hear(near)
  const early = frame(1, 'early', { mask: MASK })
  near.write(Buffer.concat([Buffer.from(GET('/slow') + handshake('/ws')), early]))
  const { reply } = await slow()
  const more = frame(1, 'while it waits', { mask: MASK })
  near.write(more)
  reply.send('whole')
  const got = hear(await upstream.next())
  await eventually(() => got.bytes >= early.length + more.length, 'the upstream gets both')
  t.ok(got.buffer().equals(Buffer.concat([early, more])))
  t.match(heard.text(), /\r\n\r\nwholeHTTP\/1\.1 101 /)
})

t.test('it waits for every answer before it, however many there are', async t => {
  const { port, slow, upstream, requests } = await subject(t)
  const near = client(t, port)
  const heard = hear(near)
  near.write(GET('/slow') + GET('/slow') + GET('/own') + GET('/slow') + handshake('/ws'))
  const replies = [await slow(), await slow(), await slow()] as const
  // The last is ready first, and has to wait as well.
  for (const [at, name] of [[2, 'three'], [0, 'one']] as const) replies[at].reply.send(name)
  await eventually(() => heard.text().endsWith('one'), 'the first answer arrives')
  t.equal(requests.length, 4, 'the upgrade has not had its turn')
  replies[1].reply.send('two')
  const far = await upstream.next()
  await eventually(() => heard.text().includes(' 101 ') && heard.text().endsWith('\r\n\r\n'), 'the 101 arrives')
  t.match(heard.text(), /\r\n\r\noneHTTP[^]*\r\n\r\ntwoHTTP[^]*\r\n\r\nownHTTP[^]*\r\n\r\nthreeHTTP\/1\.1 101 /)
  t.ok(await echoes(near, far, heard))
})

t.test('a large answer before an upgrade goes on whenever its slow reader has room again', async t => {
  const part = Buffer.alloc(1_000_000, 'x')
  const parts = 24
  let stalled!: () => void
  const full = new Promise<void>(resolve => { stalled = resolve })
  const { port, upstream } = await subject(t, {
    routes: app => app.get('/large', async (_, reply) => {
      reply.hijack()
      reply.raw.writeHead(200, { 'content-length': parts * part.length })
      for (let i = 0; i < parts; i++) {
        if (reply.raw.write(part)) continue
        stalled()
        await once(reply.raw, 'drain')
      }
      reply.raw.end()
    })
  })
  const near = client(t, port)
  near.write(GET('/large') + handshake('/ws'))
  await full
  const heard = hear(near)
  await eventually(() => heard.bytes > parts * part.length && heard.text().endsWith('\r\n\r\n'), 'the 101 arrives')
  const far = await upstream.next()
  const text = heard.text()
  const start = text.indexOf('\r\n\r\n') + 4
  t.equal(text.slice(start, start + parts * part.length), 'x'.repeat(parts * part.length), 'the answer is whole')
  t.match(text.slice(start + parts * part.length), /^HTTP\/1\.1 101 /)
  t.ok(await echoes(near, far, heard))
})

t.test('the time that a connection may wait for its next request does not end a tunnel that came behind one', async t => {
  const { port, slow, upstream, sockets, closed } = await subject(t, { server: { keepAliveTimeout: 50 } })
  const near = client(t, port)
  const heard = hear(near)
  near.write(GET('/slow') + handshake('/ws'))
  const { reply } = await slow()
  reply.send('whole')
  const far = await upstream.next()
  await eventually(() => heard.text().includes(' 101 ') && heard.text().endsWith('\r\n\r\n'), 'the 101 arrives')
  t.notOk(sockets[0]!.timeout, 'no timer runs on it')
  await new Promise(resolve => setTimeout(resolve, 200))
  t.equal(closed.length, 1, 'only the first answer has closed')
  t.ok(await echoes(near, far, heard))
})

t.test('behind an answer that ends the connection an upgrade is not dispatched', async t => {
  const { port, slow, upstream, requests, sockets, app } = await subject(t)
  const near = client(t, port)
  const heard = hear(near)
  near.write(GET('/slow') + handshake('/ws'))
  const { reply } = await slow()
  reply.header('connection', 'close').send('the last')
  await eventually(() => heard.ended, 'the connection ends')
  near.end()
  await eventually(() => sockets[0]!.closed, 'the server lets go of it')
  t.match(heard.text(), /^HTTP\/1\.1 200 [^]*\r\n\r\nthe last$/)
  t.equal(requests.length, 1)
  t.equal(upstream.sockets.length, 0)
  t.equal(app.tunnels.size, 0)
})

t.test('a client that resets while its upgrade waits ends nothing else', async t => {
  const { port, slow, upstream, requests, sockets, app } = await subject(t)
  const other = await open(t, port, upstream, '/ws')
  const heard = hear(other.near)
  const near = client(t, port)
  near.write(GET('/slow') + handshake('/ws'))
  const { reply } = await slow()
  near.resetAndDestroy()
  await eventually(() => sockets[1]!.closed, 'the server lets go of it')
  reply.send('for nobody')
  t.ok(await echoes(other.near, other.far, heard), 'another tunnel goes on')
  const next = client(t, port)
  const own = hear(next)
  next.write(GET('/own'))
  await eventually(() => own.text().endsWith('own'), 'another request is answered')
  t.same(requests.map(({ url }) => url), ['/ws', '/slow', '/own'])
  t.equal(upstream.sockets.length, 1)
  t.equal(app.tunnels.size, 1)
})

t.test('an upgrade to something else, behind a pending answer, is plain HTTP in its turn, and so is what follows', async t => {
  const { port, slow, requests } = await subject(t)
  const near = client(t, port)
  const heard = hear(near)
  near.write(GET('/slow') + H2C('/own') + GET('/own?last'))
  const { reply } = await slow()
  t.equal(heard.bytes, 0)
  reply.send('slow')
  await eventually(() => heard.text().split('\r\n\r\nown').length === 3, 'both are answered')
  t.match(heard.text(), /^HTTP\/1\.1 200 [^]*\r\n\r\nslowHTTP\/1\.1 200 [^]*\r\n\r\nownHTTP\/1\.1 200 [^]*\r\n\r\nown$/)
  t.same(requests.map(({ url }) => url), ['/slow', '/own', '/own?last'])
  t.notOk(heard.ended, 'the connection goes on')
})

t.test('a thousand of them on one connection leave as many listeners on it as ten', async t => {
  const { port, sockets } = await subject(t)
  const near = client(t, port)
  let answered = 0
  const serve = async (many: number) => {
    while (answered < many) {
      near.write(H2C('/own'))
      await until(near, text => text.endsWith('\r\n\r\nown'))
      answered++
    }
    const [socket] = sockets as [Socket]
    return socket.eventNames().map(event => [String(event), socket.listenerCount(event)] as const).sort(([a], [b]) => a < b ? -1 : 1)
  }
  const ten = await serve(10)
  t.same(await serve(1000), ten)
})
