// A handshake whose server cannot be reached is tried again: `to` is asked anew, and the next server gets a head of its own.
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import Fastify, { type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import httpProxy from '../src/http-proxy/http-proxy.ts'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'
import { client, eventually, frame, handshake, listen, MASK, proxy, rest, tcpUpstream, until, watchDials } from './parts.ts'
import { agreeing, ask, AT_ONCE, CERT, http2Proxy, KEY_PEM, session, switchFor } from './tunnel-subjects.ts'

// Nothing listens on these.
const DEAD = 'http://127.0.0.1:1'
const ALSO_DEAD = 'http://127.0.0.1:2'

/** `to` that names one server after the other, and how often it was asked. */
function inTurn (...urls: string[]): { to: (request: FastifyRequest) => string, asked: FastifyRequest[] } {
  const asked: FastifyRequest[] = []
  return {
    asked,
    to (request) {
      asked.push(request)
      return urls[asked.length - 1] as string
    }
  }
}

/** The transports: a proxy, and a client of it that has asked for a WebSocket, and its switching. */
const TRANSPORTS: Record<string, readonly [(t: Test, options: UpstreamProxyOptions) => ReturnType<typeof proxy>, (t: Test, port: number) => Promise<Duplex>]> = {
  'HTTP/1.1': [proxy, async (t, port) => {
    const near = client(t, port)
    near.write(handshake('/chat'))
    return near
  }],
  'HTTP/2': [http2Proxy, async (t, port) => ask(await session(t, port), { ':path': '/chat' })]
}

async function switched (near: Duplex): Promise<unknown> {
  return 'rstCode' in near ? (await once(near, 'response'))[0] : until(near, text => text.endsWith('\r\n\r\n'))
}

for (const [name, [start, askFor]] of Object.entries(TRANSPORTS)) {
  t.test(`${name}: where the first server is dead, the handshake goes to the one that \`to\` names then`, async t => {
    const upstream = await agreeing(t)
    const { to, asked } = inTurn(`${DEAD}/first`, `${upstream.url}/second`)
    const { port, requests, app } = await start(t, { to, retries: 1, websocket: AT_ONCE })
    const near = await askFor(t, port)
    t.match(await switched(near), name === 'HTTP/2' ? { ':status': 200 } : /^HTTP\/1\.1 101 /)
    t.equal(asked.length, 2, '`to` is asked once for each attempt')
    const [head] = upstream.heads as [string]
    t.match(head, /^GET \/second HTTP\/1\.1\r\n/)
    t.ok(head.includes(`\r\nHost: ${upstream.url.slice(7)}\r\n`), 'with the Host of the second')
    t.equal(head.match(/^Host:/gm)!.length, 1)
    t.equal(head.match(/^Sec-WebSocket-Key:/gim)!.length, 1)
    const far = await upstream.next()
    near.write(frame(1, 'hello', { mask: MASK }))
    await until(far, text => text.length === 11)
    const fact = requests[0]!.upstream!
    t.match(fact, { server: upstream.url, status: 101, error: null, attempts: [{ server: DEAD, code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect' }] })
    t.equal(fact.attempts.length, 1)
    t.ok(fact.attempts[0]!.time >= 0)
    t.equal([...app.tunnels][0]!.upstream, upstream.url)
  })

  t.test(`${name}: where all attempts fail, the client gets the last error`, async t => {
    const silent = await tcpUpstream(t, () => {})
    const { to, asked } = inTurn(DEAD, `https://${silent.url.slice(7)}`)
    const { port, requests, closed } = await start(t, { to, retries: 1, timeouts: { connect: 300 }, websocket: AT_ONCE })
    const near = await askFor(t, port)
    if (name === 'HTTP/2') t.match(await switched(near), { ':status': 504 })
    else t.match(await rest(near), /^HTTP\/1\.1 504 [^]*FST_ARR_UPSTREAM_CONNECT_TIMEOUT/)
    near.destroy()
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.equal(asked.length, 2)
    const fact = requests[0]!.upstream!
    t.match(fact, { server: `https://${silent.url.slice(7)}`, status: null, error: { code: 'FST_ARR_UPSTREAM_CONNECT_TIMEOUT', moment: 'connect' } })
    t.same(fact.attempts.map(({ server, code }) => [server, code]), [[DEAD, 'FST_ARR_UPSTREAM_REFUSED'], [fact.server, 'FST_ARR_UPSTREAM_CONNECT_TIMEOUT']])
    t.ok(fact.attempts[1]!.time > 200, 'each attempt has its own time')
  })
}

t.test('a server whose certificate is not valid, or that closes during the TLS handshake, is followed by the next one', async t => {
  const server = createServer({ key: KEY_PEM, cert: CERT })
  server.on('tlsClientError', () => {})
  const unverified = `https://127.0.0.1:${await listen(t, server)}`
  const closing = (await tcpUpstream(t, socket => socket.once('data', () => socket.resetAndDestroy()))).url.replace('http', 'https')
  const upstream = await agreeing(t)
  const { to } = inTurn(unverified, closing, upstream.url)
  const { port, requests } = await proxy(t, { to, retries: 5, websocket: AT_ONCE })
  const near = client(t, port)
  near.write(handshake())
  t.match(await switched(near), /^HTTP\/1\.1 101 /)
  t.same(requests[0]!.upstream!.attempts.map(({ code }) => code), ['FST_ARR_UPSTREAM_TLS', 'FST_ARR_UPSTREAM_RESET'])
})

t.test('without retries a dead server is a 502 at once, and `to` is asked once', async t => {
  const { to, asked } = inTurn(DEAD, DEAD)
  const { port, requests } = await proxy(t, { to })
  const near = client(t, port)
  near.write(handshake())
  t.match(await rest(near), /^HTTP\/1\.1 502 [^]*FST_ARR_UPSTREAM_REFUSED/)
  t.equal(asked.length, 1)
  t.equal(requests[0]!.upstream!.attempts.length, 1)
})

t.test('no more attempts than `retries` allows', async t => {
  const { to, asked } = inTurn(DEAD, ALSO_DEAD, DEAD, ALSO_DEAD, DEAD)
  const { port } = await proxy(t, { to, retries: 2 })
  const near = client(t, port)
  near.write(handshake())
  t.match(await rest(near), /^HTTP\/1\.1 502 /)
  t.equal(asked.length, 3)
})

t.test('a server that has got the handshake is not followed by another one, whatever it does', async t => {
  for (const [answer, status] of [['', 502], ['nonsense\r\n\r\n', 502], ['HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n', 503]] as const) {
    const { url } = await tcpUpstream(t, socket => socket.once('data', () => socket.end(answer)))
    const { to, asked } = inTurn(url, DEAD)
    const { port, requests } = await proxy(t, { to, retries: 3 })
    const near = client(t, port)
    near.write(handshake())
    t.ok((await rest(near)).startsWith(`HTTP/1.1 ${status} `), JSON.stringify(answer))
    t.equal(asked.length, 1)
    t.same(requests[0]!.upstream!.attempts, [])
  }
})

t.test('where the first server is reached, the list of failed attempts is empty, and nobody can add to it', async t => {
  const upstream = await agreeing(t)
  const { port, requests } = await proxy(t, { upstream: upstream.url, retries: 3, websocket: AT_ONCE })
  const near = client(t, port)
  near.write(handshake())
  await switched(near)
  t.same(requests[0]!.upstream!.attempts, [])
  t.ok(Object.isFrozen(requests[0]!.upstream!.attempts))
})

t.test('bytes that the client sends before the 101 reach the second server', async t => {
  const silent = await tcpUpstream(t, () => {})
  const upstream = await agreeing(t)
  const { to } = inTurn(`https://${silent.url.slice(7)}`, upstream.url)
  const { port } = await proxy(t, { to, retries: 1, timeouts: { connect: 300 }, websocket: AT_ONCE })
  const near = client(t, port)
  const one = frame(1, 'with the head', { mask: MASK })
  const two = frame(1, 'while the first server is dialled', { mask: MASK })
  near.write(Buffer.concat([Buffer.from(handshake()), one]))
  const connected = once(silent.server, 'connection')
  await connected
  near.write(two)
  const far = await upstream.next()
  t.equal(await until(far, text => text.length >= one.length + two.length), Buffer.concat([one, two]).toString('latin1'))
  t.match(await switched(near), /^HTTP\/1\.1 101 /)
})

t.test('a client that ends its side during the first attempt still gets the answer of the second', async t => {
  const silent = await tcpUpstream(t, () => {})
  const { url } = await tcpUpstream(t, socket => { until(socket, text => text.endsWith('\r\n\r\n')).then(() => socket.end('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno'), () => {}) })
  const { to } = inTurn(`https://${silent.url.slice(7)}`, url)
  const { port } = await proxy(t, { to, retries: 1, timeouts: { connect: 300 } })
  const near = client(t, port)
  near.end(handshake())
  t.match(await rest(near), /^HTTP\/1\.1 403 [^]*no$/)
})

t.test('nobody is dialled again for a client that has left', async t => {
  const first = await tcpUpstream(t, () => {})
  const { to, asked } = inTurn(`https://${first.url.slice(7)}`, DEAD)
  const { port, closed } = await proxy(t, { to, retries: 5 })
  const near = client(t, port)
  const dialled = once(first.server, 'connection') as Promise<[Socket]>
  near.write(handshake())
  const [far] = await dialled
  near.resetAndDestroy()
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], { error: { code: 'FST_ARR_CLIENT_GONE', moment: 'connect' }, attempts: [] })
  far.resume()
  await eventually(() => far.closed || far.readableEnded, 'the first server is left')
  t.equal(asked.length, 1)
})

t.test('a client that leaves between two attempts ends the second one', async t => {
  const second = await tcpUpstream(t, socket => socket.resume())
  let leave = (): void => {}
  let asked = 0
  const { port, closed } = await proxy(t, {
    retries: 5,
    to () {
      if (++asked === 1) return DEAD
      leave()
      return `https://${second.url.slice(7)}`
    }
  })
  const leaving = client(t, port)
  leave = () => leaving.resetAndDestroy()
  const dialled = once(second.server, 'connection') as Promise<[Socket]>
  leaving.write(handshake())
  const [far] = await dialled
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], { error: { code: 'FST_ARR_CLIENT_GONE' }, attempts: [{ server: DEAD }] })
  await eventually(() => far.closed || far.readableEnded, 'the second server is left')
  t.equal(asked, 2)
})

t.test('a server that closes during an attempt answers 503, and there is no further attempt', async t => {
  const silent = await tcpUpstream(t, () => {})
  const { to, asked } = inTurn(`https://${silent.url.slice(7)}`, DEAD)
  const { port, app } = await proxy(t, { to, retries: 5 })
  const near = client(t, port)
  const dialled = once(silent.server, 'connection')
  near.write(handshake())
  await dialled
  const closing = app.close()
  t.match(await rest(near), /^HTTP\/1\.1 503 [^]*FST_ARR_PROXY_DRAINING/)
  near.destroy()
  await closing
  t.equal(asked.length, 1)
})

for (const [what, second] of [
  ['throws', () => { throw new Error('no other server') }],
  ['gives a promise', () => Promise.reject(new Error('later')) as never],
  ['gives no URL', () => 'http://'],
  ['gives nothing, and there is no `upstream`', () => undefined]
] as const) {
  t.test(`where \`to\` ${what} when it is asked again, the client gets the error of the first server, and the log tells why`, async t => {
    const lines: string[] = []
    let asked = 0
    const app = Fastify({ logger: { level: 'error', stream: { write: (line: string) => { lines.push(line) } } } })
    await app.register(upstreamProxy, { retries: 5, to: () => ++asked === 1 ? DEAD : second() })
    await app.listen({ port: 0, host: '127.0.0.1' })
    t.teardown(() => app.close())
    const { port } = app.server.address() as { port: number }
    const near = client(t, port)
    near.write(handshake())
    t.match(await rest(near), /^HTTP\/1\.1 502 [^]*FST_ARR_UPSTREAM_REFUSED/)
    t.equal(asked, 2)
    t.match(lines.join(''), /could not be prepared/)
  })
}

t.test('`to` knows from request.upstream which servers have failed', async t => {
  const upstream = await agreeing(t)
  const servers = [DEAD, ALSO_DEAD, upstream.url]
  const { port } = await proxy(t, {
    retries: 5,
    websocket: AT_ONCE,
    to: request => servers.find(one => !(request.upstream?.attempts ?? []).some(({ server }) => server === one))
  })
  const near = client(t, port)
  near.write(handshake())
  t.match(await switched(near), /^HTTP\/1\.1 101 /)
})

t.test('rewriteRequest is called for each attempt, with the server of that attempt', async t => {
  const seen: string[] = []
  const heads: string[] = []
  const { url } = await tcpUpstream(t, socket => {
    until(socket, text => text.endsWith('\r\n\r\n')).then(head => {
      heads.push(head)
      socket.write(switchFor(head))
    }, () => {})
  })
  const { to } = inTurn(DEAD, url)
  const { port } = await proxy(t, { to, retries: 1, websocket: AT_ONCE, rewriteRequest: (_, { out }) => { seen.push(out.url) } })
  const near = client(t, port)
  near.write(handshake('/x'))
  await switched(near)
  t.same(seen, [`${DEAD}/`, `${url}/`])
})

t.test('the drop-in does not try a WebSocket again, as before', async t => {
  const app = Fastify()
  await app.register(httpProxy as never, { upstream: DEAD, websocket: true, replyOptions: { retriesCount: 3 } } as never)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const near = client(t, (app.server.address() as { port: number }).port)
  await once(near, 'connect')
  const dials = watchDials(t)
  near.write(handshake())
  t.match(await rest(near), /^HTTP\/1\.1 502 /)
  t.equal(dials.length, 1)
})
