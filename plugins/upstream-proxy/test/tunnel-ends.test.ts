// How a tunnel's sides end: alone, together, by a reset, and while the other side goes on talking.
import { randomBytes } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http2 from 'node:http2'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { client, eventually, frame, handshake, MASK, proxy, rest, tcpUpstream, until, type Proxy } from './parts.ts'
import {
  agreeing, agreeingAt, ask, AT_ONCE, hear, http2Proxy, httpsProxy, open, openBy, openStream, session, tlsClient
} from './tunnel-subjects.ts'

// What ends here ends by itself: no timer of ours may have done it.
const PATIENT = { websocket: { ...AT_ONCE, halfCloseTimeout: 0 } }
const CLOSE = Buffer.from([0x03, 0xe8])

t.test('a client that resets its tunnel to an upstream behind a unix socket ends that tunnel and nothing else', { skip: process.platform === 'win32' && 'there are no unix sockets' }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'tunnel-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const upstream = await agreeingAt(t, join(folder, 'upstream.sock'))
  const { port, app, closed } = await proxy(t, { upstream: upstream.url, ...PATIENT })
  const kept = await open(t, port, upstream)
  const { near, far } = await open(t, port, upstream)
  const heard = hear(far)
  near.resetAndDestroy()
  await eventually(() => heard.ended, 'the upstream is told')
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0]!.tunnel, { closedBy: 'client', ending: 'reset' })
  t.equal(app.tunnels.size, 1)
  kept.far.write(frame(1, 'still here'))
  t.equal(await until(kept.near, text => text.length === 12), '\x81\x0astill here')
})

/** A client that is gone, each in its way; the upstream's end of its tunnel, and the request. */
const GONE: Record<string, (t: Test) => Promise<Proxy & { far: Socket, go: () => void }>> = {}

for (const [name, go] of Object.entries({
  'resets its stream with CANCEL': stream => stream.close(http2.constants.NGHTTP2_CANCEL),
  'resets its stream with NO_ERROR': stream => stream.close(http2.constants.NGHTTP2_NO_ERROR),
  'resets its stream with INTERNAL_ERROR': stream => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR),
  'destroys its connection': stream => stream.session!.destroy()
} satisfies Record<string, (stream: http2.ClientHttp2Stream) => void>)) {
  GONE[`an HTTP/2 client that ${name}`] = async t => {
    const upstream = await agreeing(t)
    const made = await http2Proxy(t, { upstream: upstream.url, ...PATIENT })
    const { near, far } = await openStream(await session(t, made.port), upstream)
    near.resume()
    return { ...made, far, go: () => go(near) }
  }
}
GONE['an https client that closes its connection'] = async t => {
  const upstream = await agreeing(t)
  const made = await httpsProxy(t, { upstream: upstream.url, ...PATIENT })
  const { near, far } = await openBy(tlsClient(t, made.port, false), upstream)
  near.resume()
  return { ...made, far, go: () => near.destroy() }
}

GONE['an https client that ends its side, then closes its connection'] = async t => {
  const upstream = await agreeing(t)
  const made = await httpsProxy(t, { upstream: upstream.url, ...PATIENT })
  const { near, far } = await openBy(tlsClient(t, made.port), upstream)
  near.resume()
  far.once('end', () => near.destroy())
  return { ...made, far, go: () => near.end() }
}

for (const [name, make] of Object.entries(GONE)) {
  t.test(`${name} is gone: the upstream's socket is closed though the upstream goes on talking`, async t => {
    const { app, requests, closed, far, go } = await make(t)
    const heard = hear(far)
    // It never ends by itself.
    const talk = setInterval(() => { if (far.writable) far.write(frame(9, '')) }, 5)
    t.teardown(() => clearInterval(talk))
    const tunnel = requests[0]!.upstream!.tunnel!
    await eventually(() => tunnel.sent.pings > 2, 'it talks')
    go()
    await eventually(() => heard.closed, 'the upstream\'s socket closes')
    await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
    t.equal(tunnel.closedBy, 'client')
    t.same(tunnel, closed[0]!.tunnel, 'what was told when the response closed is all there was')
  })
}

for (const code of ['CANCEL', 'NO_ERROR'] as const) {
  t.test(`an HTTP/2 client that resets its stream with ${code} is gone though its upstream reads nothing`, async t => {
    const upstream = await agreeing(t)
    const { port, app, requests, closed } = await http2Proxy(t, { upstream: upstream.url, ...PATIENT })
    const { near } = await openStream(await session(t, port), upstream)
    near.resume()
    const server = (requests[0]!.raw as unknown as http2.Http2ServerRequest).stream
    // More than all buffers on the way hold: some of it waits in the stream itself.
    near.write(frame(2, Buffer.alloc(30_000_000), { mask: MASK }))
    await eventually(() => server.isPaused() && server.readableLength > 0, 'the proxy waits for the upstream')
    near.close(http2.constants[`NGHTTP2_${code}`])
    await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
    t.match(closed[0]!.tunnel, { closedBy: 'client' })
  })
}

t.test('what an HTTP/2 client had sent before its end reaches an upstream that is slow to read', async t => {
  const upstream = await agreeing(t)
  const { port, app, closed } = await http2Proxy(t, { upstream: upstream.url, ...PATIENT })
  const { near, far } = await openStream(await session(t, port), upstream)
  near.resume()
  const sent = frame(2, randomBytes(40_000), { mask: MASK })
  near.end(sent)
  await once(near, 'finish')
  const heard = hear(far)
  await eventually(() => heard.ended, 'the upstream has read it all')
  t.ok(heard.buffer().equals(sent))
  far.end()
  await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
})

/** A client of a server that speaks https; the server's ends of its connections. */
async function secure (t: Test): Promise<Proxy & { near: Duplex, far: Socket, sockets: Socket[] }> {
  const upstream = await agreeing(t)
  const made = await httpsProxy(t, { upstream: upstream.url, ...PATIENT })
  const sockets: Socket[] = []
  made.app.server.on('secureConnection', socket => sockets.push(socket))
  return { ...made, sockets, ...await openBy(tlsClient(t, made.port), upstream) }
}

/** The same in the clear. */
async function clear (t: Test): ReturnType<typeof secure> {
  const upstream = await agreeing(t)
  const made = await proxy(t, { upstream: upstream.url, ...PATIENT })
  const sockets: Socket[] = []
  made.app.server.on('connection', socket => sockets.push(socket))
  return { ...made, sockets, ...await open(t, made.port, upstream) }
}

t.test('an https client that has said goodbye and ended its side gets what the upstream still has to say', async t => {
  const { near, far, app, closed } = await secure(t)
  const heard = hear(near)
  const got = hear(far)
  near.end(frame(8, CLOSE, { mask: MASK }))
  await eventually(() => got.ended, 'the upstream sees its end')
  t.equal(got.bytes, 8)
  const words = Buffer.concat([frame(1, 'one last word'), frame(2, randomBytes(4_000_000)), frame(8, CLOSE)])
  far.end(words)
  await eventually(() => heard.ended, 'the client sees the end')
  t.ok(heard.buffer().equals(words), 'byte for byte')
  await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
  t.match(closed[0]!.tunnel, { closedBy: 'client', closeCode: 1000, ending: 'end', sent: { bytes: words.length } })
})

t.test('an https client that ends its side in the middle of much that it is sent gets all of it', async t => {
  const { near, far, app, closed } = await secure(t)
  const got = hear(far)
  const words = Buffer.concat([frame(2, randomBytes(16_000_000)), frame(8, CLOSE)])
  // The client does not read: most of it waits at the upstream, and some in between.
  near.pause()
  far.write(words)
  const tunnel = [...app.tunnels][0]!
  await eventually(() => app.tunnels.get(tunnel.id)!.sent.bytes > 0, 'it is on its way')
  const last = frame(1, 'enough', { mask: MASK })
  near.end(last)
  await eventually(() => got.ended, 'the upstream sees the client\'s end')
  t.ok(got.buffer().equals(last))
  const heard = hear(near)
  far.end()
  await eventually(() => heard.ended, 'the client sees the end')
  t.ok(heard.buffer().equals(words), 'byte for byte')
  await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
})

for (const tail of [1, 200, 5000, 12_000]) {
  t.test(`a goodbye put in where a frame ends, ${tail} bytes into a bulk read for a TLS client, does not stop the reading for ever`, async t => {
    const { near, far, app, closed } = await secure(t)
    far.setNoDelay(true)
    const heard = hear(near)
    const got = hear(far)
    const tunnel = [...app.tunnels][0]!
    const passed = (bytes: number) => eventually(() => app.tunnels.get(tunnel.id)!.sent.bytes === bytes, `${bytes} bytes have passed`)
    const one = frame(2, Buffer.alloc(60_000 + tail - 4, 1))
    for (let i = 0; i < 3; i++) {
      far.write(one.subarray(i * 20_000, (i + 1) * 20_000))
      await passed((i + 1) * 20_000)
    }
    tunnel.close(1001)
    // The frame's end, and the start of another that the client will not get.
    far.write(Buffer.concat([one.subarray(60_000), frame(2, Buffer.alloc(20_000, 2)).subarray(0, 10_000)]))
    const expected = Buffer.concat([one, Buffer.from([0x88, 0x02, 0x03, 0xe9])])
    await eventually(() => heard.bytes >= expected.length, 'the client gets the frame and the goodbye')
    near.end(frame(8, CLOSE, { mask: MASK }))
    far.end(frame(8, CLOSE))
    await eventually(() => heard.ended && got.ended, 'both sides see the other\'s end')
    t.ok(heard.buffer().equals(expected))
    await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
  })
}

t.test('after a goodbye in the middle of bulk to a TLS client the upstream is read to its end, whatever it still says', async t => {
  const { near, far, app, closed } = await secure(t)
  const heard = hear(near)
  hear(far)
  const one = frame(2, Buffer.alloc(50_000, 1))
  // Frames without an end, until it may stop: each is written when the one before has left.
  const pouring = { on: true }
  const poured = (async () => {
    while (pouring.on) {
      if (!far.write(one)) await once(far, 'drain')
      else await new Promise(resolve => setImmediate(resolve))
    }
  })().catch(() => {}) // its socket was closed: what is expected below does not come
  t.teardown(() => { pouring.on = false })
  await eventually(() => heard.bytes > 2_000_000, 'it flows')
  const tunnel = [...app.tunnels][0]!
  tunnel.close(1001)
  await eventually(() => heard.text().endsWith('\x88\x02\x03\xe9'), 'the client gets the goodbye')
  const before = app.tunnels.get(tunnel.id)!.sent.bytes
  await eventually(() => app.tunnels.get(tunnel.id)!.sent.bytes > before + 8_000_000, 'the upstream is read on')
  pouring.on = false
  await poured
  far.end()
  near.end(frame(8, CLOSE, { mask: MASK }))
  await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
  t.equal((heard.bytes - 4) % one.length, 0, 'whole frames, then the goodbye')
})

// Neither is so much that its sender is told to wait for a 'drain'; the second is read as bulk, and what comes after both.
for (const [scheme, size] of [['http', 5000], ['http', 10_000], ['https', 5000], ['https', 10_000]] as const) {
  t.test(`a goodbye to a slow client over ${scheme}, behind ${size} bytes that still wait, does not stop the reading for ever`, async t => {
    const { near, far, app, closed, sockets } = await (scheme === 'https' ? secure(t) : clear(t))
    const got = hear(far)
    const tunnel = [...app.tunnels][0]!
    const turn = () => new Promise(resolve => setImmediate(resolve))
    const passed = async (bytes: number) => { while (app.tunnels.get(tunnel.id)!.sent.bytes < bytes) await turn() }
    const waits = async () => {
      for (let i = 0; i < 100; i++) {
        if (sockets[0]!.writableLength === 0) return false
        await turn()
      }
      return true
    }
    const one = frame(2, Buffer.alloc(size - 4, 1))
    // The client does not read: one by one, until one of them does not leave.
    let frames = 0
    do {
      if (++frames > 20_000) throw new Error('never: a frame has to wait')
      far.write(one)
      await passed(frames * size)
    } while (!await waits())
    tunnel.close(1001)
    far.write(frame(2, Buffer.alloc(2_000_000, 2)))
    // The larger ones are not read before the last of them has left.
    if (size < 8192) await passed(frames * size + 65_537)
    const heard = hear(near)
    await eventually(() => heard.bytes === frames * size + 4, 'the client gets the frames and the goodbye')
    near.end(frame(8, CLOSE, { mask: MASK }))
    far.end(frame(8, CLOSE))
    await eventually(() => heard.ended && got.ended, 'both sides see the other\'s end')
    await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
    t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: 1001 })
  })
}

t.test('a refused HTTP/2 stream whose client goes on sending closes, and so does the response', async t => {
  const { url } = await tcpUpstream(t, socket => socket.once('data', () => socket.end('HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nnope')))
  const { port, closed } = await http2Proxy(t, { upstream: url, ...PATIENT })
  const connection = await session(t, port)
  for (const late of [0, 1000, 500_000]) {
    const stream = ask(connection)
    const [headers] = await once(stream, 'response')
    t.equal(headers[':status'], 401)
    const heard = hear(stream)
    await eventually(() => heard.ended, 'the answer is whole')
    t.equal(heard.text(), 'nope')
    const before = closed.length
    // More than the windows hold, at the most: it comes through only where it is read.
    stream.end(Buffer.alloc(late))
    await eventually(() => heard.closed, `the stream closes after ${late} bytes`)
    t.equal(stream.rstCode, 0)
    await eventually(() => closed.length === before + 1, 'reply.raw closes')
    t.match(closed[before], { status: 401, error: null, tunnel: null })
  }
})

t.test('over HTTP/2 a refusal of the proxy itself closes the stream as well', async t => {
  const { port, closed } = await http2Proxy(t, { upstream: 'http://127.0.0.1:1', ...PATIENT })
  const stream = ask(await session(t, port))
  const [headers] = await once(stream, 'response')
  t.equal(headers[':status'], 502)
  t.match(await rest(stream), /FST_ARR_UPSTREAM_REFUSED/)
  stream.end(Buffer.alloc(500_000))
  await eventually(() => stream.closed && closed.length === 1, 'the stream and reply.raw close')
})

t.test('over HTTP/2 an upstream\'s reset is RST_STREAM with CANCEL, and an orderly end is one', async t => {
  const upstream = await agreeing(t)
  const { port, app, closed } = await http2Proxy(t, { upstream: upstream.url, ...PATIENT })
  const connection = await session(t, port)

  const one = await openStream(connection, upstream)
  const first = hear(one.near)
  one.far.resetAndDestroy()
  await eventually(() => first.closed, 'the stream closes')
  t.equal(one.near.rstCode, http2.constants.NGHTTP2_CANCEL)

  const two = await openStream(connection, upstream)
  const second = hear(two.near)
  const got = hear(two.far)
  two.far.end(frame(1, 'end'))
  await eventually(() => second.ended, 'the client sees the end')
  t.equal(second.text(), '\x81\x03end')
  t.notOk(got.ended, 'the client\'s own side is open')
  two.near.end()
  await eventually(() => second.closed && got.ended, 'the stream closes')
  t.equal(two.near.rstCode, http2.constants.NGHTTP2_NO_ERROR)

  await eventually(() => closed.length === 2 && app.tunnels.size === 0, 'the tunnels are over')
  t.match(closed.map(fact => fact!.tunnel!.ending), ['reset', 'end'])
  t.notOk(connection.closed, 'the connection goes on')
})

t.test('over HTTP/2 what came before an upstream\'s reset reaches the client before it', async t => {
  const upstream = await agreeing(t)
  const { port } = await http2Proxy(t, { upstream: upstream.url, ...PATIENT })
  const { near, far } = await openStream(await session(t, port), upstream)
  far.write(frame(8, CLOSE))
  t.equal(await until(near, text => text.length === 4), '\x88\x02\x03\xe8')
  const heard = hear(near)
  far.resetAndDestroy()
  await eventually(() => heard.closed, 'the stream closes')
  t.equal(near.rstCode, http2.constants.NGHTTP2_CANCEL)
})

t.test('a tunnel whose client is destroyed by a subscriber that is told of its opening is told of as closed once', async t => {
  const upstream = await agreeing(t)
  const { port, app, closed, requests } = await proxy(t, { upstream: upstream.url, ...PATIENT })
  const told: string[] = []
  const onOpen = (message: unknown) => {
    told.push('open')
    ;(message as { request: FastifyRequest }).request.raw.socket.destroy()
  }
  const onClose = () => { told.push('close') }
  channel('fastify-arr:tunnel.open').subscribe(onOpen)
  channel('fastify-arr:tunnel.close').subscribe(onClose)
  t.teardown(() => {
    channel('fastify-arr:tunnel.open').unsubscribe(onOpen)
    channel('fastify-arr:tunnel.close').unsubscribe(onClose)
  })
  for (let i = 1; i <= 2; i++) {
    const near = client(t, port)
    near.write(handshake())
    const got = hear(await upstream.next())
    await eventually(() => got.ended, 'the upstream is let go')
    await eventually(() => closed.length === i && app.tunnels.size === 0, 'the tunnel is over')
    t.match(requests[i - 1]!.upstream!.tunnel, { closedBy: 'client' })
  }
  t.same(told, ['open', 'close', 'open', 'close'])
})
