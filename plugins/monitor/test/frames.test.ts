// What is told of one WebSocket's frames: each in its order with its length, goodbyes, ends, and never a payload; not more than is read.
import { once } from 'node:events'
import t from 'tap'
import type { FrameRow, FramesView } from '../src/messages/index.ts'
import { FrameQueue } from '../src/views/web-sockets/frame-queue.ts'
import type { Followed } from '../src/views/views.ts'
import { backend, client, eventually, madeTime, proxied } from './proxied.ts'

function frame (length: number): Extract<FrameRow, { kind: 'frame' }> {
  return { kind: 'frame', at: length, side: 'client', opcode: 1, fin: true, rsv: 0, length, masked: true }
}

t.test('frames of both sides, a goodbye with its code and reason, the end of each socket, and then no WebSocket', async t => {
  const { url } = await backend(t)
  const subject = await proxied(t, { upstream: url })
  const ws = await client(t, subject.port, '/room')
  const id = [...subject.app.tunnels][0]?.id as string
  const followed = subject.views.frames(id) as Followed<FramesView>
  t.match(followed.read(), { rows: [], webSocket: { id, path: '/room' } })
  ws.send('a secret')
  await once(ws, 'message')
  const told = followed.read()
  t.same(told.rows.map(({ at, ...row }) => row), [
    { kind: 'frame', side: 'client', opcode: 1, fin: true, rsv: 0, length: 8, masked: true },
    { kind: 'frame', side: 'upstream', opcode: 1, fin: true, rsv: 0, length: 8, masked: false }
  ])
  t.ok(told.rows.every(({ at }) => Math.abs(at - Date.now()) < 60_000))
  t.match(told.webSocket, { received: { messages: 1 } }, 'its counts go on')
  ws.close(4001, 'the end')
  await once(ws, 'close')
  await eventually(() => subject.app.tunnels.size === 0, 'it is over')
  const last = followed.read()
  t.equal(last.webSocket, null)
  t.match(last.rows.filter(({ kind }) => kind === 'close'), [{ side: 'client', code: 4001, reason: 'the end' }, { side: 'upstream', code: 4001 }])
  t.same(last.rows.filter(({ kind }) => kind === 'ended').map(row => 'side' in row ? row.side : '').sort(), ['client', 'upstream'])
  t.same(followed.read(), { rows: [], webSocket: null }, 'and nothing more is told')
  followed.end()
  t.notMatch(JSON.stringify([told, last]), 'secret')
  t.equal(subject.views.frames(id), undefined)
})

t.test('who has ended the following is told nothing more, and others are', async t => {
  const { url } = await backend(t)
  const subject = await proxied(t, { upstream: url })
  const ws = await client(t, subject.port)
  const id = [...subject.app.tunnels][0]?.id as string
  const [one, other] = [subject.views.frames(id), subject.views.frames(id)]
  one?.end()
  ws.send('hello')
  await once(ws, 'message')
  t.equal(one?.read().rows.length, 0)
  t.equal(other?.read().rows.length, 2)
})

t.test('rates of the one that is watched are those of about a second, however often it is read', async t => {
  const clock = madeTime(t)
  const { url } = await backend(t)
  const subject = await proxied(t, { upstream: url })
  const ws = await client(t, subject.port)
  const followed = subject.views.frames([...subject.app.tunnels][0]?.id as string)
  followed?.read()
  ws.send('hello')
  await once(ws, 'message')
  clock.ahead += 1_000
  const rate = followed?.read().webSocket?.sent.bytesPerSecond ?? 0
  t.ok(rate > 0 && rate <= 7, String(rate))
  t.equal(followed?.read().webSocket?.sent.bytesPerSecond, rate)
})

t.test('of a flood, the newest hundred rows are told, and how many were left out', async t => {
  const { url } = await backend(t)
  const subject = await proxied(t, { upstream: url })
  const ws = await client(t, subject.port)
  const followed = subject.views.frames([...subject.app.tunnels][0]?.id as string) as Followed<FramesView>
  let came = 0
  ws.on('message', () => { came++ })
  for (let i = 1; i <= 1_000; i++) ws.send('x'.repeat(i))
  await eventually(() => came === 1_000, 'all are echoed')
  const { rows } = followed.read()
  t.equal(rows.length, 100)
  const [first, ...frames] = rows
  t.match(first, { kind: 'skipped', count: 2_000 - 99 })
  t.match(frames.at(-1), { side: 'upstream', length: 1_000 })
})

t.test('what waits is bounded, goodbyes are kept, and the order is that in which all came', async t => {
  const queue = new FrameQueue()
  queue.add({ kind: 'close', at: 0, side: 'upstream', code: 1011, reason: 'oh' })
  for (let i = 1; i <= 10_000; i++) {
    queue.add(frame(i))
    if (queue.size > 500) t.fail(`${queue.size} are kept`)
  }
  queue.add({ kind: 'ended', at: 10_001, side: 'client', how: 'end', systemCode: null })
  const rows = queue.read(0)
  t.equal(rows.length, 100)
  t.match(rows.slice(0, 2), [{ kind: 'skipped', count: 10_000 - 97 }, { kind: 'close', code: 1011 }])
  t.same(rows.slice(2, -1).map(row => row.kind === 'frame' ? row.length : 0), Array.from({ length: 97 }, (_, n) => 9_904 + n))
  t.match(rows.at(-1), { kind: 'ended' })
  t.same(queue.read(0), [])
})
