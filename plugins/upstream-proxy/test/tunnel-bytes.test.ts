// What passes through an open tunnel: every byte, in order, at the pace of the one who reads.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { client, echo, eventually, frame, MASK, proxy, shakeHands, SWITCH, tcpUpstream, until, watchDials, type Proxy } from './parts.ts'
import type { UpstreamProxyOptions } from '../src/index.ts'

interface Ends extends Proxy {
  /** The client's socket, and the upstream's: past their handshakes. */
  readonly near: Socket
  readonly far: Socket
}

/** An open tunnel with its two bare ends. */
async function ends (t: Test, options: UpstreamProxyOptions = {}, extensions = ''): Promise<Ends> {
  let accepted!: (socket: Socket) => void
  const connected = new Promise<Socket>(resolve => { accepted = resolve })
  const { url } = await tcpUpstream(t, socket => accepted(socket))
  const subject = await proxy(t, { upstream: url, ...options })
  const near = client(t, subject.port)
  const far = await shakeHands(near, connected, SWITCH.replace(/\r\n$/, `${extensions}\r\n`))
  return { ...subject, near, far }
}

t.test('every byte arrives, whatever the frames and the chunks', async t => {
  const { near, far, closed } = await ends(t)
  const frames: Buffer[] = []
  let text = 0
  let binary = 0
  for (let i = 0; i < 300; i++) {
    const size = [0, 1, 125, 126, 127, 1000, 65_535, 65_536, 70_000][i % 9] as number
    if (i % 2 === 0) text++
    else binary++
    if (i % 5 === 0) {
      frames.push(frame(i % 2 === 0 ? 1 : 2, randomBytes(size), { mask: MASK, fin: false }))
      frames.push(frame(9, 'between', { mask: MASK }))
      frames.push(frame(0, randomBytes(size), { mask: MASK }))
    } else {
      frames.push(frame(i % 2 === 0 ? 1 : 2, randomBytes(size), { mask: MASK }))
    }
  }
  const all = Buffer.concat(frames)
  const got: Buffer[] = []
  far.on('data', chunk => got.push(chunk)).resume()
  for (let at = 0; at < all.length;) {
    const size = Math.min(all.length - at, 1 + Math.floor(Math.random() * (at % 7 === 0 ? 5 : 50_000)))
    if (!near.write(all.subarray(at, at + size))) await once(near, 'drain')
    at += size
  }
  near.end()
  await once(far, 'end')
  t.ok(Buffer.concat(got).equals(all))
  far.end()
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0]!.tunnel, { observed: true, received: { bytes: all.length, messages: 300, text, binary, pings: 60, pongs: 0 }, sent: { bytes: 0, messages: 0 } })
})

t.test('one ping is one ping, and one pong is its answer, both ways', async t => {
  const { near, far, closed } = await ends(t)
  near.write(frame(9, 'a', { mask: MASK }))
  t.same(await until(far, text => text.length >= 7), frame(9, 'a', { mask: MASK }).toString('latin1'))
  far.write(frame(10, 'a'))
  t.same(await until(near, text => text.length >= 3), frame(10, 'a').toString('latin1'))
  far.write(frame(9, 'b'))
  t.same(await until(near, text => text.length >= 3), frame(9, 'b').toString('latin1'))
  near.destroy()
  far.destroy()
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0]!.tunnel, { received: { pings: 1, pongs: 0 }, sent: { pings: 1, pongs: 1 } })
})

for (const [name, payload, code, reason] of [
  ['a code and a reason', Buffer.concat([Buffer.from([0x03, 0xf4]), Buffer.from('neu gestartet \u00fc')]), 1012, 'neu gestartet \u00fc'],
  ['an application\'s code', Buffer.from([0x10, 0x1b]), 4123, ''],
  ['no code', Buffer.alloc(0), null, '']
] as const) {
  t.test(`a Close frame with ${name} arrives as it was sent, from either side`, async t => {
    for (const by of ['client', 'upstream'] as const) {
      const { near, far, closed } = await ends(t)
      const [from, to] = by === 'client' ? [near, far] : [far, near]
      const bytes = frame(8, payload, by === 'client' ? { mask: MASK } : {})
      // In two pieces, so that its payload has to be put together.
      from.write(bytes.subarray(0, bytes.length - 1))
      await new Promise(resolve => setImmediate(resolve))
      from.write(bytes.subarray(bytes.length - 1))
      t.equal(await until(to, text => text.length >= bytes.length), bytes.toString('latin1'))
      from.end()
      to.end()
      from.resume()
      to.resume()
      await eventually(() => closed.length === 1, 'reply.raw closes')
      t.match(closed[0]!.tunnel, { closedBy: by, closeCode: code, closeReason: reason, ending: 'end', observed: true })
    }
  })
}

t.test('a half-close passes, and the other direction stays open', async t => {
  for (const by of ['client', 'upstream'] as const) {
    const { near, far, closed } = await ends(t)
    const [from, to] = by === 'client' ? [near, far] : [far, near]
    from.end()
    to.resume()
    await once(to, 'end')
    to.write(by === 'client' ? frame(1, 'after') : frame(1, 'after', { mask: MASK }))
    t.ok(await until(from, text => text.length > 0))
    t.equal(closed.length, 0)
    to.end()
    from.resume()
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0]!.tunnel, { closedBy: by, ending: 'end', closeCode: null, closeReason: null })
  }
})

t.test('a direction left open after the other has ended is cut after the half-close timeout', async t => {
  const { near, far, closed } = await ends(t, { websocket: { halfCloseTimeout: 20 } })
  near.end()
  far.resume()
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0]!.tunnel, { closedBy: 'client', ending: 'end' })
  await eventually(() => far.destroyed || far.readableEnded, 'the upstream is freed')
})

t.test('a reset of one side reaches the other as a reset', async t => {
  for (const by of ['client', 'upstream'] as const) {
    const { near, far, closed, app } = await ends(t)
    const [from, to] = by === 'client' ? [near, far] : [far, near]
    let error: NodeJS.ErrnoException | undefined
    to.on('error', cause => { error = cause })
    to.resume()
    from.resetAndDestroy()
    await eventually(() => closed.length === 1 && to.destroyed, 'both sides are closed')
    t.equal(error?.code, 'ECONNRESET')
    t.match(closed[0]!.tunnel, { closedBy: by, ending: 'reset' })
    await eventually(() => app.tunnels.size === 0, 'no tunnel is left')
  }
})

t.test('a side that does not read is not read for: the proxy holds less than a megabyte', async t => {
  for (const by of ['client', 'upstream'] as const) {
    const dialled = watchDials(t)
    const { near, far, requests } = await ends(t)
    const [from, to] = by === 'client' ? [near, far] : [far, near]
    // The proxy's own two ends.
    const inside = [requests[0]!.raw.socket, dialled.find(socket => socket.remotePort === far.localPort) as Socket] as const
    const [source, target] = by === 'client' ? inside : [inside[1], inside[0]]
    // Bytes that were read here and have not gone out: wherever they are, they are held. What the system holds is not ours.
    const held = () => source.bytesRead - (target.bytesWritten - target.writableLength)
    to.pause()
    const chunk = frame(2, Buffer.alloc(1 << 20), by === 'client' ? { mask: MASK } : {})
    let written = 0
    let read = 0
    let most = 0
    // The other side has stopped reading once half a second passes without a byte.
    for (let quiet = 0; quiet < 10 && written < 200;) {
      if (from.writableLength < 4 << 20) {
        from.write(chunk)
        written++
        await new Promise(resolve => setImmediate(resolve))
      } else {
        await new Promise(resolve => setTimeout(resolve, 50))
      }
      most = Math.max(most, held())
      quiet = source.bytesRead === read && from.writableLength >= 4 << 20 ? quiet + 1 : 0
      read = source.bytesRead
    }
    t.ok(most < 1 << 20, `${most} bytes are held for a receiver that does not read`)
    t.ok(written < 200, `${written} MiB were taken from the sender`)
    // And when it reads again, all of it comes.
    let got = 0
    to.on('data', (data: Buffer) => { got += data.length })
    to.resume()
    await eventually(() => got === written * chunk.length, 'everything arrives')
    from.destroy()
  }
})

t.test('permessage-deflate passes compressed, and is no fault', async t => {
  const upstream = await echo(t, { perMessageDeflate: { threshold: 0 } })
  const { port, closed } = await proxy(t, { upstream: upstream.url })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: { threshold: 0 } })
  await once(ws, 'open')
  const text = 'a'.repeat(100_000)
  for (let i = 0; i < 10; i++) {
    ws.send(text)
    t.equal(String((await once(ws, 'message'))[0]), text)
  }
  ws.close(1000)
  await once(ws, 'close')
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0]!.tunnel, { observed: true, received: { text: 10 }, sent: { text: 10 }, closeCode: 1000 })
  t.ok(closed[0]!.tunnel!.received.bytes < 10_000)
})

for (const [name, bytes, extensions] of [
  ['an unmasked frame from the client', frame(1, 'x'), ''],
  ['a reserved opcode', frame(3, 'x', { mask: MASK }), ''],
  ['a reserved bit that nothing was agreed for', frame(1, 'x', { mask: MASK, rsv: 0x40 }), ''],
  ['a reserved bit on a ping', frame(9, 'x', { mask: MASK, rsv: 0x40 }), 'Sec-WebSocket-Extensions: permessage-deflate\r\n'],
  ['RSV2 under permessage-deflate', frame(1, 'x', { mask: MASK, rsv: 0x20 }), 'Sec-WebSocket-Extensions: permessage-deflate\r\n'],
  ['a fragmented ping', frame(9, 'x', { mask: MASK, fin: false }), ''],
  ['a long ping', frame(9, 'x'.repeat(126), { mask: MASK }), ''],
  ['a continuation of nothing', frame(0, 'x', { mask: MASK }), ''],
  ['a message inside a message', Buffer.concat([frame(1, 'x', { mask: MASK, fin: false }), frame(1, 'y', { mask: MASK })]), ''],
  ['an absurd length', Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), '']
] as const) {
  t.test(`${name} switches the observer off; the bytes still flow`, async t => {
    const { near, far, closed, requests } = await ends(t, {}, extensions)
    const said: unknown[] = []
    requests[0]!.log.debug = ((...args: unknown[]) => { said.push(args) }) as never
    near.write(bytes)
    t.equal(await until(far, text => text.length >= bytes.length), bytes.toString('latin1'))
    near.write('anything')
    t.equal(await until(far, text => text.length >= 8), 'anything')
    far.write(frame(1, 'fine'))
    await until(near, text => text.length >= 6)
    near.destroy()
    far.destroy()
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0]!.tunnel, { observed: false, received: { bytes: bytes.length + 8 } })
    t.equal(said.length, 1)
  })
}

for (const [name, bytes] of [
  // Whoever does not look at the mask finds frames in it, valid ones.
  ['a masked frame from the upstream', frame(2, Buffer.from([0x81, 0, 0x81, 0]), { mask: Buffer.alloc(4) })],
  ['a reserved opcode from the upstream', frame(3, 'x')],
  ['a continuation of nothing from the upstream', frame(0, 'x')]
] as const) {
  t.test(`${name} switches the observer off; the bytes still flow`, async t => {
    const { near, far, closed, requests } = await ends(t)
    const said: unknown[] = []
    requests[0]!.log.debug = ((what: unknown) => { said.push(what) }) as never
    far.write(bytes)
    t.equal(await until(near, text => text.length >= bytes.length), bytes.toString('latin1'))
    const more = frame(1, 'not counted any more')
    far.write(more)
    t.equal(await until(near, text => text.length >= more.length), more.toString('latin1'))
    const answer = frame(1, 'fine', { mask: MASK })
    near.write(answer)
    t.equal(await until(far, text => text.length >= answer.length), answer.toString('latin1'))
    near.destroy()
    far.destroy()
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0]!.tunnel, { observed: false, sent: { bytes: bytes.length + more.length, messages: 0 }, received: { bytes: answer.length, text: 1 } })
    t.same(said, [{ side: 'upstream' }])
  })
}
