// What the client is answered when a WebSocket opens, and when it does not: whose headers, and which.
import { once } from 'node:events'
import http2 from 'node:http2'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { ask as askHttp1, client, eventually, frame, handshake, KEY, MASK, proxy, rest, tcpUpstream, until, type Proxy } from './parts.ts'
import { agreeing, ask, AT_ONCE, hear, http2Proxy, session, switchFor } from './tunnel-subjects.ts'

const OPTIONS = { websocket: { ...AT_ONCE, halfCloseTimeout: 0 } }

t.test('over HTTP/2 a 101 with the same Date twice is a 200 with one', async t => {
  const date = 'Mon, 01 Jan 2024 00:00:00 GMT'
  const upstream = await agreeing(t, `Date: ${date}\r\nDate: ${date}\r\nX-Two: a\r\nX-Two: b\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n`)
  const { port } = await http2Proxy(t, { upstream: upstream.url, ...OPTIONS })
  const stream = ask(await session(t, port))
  const [headers] = await once(stream, 'response')
  t.match(headers, { ':status': 200, date, 'x-two': 'a, b', 'set-cookie': ['a=1', 'b=2'] })
  const far = await upstream.next()
  stream.write(frame(1, 'hello', { mask: MASK }))
  t.equal((await until(far, text => text.length === 11)).length, 11, 'and the tunnel is open')
})

for (const [name, code] of [['NO_ERROR', http2.constants.NGHTTP2_NO_ERROR], ['CANCEL', http2.constants.NGHTTP2_CANCEL]] as const) {
  t.test(`an HTTP/2 client that spoke much too early and reset its stream with ${name} is gone when the 101 arrives: both sockets close`, async t => {
    let agree!: () => void
    const sockets: Socket[] = []
    const { url } = await tcpUpstream(t, socket => {
      sockets.push(socket)
      socket.on('end', () => socket.end())
      until(socket, text => text.endsWith('\r\n\r\n')).then(head => {
        agree = () => socket.write(switchFor(head))
        socket.resume()
      }, () => {})
    })
    const { port, app, closed, requests } = await http2Proxy(t, { upstream: url, ...OPTIONS })
    const connection = await session(t, port)
    const stream = ask(connection)
    const answered: unknown[] = []
    stream.on('response', headers => answered.push(headers))
    // More than is held: the proxy reads no more of it, and sees no end.
    stream.write(Buffer.alloc(120_000))
    await eventually(() => agree !== undefined, 'the upstream is asked')
    const server = (requests[0]!.raw as unknown as http2.Http2ServerRequest).stream
    await eventually(() => server.isPaused(), 'the proxy has enough')
    stream.close(code)
    await eventually(() => server.closed, 'the reset arrives')
    agree()
    await eventually(() => sockets[0]!.closed && server.destroyed, 'both sockets close')
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { tunnel: null, error: { code: 'FST_ARR_CLIENT_GONE' } })
    t.same(answered, [])
    t.equal(app.tunnels.size, 0)
    // Other streams of the connection go on.
    const next = ask(connection)
    const first = agree
    await eventually(() => agree !== first, 'the upstream is asked again')
    agree()
    t.equal((await once(next, 'response'))[0][':status'], 200)
  })
}

t.test('an HTTP/2 client\'s own Sec-WebSocket-Key does not reach the upstream beside ours', async t => {
  const upstream = await agreeing(t)
  const { port } = await http2Proxy(t, { upstream: upstream.url, ...OPTIONS })
  const stream = ask(await session(t, port), { 'sec-websocket-key': KEY })
  const [headers] = await once(stream, 'response')
  t.equal(headers[':status'], 200)
  const keys = upstream.heads[0]!.match(/^sec-websocket-key: .*$/gim) as string[]
  t.equal(keys.length, 1)
  t.notMatch(keys[0], KEY)
})

/** What a hook sets, and no header may hold. */
const UNSENDABLE = {
  'a line break': 'a\r\nSet-Cookie: evil=1',
  'characters whose last bytes are a line break': 'a\u010d\u010aSet-Cookie: evil=1',
  'a character beyond latin1': '\u0141',
  'a line break in one of several': ['fine', 'a\nSet-Cookie: evil=1']
}

interface Asking extends Proxy {
  /** Asks for a WebSocket, by a handshake or by what is none: the answer's status, and its head and body as text. */
  ask (valid: boolean): Promise<{ status: number, text: string }>
}

const WAYS: Record<string, (t: Test, upstream: string, prepare: (app: FastifyInstance) => unknown) => Promise<Asking>> = {
  'HTTP/1.1': async (t, upstream, prepare) => {
    const made = await proxy(t, { upstream, ...OPTIONS }, { before: prepare })
    return {
      ...made,
      async ask (valid) {
        const text = await askHttp1(t, made.port, valid ? handshake() : handshake().replace(/Sec-WebSocket-Key: .*\r\n/, ''))
        return { status: Number(text.slice(9, 12)), text }
      }
    }
  },
  'HTTP/2': async (t, upstream, prepare) => {
    const made = await http2Proxy(t, { upstream, ...OPTIONS }, prepare)
    const connection = await session(t, made.port)
    return {
      ...made,
      async ask (valid) {
        const stream = ask(connection, valid ? {} : { 'content-length': '5' })
        const [headers] = await once(stream, 'response') as [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader]
        const head = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\r\n`).join('')
        const text = head + await rest(stream)
        stream.end(valid ? '' : 'hello')
        return { status: headers[':status'] as number, text }
      }
    }
  }
}

for (const [way, make] of Object.entries(WAYS)) {
  /** Asks twice for each of the values, and gives the answers to `check`: nothing of them may be in there. */
  const each = async (t: Test, upstream: string, valid: boolean, check: (answer: { status: number, text: string }, what: string, subject: Asking) => unknown): Promise<void> => {
    let value: string | string[] = ''
    const subject = await make(t, upstream, app => app.addHook('onRequest', async (_, reply) => { reply.header('x-user', value) }))
    let asked = 0
    for (const [what, one] of Object.entries(UNSENDABLE)) {
      value = one
      for (let i = 0; i < 2; i++) {
        const answer = await subject.ask(valid)
        t.notMatch(answer.text, /evil|x-user/i, `${what} does not leave`)
        await eventually(() => subject.closed.length === asked + 1, 'reply.raw closes')
        asked++
        await check(answer, what, subject)
      }
    }
    t.equal(subject.app.tunnels.size, 0)
  }

  t.test(`over ${way} a header of a hook that cannot be sent opens no tunnel: the client gets 500`, async t => {
    const upstream = await agreeing(t)
    await each(t, upstream.url, true, async ({ status, text }, what, { closed }) => {
      t.equal(status, 500, what)
      t.match(text, '"code":"FST_ARR_PROXY_REWRITE_FAILED"')
      t.match(closed.at(-1), { tunnel: null, error: { code: 'FST_ARR_PROXY_REWRITE_FAILED', side: 'proxy' } })
      const heard = hear(await upstream.next())
      await eventually(() => heard.ended || heard.closed, 'the upstream is let go')
    })
  })

  t.test(`over ${way} a header of a hook that cannot be sent changes nothing where the upstream cannot be reached`, async t => {
    await each(t, 'http://127.0.0.1:1', true, ({ status, text }, what) => {
      t.equal(status, 502, what)
      t.match(text, '"code":"FST_ARR_UPSTREAM_REFUSED"')
    })
  })

  t.test(`over ${way} a header of a hook that cannot be sent does not leave with an upstream's refusal`, async t => {
    const { url } = await tcpUpstream(t, socket => socket.once('data', () => socket.end('HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nnope')))
    await each(t, url, true, ({ status }, what) => t.ok(status >= 500, what))
  })

  t.test(`over ${way} a header of a hook that cannot be sent does not keep a handshake that is none from its 400`, async t => {
    const upstream = await agreeing(t)
    await each(t, upstream.url, false, ({ status, text }, what) => {
      t.equal(status, 400, what)
      t.match(text, '"code":"FST_ARR_PROXY_BAD_HANDSHAKE"')
    })
    t.equal(upstream.sockets.length, 0)
  })
}

t.test('a header of a hook that cannot be sent does not keep one tunnel too many from its 503', async t => {
  const held: Socket[] = []
  const { url } = await tcpUpstream(t, socket => held.push(socket))
  const { port } = await proxy(t, { upstream: url, websocket: { ...AT_ONCE, maxTunnels: 1, retryAfter: 7 } }, {
    before: app => app.addHook('onRequest', async (_, reply) => { reply.header('x-user', UNSENDABLE['a line break']) })
  })
  client(t, port).write(handshake())
  await eventually(() => held.length === 1, 'the upstream is asked')
  const answer = await askHttp1(t, port, handshake())
  t.match(answer, /^HTTP\/1\.1 503 [^]*\r\nretry-after: 7\r\n[^]*"code":"FST_ARR_PROXY_TOO_MANY"/i)
  t.notMatch(answer, /evil|x-user/i)
})

t.test('a header of a hook that latin1 can write is in the 101', async t => {
  const upstream = await agreeing(t)
  const { port } = await proxy(t, { upstream: upstream.url, ...OPTIONS }, { before: app => app.addHook('onRequest', async (_, reply) => { reply.header('x-user', 'caf\u00e9') }) })
  const near = client(t, port)
  near.write(handshake())
  t.match(await until(near, text => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 101 [^]*\r\nx-user: caf\u00e9\r\n/)
})
