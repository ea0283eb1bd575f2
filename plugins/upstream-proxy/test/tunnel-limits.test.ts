// The limits on messages and bytes: known from a frame's header, before it passes; what is over them ends the tunnel, or waits.
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import type { TunnelOptions } from '../src/index.ts'
import { compile } from '../src/options.ts'
import { framesIn, type OneFrame } from './frames-in.ts'
import { echo, eventually, frame, MASK, proxy } from './parts.ts'
import { agreeing, AT_ONCE, hear, http2Proxy, httpsProxy, open, openBy, openStream, session, tlsClient } from './tunnel-subjects.ts'

type Kind = 'HTTP/1.1' | 'TLS' | 'HTTP/2'
const KINDS: readonly Kind[] = ['HTTP/1.1', 'TLS', 'HTTP/2']

/** A tunnel with two bare ends, and what they hear. */
async function tunnel (t: Test, kind: Kind, websocket: TunnelOptions, extensions = '') {
  const upstream = await agreeing(t, extensions)
  const options = { upstream: upstream.url, websocket: { ...AT_ONCE, ...websocket } }
  const subject = await (kind === 'HTTP/2' ? http2Proxy : kind === 'TLS' ? httpsProxy : proxy)(t, options)
  const { near, far } = await ends(t, kind, subject.port, upstream)
  near.on('error', () => {})
  const atClient = hear(near)
  const atUpstream = hear(far)
  const fact = () => subject.requests.at(-1)!.upstream!.tunnel!
  return { ...subject, near, far, atClient, atUpstream, fact }
}

async function ends (t: Test, kind: Kind, port: number, upstream: Parameters<typeof open>[2]): Promise<{ near: Duplex, far: Duplex }> {
  if (kind === 'HTTP/2') return openStream(await session(t, port), upstream)
  return kind === 'TLS' ? openBy(tlsClient(t, port), upstream) : open(t, port, upstream)
}

/** What passed, without what the proxy said. */
const payloads = (frames: OneFrame[]) => frames.filter(({ opcode }) => opcode < 8).map(({ payload }) => payload)
const small = (text: string) => frame(1, text, { mask: MASK })

for (const kind of KINDS) {
  t.test(`${kind}: a message that is too large does not pass, however its header is cut, and both sides get 1009`, async t => {
    for (const size of [101, 126, 70_000]) {
      for (const cut of [1, 2, 9, 13, 14, 15, 40]) {
        const { near, atClient, atUpstream, fact } = await tunnel(t, kind, { maxMessageSize: 100 })
        const large = frame(2, randomBytes(size), { mask: MASK })
        near.write(Buffer.concat([small('a'), small('b'.repeat(100)), large.subarray(0, cut)]))
        await eventually(() => framesIn(atUpstream.buffer()).length >= 2, 'the first two pass')
        near.write(large.subarray(cut))
        await eventually(() => framesIn(atUpstream.buffer()).length === 3 && framesIn(atClient.buffer()).length === 1, 'the goodbyes')
        near.write(small('late'))
        await eventually(() => fact().received.bytes > 115 + large.length, 'more has come')
        t.match(framesIn(atUpstream.buffer()), [{ payload: 'a' }, { opcode: 1 }, { opcode: 8, masked: true, code: 1009, reason: 'message too large' }], `${size}, ${cut}`)
        t.match(framesIn(atClient.buffer()), [{ opcode: 8, masked: false, code: 1009, reason: 'message too large' }])
        t.equal(atUpstream.bytes, 7 + 106 + 25, 'and not a byte more')
        t.match(fact(), { limit: 'messageSize', closedBy: 'proxy', closeCode: 1009 })
        near.destroy()
      }
      if (kind !== 'HTTP/1.1') break
    }
  })

  t.test(`${kind}: fragments are summed, and control frames between them are not`, async t => {
    const { far, atClient, atUpstream, fact } = await tunnel(t, kind, { maxMessageSize: { sent: 100 } })
    far.write(Buffer.concat([frame(1, 'x'.repeat(50), { fin: false }), frame(9, 'y'.repeat(125)), frame(0, 'z'.repeat(50)), frame(1, 'w'.repeat(60), { fin: false }), frame(0, 'v'.repeat(41))]))
    await eventually(() => framesIn(atClient.buffer()).length === 5 && framesIn(atUpstream.buffer()).length === 1, 'the goodbyes')
    t.match(framesIn(atClient.buffer()).map(({ opcode, payload }) => [opcode, payload.length]), [[1, 50], [9, 125], [0, 50], [1, 60], [8, 19]])
    t.match(framesIn(atUpstream.buffer()), [{ opcode: 8, code: 1009, masked: true }])
    t.match(fact(), { limit: 'messageSize', sent: { messages: 2 } })
  })

  t.test(`${kind}: too many messages a second end the tunnel with 1008`, async t => {
    const { near, atClient, atUpstream, fact } = await tunnel(t, kind, { maxMessageRate: { received: 0.001, burst: 3 } })
    near.write(Buffer.concat([small('1'), frame(9, 'ping', { mask: MASK }), small('2'), small('3'), small('4')]))
    await eventually(() => framesIn(atClient.buffer()).length === 1 && framesIn(atUpstream.buffer()).length === 4, 'the goodbyes')
    t.match(framesIn(atUpstream.buffer()), [{ payload: '1' }, { opcode: 9 }, { payload: '2' }, { opcode: 8, code: 1008, reason: 'too many messages' }])
    t.match(framesIn(atClient.buffer()), [{ opcode: 8, code: 1008, reason: 'too many messages' }])
    t.match(fact(), { limit: 'messageRate', closeCode: 1008, received: { messages: 2, pings: 1 } })
  })

  t.test(`${kind}: messages that are held back pass later, all and in order, and then the end`, async t => {
    const { near, atClient, atUpstream, fact } = await tunnel(t, kind, { maxMessageRate: { received: 100, burst: 5, over: 'hold' } })
    const texts = Array.from({ length: 40 }, (_, i) => `${i} ${'x'.repeat(i * 50)}`)
    const started = performance.now()
    near.end(Buffer.concat(texts.map(small)))
    await eventually(() => atUpstream.ended, 'the end')
    t.same(payloads(framesIn(atUpstream.buffer())), texts)
    t.ok(performance.now() - started >= 330, 'no faster than the rate')
    t.equal(atClient.bytes, 0)
    t.equal(fact().limit, null)
  })

  t.test(`${kind}: bytes over the rate wait, in both directions, and none is lost`, async t => {
    const { near, far, atClient, atUpstream, fact } = await tunnel(t, kind, { maxByteRate: { received: 400_000, sent: 800_000, burst: 100_000 } })
    const up = frame(2, randomBytes(300_000), { mask: MASK })
    const down = frame(2, randomBytes(500_000))
    const started = performance.now()
    near.write(up)
    far.write(down)
    await eventually(() => atUpstream.bytes === up.length && atClient.bytes === down.length, 'all is there')
    t.ok(performance.now() - started >= 490, 'no faster than the rate')
    t.ok(atUpstream.buffer().equals(up))
    t.ok(atClient.buffer().equals(down))
    t.match(fact(), { limit: null, received: { bytes: up.length }, sent: { bytes: down.length } })
  })

  t.test(`${kind}: bytes over the rate end the tunnel where that is asked for, after the frame that is passing`, async t => {
    const { near, atClient, atUpstream, fact } = await tunnel(t, kind, { maxByteRate: { received: 20_000, burst: 1000, over: 'close' } })
    const first = frame(2, 'x'.repeat(3000), { mask: MASK })
    near.write(Buffer.concat([small('a'), first.subarray(0, 500)]))
    await eventually(() => atUpstream.bytes === 507, 'as much as may pass')
    near.write(Buffer.concat([first.subarray(500), small('b')]))
    await eventually(() => framesIn(atUpstream.buffer()).length === 3 && framesIn(atClient.buffer()).length === 1, 'the goodbyes')
    const heard = framesIn(atUpstream.buffer())
    t.match(heard, [{ payload: 'a' }, { payload: 'x'.repeat(3000) }, { opcode: 8, code: 1008, reason: 'too many bytes' }])
    t.match(framesIn(atClient.buffer()), [{ opcode: 8, code: 1008, reason: 'too many bytes' }])
    t.match(fact(), { limit: 'byteRate', closeCode: 1008 })
  })
}

t.test('a compressed message counts as it is on the wire', async t => {
  const upstream = await echo(t, { perMessageDeflate: { threshold: 0 } })
  const { port, closed } = await proxy(t, { upstream: upstream.url, websocket: { maxMessageSize: 10_000 } })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: { threshold: 0 } })
  t.teardown(() => ws.terminate())
  await once(ws, 'open')
  ws.send('x'.repeat(1_000_000))
  const [echoed] = await once(ws, 'message') as [Buffer]
  t.equal(echoed.length, 1_000_000)
  const close = once(ws, 'close')
  ws.send(randomBytes(20_000))
  const [code, reason] = await close as [number, Buffer]
  t.equal(code, 1009)
  t.equal(String(reason), 'message too large')
  await eventually(() => closed.length === 1, 'it ends')
  t.match(closed[0]!.tunnel, { limit: 'messageSize', received: { messages: 1 }, sent: { messages: 1 } })
})

t.test('a frame whose length is beyond every number is no way around the limit', async t => {
  const { near, atClient, atUpstream, fact } = await tunnel(t, 'HTTP/1.1', { maxMessageSize: 100 })
  near.write(Buffer.from([0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4, 5]))
  await eventually(() => framesIn(atUpstream.buffer()).length === 1 && framesIn(atClient.buffer()).length === 1, 'the goodbyes')
  t.match(framesIn(atUpstream.buffer()), [{ opcode: 8, code: 1002, reason: 'invalid frame' }])
  t.match(framesIn(atClient.buffer()), [{ opcode: 8, code: 1002 }])
  t.equal(fact().limit, 'messageSize')
})

t.test('a flood of empty fragments is one of messages; fragments with something in them are not', async t => {
  const { near, atUpstream } = await tunnel(t, 'HTTP/1.1', { maxMessageRate: { received: 0.001, burst: 3 } })
  const fragment = (opcode: number, text: string) => frame(opcode, text, { mask: MASK, fin: false })
  near.write(Buffer.concat([fragment(1, 'a'), fragment(0, 'b'), fragment(0, 'c'), fragment(0, 'd'), fragment(0, ''), fragment(0, ''), fragment(0, '')]))
  await eventually(() => framesIn(atUpstream.buffer()).length === 7, 'the goodbye')
  t.match(framesIn(atUpstream.buffer()).at(-1), { opcode: 8, code: 1008 })
})

t.test('a Close frame always passes', async t => {
  const { near, far, atClient, atUpstream, fact } = await tunnel(t, 'HTTP/1.1', { maxMessageSize: 1, maxMessageRate: { received: 0.001, sent: 0.001, burst: 1 } })
  const close = Buffer.concat([Buffer.from([0x0f, 0xa1]), Buffer.from('bye')])
  near.write(Buffer.concat([small('a'), frame(8, close, { mask: MASK })]))
  far.write(Buffer.concat([frame(1, 'b'), frame(8, close)]))
  await eventually(() => framesIn(atUpstream.buffer()).length === 2 && framesIn(atClient.buffer()).length === 2, 'they pass')
  t.match(framesIn(atUpstream.buffer()), [{ payload: 'a' }, { code: 4001, reason: 'bye' }])
  t.match(framesIn(atClient.buffer()), [{ payload: 'b' }, { code: 4001, reason: 'bye' }])
  t.equal(fact().limit, null)
})

t.test('a side that has ended sends nothing over a limit either', async t => {
  const { near, far, atClient, atUpstream } = await tunnel(t, 'HTTP/1.1', { maxMessageSize: 100 })
  far.end()
  await eventually(() => atClient.ended, 'the upstream has ended')
  near.write(Buffer.concat([small('a'), small('x'.repeat(101))]))
  await eventually(() => framesIn(atUpstream.buffer()).length === 2, 'the goodbye')
  t.match(framesIn(atUpstream.buffer()), [{ payload: 'a' }, { opcode: 8, code: 1009 }])
})

t.test('the start of a header that is never completed passes with the end', async t => {
  const { near, atUpstream } = await tunnel(t, 'HTTP/1.1', { maxMessageSize: 100 })
  near.end(Buffer.concat([small('a'), small('x'.repeat(50)).subarray(0, 1)]))
  await eventually(() => atUpstream.ended, 'the end')
  t.equal(atUpstream.bytes, 8)
})

t.test('a held side that is reset frees both connections', async t => {
  const { near, far, atUpstream, app } = await tunnel(t, 'HTTP/1.1', { maxMessageRate: { received: 0.001, burst: 1, over: 'hold' } })
  near.write(Buffer.concat([small('a'), small('b')]))
  await eventually(() => framesIn(atUpstream.buffer()).length === 1, 'the first passes')
  ;(near as unknown as { resetAndDestroy: () => void }).resetAndDestroy()
  await eventually(() => atUpstream.closed && app.tunnels.size === 0, 'all is free')
  t.match(framesIn(atUpstream.buffer()), [{ payload: 'a' }])
  t.ok(far.destroyed)
})

t.test('a held side reads no further than a bound', async t => {
  const { near, fact, atUpstream } = await tunnel(t, 'HTTP/1.1', { maxMessageRate: { received: 0.001, burst: 1, over: 'hold' } })
  const chunk = Buffer.concat(Array.from({ length: 1000 }, () => small('x'.repeat(100))))
  let writes = 0
  while (writes < 1000 && near.write(chunk)) writes++
  for (let i = 0; i < 200 && near.writableNeedDrain; i++) await new Promise(resolve => setTimeout(resolve, 10))
  t.ok(near.writableNeedDrain, 'the client has to wait')
  t.ok(fact().received.bytes < 500_000, `${fact().received.bytes} bytes were read`)
  t.equal(framesIn(atUpstream.buffer()).length, 1)
})

t.test('mistakes in the options are named, all of them', async t => {
  const mistakes = (websocket: object, ...messages: string[]) => {
    const error = t.throws(() => compile({ upstream: 'http://a', websocket } as never)) as unknown as Error
    for (const message of messages) t.ok(error.message.includes(message), error.message)
  }
  mistakes({ maxMessages: 1, pingInterval: 1 }, '`websocket.maxMessages` is no option; there are idleTimeout', '`websocket.pingInterval` is no option')
  mistakes({ maxMessageSize: -1, maxMessageRate: 'x', maxByteRate: null },
    '`websocket.maxMessageSize` must be a whole number, 0 or more, or an object',
    '`websocket.maxMessageRate` must be a number, 0 or more, or an object',
    '`websocket.maxByteRate` must be a number, 0 or more, or an object')
  mistakes({ maxMessageSize: { received: 1.5, up: 1 }, maxMessageRate: { received: -1, burst: 0, over: 'drop' }, maxByteRate: { send: 1, sent: NaN } },
    '`websocket.maxMessageSize.received` must be a whole number, 0 or more',
    '`websocket.maxMessageSize.up` is no option; there are received, sent',
    '`websocket.maxMessageRate.received` must be a number, 0 or more',
    '`websocket.maxMessageRate.burst` must be a number, 1 or more',
    '`websocket.maxMessageRate.over` must be close or hold',
    '`websocket.maxByteRate.send` is no option; there are received, sent, burst, over',
    '`websocket.maxByteRate.sent` must be a number, 0 or more')
})
