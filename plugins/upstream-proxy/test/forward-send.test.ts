// Bodies that wait for a side which takes none of them: `timeouts.send`. Time is the test's here: it goes on when the test says so.
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { clock, LIMIT as SEND } from './clock.ts'
import { closed, proxy, rawUpstream, type Proxy } from './forward-subjects.ts'
import { eventually, watchDials } from './parts.ts'

// More than all buffers on the way hold.
const MUCH = Buffer.alloc(30_000_000, 'x')
// No other limit may have done it.
const PATIENT = { send: SEND, idle: 0, firstByte: 0 }

function clientOf (t: Test, { port }: Proxy): Socket {
  const client = connect(port, '127.0.0.1')
  client.on('error', () => {})
  t.teardown(() => client.destroy())
  return client
}

/** Moves the clock on, each time the loop has had a turn. */
async function passes (goOn: (ms: number) => void, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += SEND / 8) {
    goOn(SEND / 8)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** The number once it has stayed the same for a while, which it does when everything on the way is full. */
async function settled (count: () => number): Promise<void> {
  for (let last = -1, same = 0; same < 20; last = count()) {
    same = count() === last ? same + 1 : 0
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** A body on its way to an upstream that reads nothing but the head; the proxy's end of that connection. */
async function uploading (t: Test): Promise<{ subject: Proxy, client: Socket, far: Socket, dialled: Socket }> {
  const dials = watchDials(t)
  let far: Socket | undefined
  const backend = await rawUpstream(t, socket => {
    far = socket
    socket.pause()
  })
  const subject = await proxy(t, { upstream: backend.url, timeouts: PATIENT })
  const client = clientOf(t, subject)
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${MUCH.length}\r\n\r\n`)
  client.write(MUCH)
  const dialled = (): Socket | undefined => dials.find(socket => `http://127.0.0.1:${socket.remotePort}` === backend.url)
  await eventually(() => dialled() !== undefined && far !== undefined, 'the upstream is asked')
  await settled(() => dialled()!.bytesWritten)
  return { subject, client, far: far as Socket, dialled: dialled() as Socket }
}

t.test('an upstream that takes nothing of a body is not waited for', async t => {
  const goOn = clock(t)
  const { subject, client } = await uploading(t)
  let answer = ''
  client.on('data', chunk => { answer += String(chunk) })
  await passes(goOn, SEND * 1.5)
  t.match((await subject.facts()).error, { code: 'FST_ARR_UPSTREAM_TIMEOUT', moment: 'request', side: 'upstream' })
  await eventually(() => answer !== '', 'the client is answered')
  t.match(answer, /^HTTP\/1\.1 504 /)
})

t.test('a client that is gone while its upstream takes nothing of the body is let go', async t => {
  const goOn = clock(t)
  const { subject, client, far } = await uploading(t)
  client.resetAndDestroy()
  await passes(goOn, SEND * 1.5)
  await subject.facts()
  far.resume()
  await closed(far)
})

t.test('an upstream that takes a little of a body now and then is waited for', async t => {
  const goOn = clock(t)
  const { client, far, dialled } = await uploading(t)
  const taken = () => dialled.bytesWritten - dialled.writableLength
  let room = 0
  far.on('data', chunk => {
    room -= chunk.length
    if (room <= 0) far.pause()
  })
  far.pause()
  for (let round = 0; round < 4; round++) {
    const before = taken()
    await eventually(() => {
      room = 500_000
      far.resume()
      return taken() > before
    }, 'some of it is taken')
    far.pause()
    await settled(taken)
    await passes(goOn, SEND * 0.7)
    t.notOk(dialled.destroyed)
  }
  client.destroy()
})

for (const [what, head] of [
  ['an answer', `Content-Length: ${MUCH.length}`],
  ['server-sent events', 'Content-Type: text/event-stream\r\nTransfer-Encoding: chunked']
] as const) {
  t.test(`a client that takes nothing of ${what} is let go, and its upstream with it`, async t => {
    const goOn = clock(t)
    let far: Socket | undefined
    const backend = await rawUpstream(t, socket => {
      far = socket
      socket.on('error', () => {})
      socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`)
      if (head.endsWith('chunked')) socket.write(`${MUCH.length.toString(16)}\r\n`)
      socket.write(MUCH)
    })
    const subject = await proxy(t, { upstream: backend.url, timeouts: PATIENT })
    const client = clientOf(t, subject)
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await eventually(() => far !== undefined, 'the upstream is asked')
    await settled(() => far!.writableLength)
    t.notOk(far!.destroyed)
    await passes(goOn, SEND * 1.5)
    t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_TIMEOUT', moment: 'body', side: 'client' })
    await closed(far!)
    client.resume()
    await closed(client)
  })
}
