// What becomes of a client that ends its side before the 101? The end of one direction: the handshake goes on, and the upstream gets the end.
import { once } from 'node:events'
import type { ClientHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { client, eventually, frame, handshake, MASK, proxy, rest, tcpUpstream, until } from './parts.ts'
import { AT_ONCE, CERT, hear, http2Proxy, KEY_PEM, session, switchFor, tlsClient } from './tunnel-subjects.ts'

interface Asking {
  readonly near: Duplex
  /** The client ends its side. */
  end (): void
}

const FIELDS = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/', ':authority': 'example.com', 'sec-websocket-version': '13' }

function upgraded (near: Socket): Asking {
  near.write(handshake())
  return { near, end: () => { near.end() } }
}

/** Each transport: its proxy, and a client of it that has asked for a WebSocket. */
const TRANSPORTS: Record<string, readonly [(t: Test, options: UpstreamProxyOptions) => ReturnType<typeof proxy>, (t: Test, port: number) => Promise<Asking>]> = {
  'HTTP/1.1': [proxy, async (t, port) => upgraded(client(t, port))],
  TLS: [(t, options) => proxy(t, options, { server: { https: { key: KEY_PEM, cert: CERT } } }), async (t, port) => upgraded(tlsClient(t, port))],
  'HTTP/2': [http2Proxy, async (t, port) => {
    const near = (await session(t, port)).request(FIELDS, { endStream: false })
    near.on('error', () => {})
    return { near, end: () => { near.end() } }
  }],
  'HTTP/2, END_STREAM with the head': [http2Proxy, async (t, port) => {
    const near = (await session(t, port)).request(FIELDS, { endStream: true })
    near.on('error', () => {})
    return { near, end: () => {} }
  }]
}

/** An upstream that has read a handshake; its socket and the handshake's head. */
async function asked (t: Test): Promise<{ url: string, next: Promise<{ far: Socket, head: string }> }> {
  let tell: (asked: { far: Socket, head: string }) => void
  const next = new Promise<{ far: Socket, head: string }>(resolve => { tell = resolve })
  const { url } = await tcpUpstream(t, far => {
    until(far, text => text.endsWith('\r\n\r\n')).then(head => tell({ far, head }), () => {})
  })
  return { url, next }
}

/** The client's end has reached the proxy. */
async function ended (raw: { stream?: Duplex, socket: Duplex } | undefined): Promise<void> {
  await eventually(() => (raw?.stream ?? raw?.socket)?.readableEnded === true, 'the proxy has the end')
}

/** Whether a client was switched: HTTP/2 has its head as an event. */
function switched (near: Duplex): Promise<unknown> {
  return 'rstCode' in near ? once(near, 'response') : until(near, text => text.endsWith('\r\n\r\n'))
}

for (const [name, [start, ask]] of Object.entries(TRANSPORTS)) {
  t.test(`${name}: a client that ends its side while the upstream is asked gets the 101 and all that follows, and the upstream gets the end`, async t => {
    const { url, next } = await asked(t)
    const { port, requests, closed } = await start(t, { upstream: url, websocket: AT_ONCE })
    const { near, end } = await ask(t, port)
    const { far, head } = await next
    end()
    await ended(requests[0]?.raw as never)
    t.notOk(far.readableEnded)
    const open = switched(near)
    far.write(switchFor(head))
    await open
    const heard = hear(near)
    const there = hear(far)
    await eventually(() => there.ended, 'the upstream has the end')
    far.end(frame(1, 'goodbye'))
    await eventually(() => heard.ended, 'the client has the end')
    t.same(heard.buffer(), frame(1, 'goodbye'))
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { status: 101, error: null, tunnel: { closedBy: 'client', ending: 'end', sent: { messages: 1 } } })
  })

  t.test(`${name}: it gets a refusal, too`, async t => {
    const { url, next } = await asked(t)
    const { port, requests, closed } = await start(t, { upstream: url })
    const { near, end } = await ask(t, port)
    const { far } = await next
    end()
    await ended(requests[0]?.raw as never)
    const head = 'rstCode' in near ? once(near, 'response') : null
    const answer = rest(near)
    far.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
    t.match(await answer, /no$/)
    if (head !== null) t.equal((await head)[0][':status'], 403)
    else t.match(await answer, /^HTTP\/1\.1 403 Forbidden\r\n/)
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { status: 403, error: null })
  })

  t.test(`${name}: it holds a silent upstream no longer than the handshake's time limit`, async t => {
    const { url, next } = await asked(t)
    const { port, closed } = await start(t, { upstream: url, timeouts: { handshake: 300 } })
    const { near, end } = await ask(t, port)
    const { far } = await next
    end()
    near.resume()
    await once(far.resume(), 'end')
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0]?.error, { code: 'FST_ARR_UPSTREAM_TIMEOUT', statusCode: 504 })
  })
}

t.test('what it sent before its end reaches the upstream first', async t => {
  const { url, next } = await asked(t)
  const { port, requests } = await proxy(t, { upstream: url })
  const near = client(t, port)
  const early = frame(1, 'early', { mask: MASK })
  near.end(Buffer.concat([Buffer.from(handshake()), early]))
  const { far, head } = await next
  await ended(requests[0]?.raw)
  far.write(switchFor(head))
  const there = hear(far)
  await eventually(() => there.ended, 'the upstream has the end')
  t.same(there.buffer(), early)
  far.end()
  t.match(await rest(near), /^HTTP\/1\.1 101 /)
})

t.test('a refused client that has ended its side is not waited for', async t => {
  const { url, next } = await asked(t)
  const { port, closed, requests } = await proxy(t, { upstream: url })
  const near = client(t, port)
  near.end(handshake())
  const { far } = await next
  await ended(requests[0]?.raw)
  // What it may still send is usually read for 2 s.
  const timers = t.capture(globalThis, 'setTimeout', setTimeout)
  far.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
  t.match(await rest(near), /^HTTP\/1\.1 403 /)
  await eventually(() => closed.length === 1 && requests[0]?.raw.socket.destroyed === true, 'it is closed')
  t.notOk(timers().some(({ args }) => args[1] === 2000))
})

t.test('without a time limit of the handshake a client that ended its side has one', async t => {
  const { url, next } = await asked(t)
  const { port, closed } = await proxy(t, { upstream: url, timeouts: { handshake: 0 } })
  const near = client(t, port)
  near.end(handshake())
  const { far } = await next
  near.destroy()
  await once(far.resume(), 'end')
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.equal(closed[0]?.error?.code, 'FST_ARR_UPSTREAM_TIMEOUT')
})

t.test('HTTP/2: a client that ended its side and then resets its stream frees the upstream at once', async t => {
  const { url, next } = await asked(t)
  const { port, requests, closed } = await http2Proxy(t, { upstream: url, timeouts: { handshake: 0 } })
  const near: ClientHttp2Stream = (await session(t, port)).request(FIELDS, { endStream: true })
  near.on('error', () => {})
  const { far } = await next
  await ended(requests[0]?.raw as never)
  near.close(8)
  await once(far.resume(), 'end')
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.equal(closed[0]?.error?.code, 'FST_ARR_CLIENT_GONE')
})
