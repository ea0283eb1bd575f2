// Who is waited for, and for how long? Clients that do not take what is theirs, or never end their side.
import { once } from 'node:events'
import http2 from 'node:http2'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { clock, LIMIT } from './clock.ts'
import { client, eventually, frame, handshake, MASK, proxy, rest, tcpUpstream, until, watchDials } from './parts.ts'
import { agreeing, ask, AT_ONCE, hear, http2Proxy, open, session } from './tunnel-subjects.ts'

// What ends here ends by itself: no timer of the tunnel's may have done it.
const PATIENT = { ...AT_ONCE, halfCloseTimeout: 0 }
const REFUSAL = 'HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nnope'

const turn = () => new Promise(resolve => setImmediate(resolve))

/** Says `part` again and again until `enough`, each when the one before has come to the proxy's socket; how often it was said. */
async function fill (far: Socket, near: () => Socket, part: Buffer, enough: () => boolean | Promise<boolean>): Promise<number> {
  for (let times = 1; times <= 20_000; times++) {
    const before = near().bytesWritten
    far.write(part)
    while (near().bytesWritten === before) await turn()
    if (await enough()) return times
  }
  throw new Error('never: something has to wait')
}

/** True where what waits in a socket goes on waiting. */
async function waits (socket: Socket): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    if (socket.writableLength === 0) return false
    await turn()
  }
  return true
}

/** An upstream that refuses with a body in chunks, which the test writes; its end of the connection. */
async function chunking (t: Test): Promise<{ url: string, far: Promise<Socket> }> {
  let told!: (socket: Socket) => void
  const far = new Promise<Socket>(resolve => { told = resolve })
  const { url } = await tcpUpstream(t, socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n')
      told(socket)
    })
  })
  return { url, far }
}

const CHUNK = Buffer.from(`1388\r\n${'x'.repeat(5000)}\r\n`)

for (const [name, last] of [
  ['in the middle of a refusal', ''],
  ['at the end of a refusal that the upstream has said whole', '4\r\nlast\r\n0\r\n\r\n']
] as const) {
  t.test(`a client that stops reading ${name} is cut after the time limit, and is to blame`, async t => {
    const goOn = clock(t)
    const dialled = watchDials(t)
    const upstream = await chunking(t)
    const { app, port, closed } = await proxy(t, { upstream: upstream.url, timeouts: { handshake: LIMIT } })
    const sockets: Socket[] = []
    app.server.on('connection', socket => sockets.push(socket))
    const near = client(t, port)
    near.write(handshake())
    await until(near, text => text.includes('\r\n\r\n'))
    const far = await upstream.far
    // In the middle, the upstream has to wait as well; before the end, only the client is waited for.
    await fill(far, () => sockets[0]!, CHUNK, () => last === '' ? sockets[0]!.writableNeedDrain : waits(sockets[0]!))
    const own = dialled.find(socket => socket.localPort === far.remotePort) as Socket
    far.write(last)
    if (last !== '') await eventually(() => own.destroyed, 'the upstream has said it all')
    goOn(LIMIT + 1)
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { status: 401, error: { code: 'FST_ARR_CLIENT_TIMEOUT', moment: 'body', side: 'client' } })
    await eventually(() => far.readableEnded || (far.resume(), false), 'the upstream is freed')
    t.notMatch(await rest(near), /\r\n0\r\n/, 'what it got does not look whole')
  })
}

t.test('a client that takes a refusal piece by piece gets all of it', async t => {
  const upstream = await chunking(t)
  const { app, port, closed } = await proxy(t, { upstream: upstream.url })
  const sockets: Socket[] = []
  app.server.on('connection', socket => sockets.push(socket))
  const near = client(t, port)
  near.write(handshake())
  await until(near, text => text.includes('\r\n\r\n'))
  const far = await upstream.far
  await fill(far, () => sockets[0]!, CHUNK, () => waits(sockets[0]!))
  far.write('4\r\nlast\r\n0\r\n\r\n')
  t.match(await rest(near), /\r\n4\r\nlast\r\n0\r\n\r\n$/)
  near.end()
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], { status: 401, error: null })
})

t.test('an HTTP/2 client that gives no window for a refusal is cut after the time limit', async t => {
  const { url } = await tcpUpstream(t, socket => socket.once('data', () => socket.end(REFUSAL)))
  const goOn = clock(t)
  const { port, closed } = await http2Proxy(t, { upstream: url, timeouts: { handshake: LIMIT } })
  const connection = http2.connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } })
  connection.on('error', () => {})
  t.teardown(() => connection.destroy())
  while (connection.remoteSettings?.enableConnectProtocol !== true) await once(connection, 'remoteSettings')
  const stream = ask(connection)
  t.match((await once(stream, 'response'))[0], { ':status': 401 })
  goOn(LIMIT + 1)
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], { status: 401, error: { code: 'FST_ARR_CLIENT_TIMEOUT', side: 'client' } })
  t.notOk(connection.closed, 'the connection goes on')
})

t.test('a refused HTTP/2 client that never ends its side holds up neither the response nor its connection\'s closing', async t => {
  const { url } = await tcpUpstream(t, socket => socket.once('data', () => socket.end(REFUSAL)))
  const sessions: http2.ServerHttp2Session[] = []
  const { port, closed } = await http2Proxy(t, { upstream: url }, app => {
    (app.server as unknown as http2.Http2Server).on('session', session => sessions.push(session))
  })
  const stream = ask(await session(t, port))
  t.match((await once(stream, 'response'))[0], { ':status': 401 })
  t.equal(await rest(stream), 'nope')
  // As a server that closes does.
  sessions[0]!.close()
  await eventually(() => sessions[0]!.destroyed && stream.closed, 'the connection closes')
  t.equal(stream.rstCode, http2.constants.NGHTTP2_NO_ERROR)
  t.equal(closed.length, 1)
  t.match(closed[0], { status: 401, error: null })
})

t.test('a client that takes what has waited for him is alive, though nothing new comes', async t => {
  const upstream = await agreeing(t)
  const { app, port } = await proxy(t, { upstream: upstream.url, websocket: PATIENT })
  const sockets: Socket[] = []
  app.server.on('connection', socket => sockets.push(socket))
  const { near, far } = await open(t, port, upstream)
  const one = frame(2, Buffer.alloc(4996))
  const bytes = one.length * await fill(far, () => sockets[0]!, one, () => sockets[0]!.writableNeedDrain)
  const { id, lastActivity, sent } = [...app.tunnels][0]!
  t.equal(sent.bytes, bytes, 'the upstream has said it all')
  await eventually(() => Date.now() > lastActivity, 'the clock goes on')
  const heard = hear(near)
  await eventually(() => heard.bytes === bytes && sockets[0]!.writableLength === 0, 'the client takes it')
  t.equal(app.tunnels.get(id)!.sent.bytes, bytes)
  t.ok(app.tunnels.get(id)!.lastActivity > lastActivity)
})

t.test('what an upstream said before its end reaches a client that is slow, though the upstream is reset by then', async t => {
  const upstream = await agreeing(t)
  const { app, port, closed } = await proxy(t, { upstream: upstream.url, websocket: PATIENT })
  const sockets: Socket[] = []
  app.server.on('connection', socket => sockets.push(socket))
  const { near, far } = await open(t, port, upstream)
  const one = frame(2, Buffer.alloc(4996))
  const bytes = one.length * await fill(far, () => sockets[0]!, one, () => waits(sockets[0]!))
  far.end(frame(1, 'the last word'))
  const [tunnel] = [...app.tunnels]
  await eventually(() => sockets[0]!.writableEnded, 'the end is on its way')
  t.equal(app.tunnels.get(tunnel!.id)!.sent.bytes, bytes + 15)
  far.resetAndDestroy()
  await once(far, 'close')
  // Meets nobody: the proxy learns of the reset.
  near.write(frame(9, '', { mask: MASK }))
  await eventually(() => sockets[0]!.isPaused() || sockets[0]!.destroyed, 'it has learnt')
  const heard = hear(near)
  await eventually(() => heard.closed || heard.ended, 'the client sees the end')
  t.equal(heard.bytes, bytes + 15)
  t.ok(heard.text().endsWith('the last word'))
  near.destroy()
  await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
  t.match(closed[0]!.tunnel, { closedBy: 'upstream', ending: 'end' })
})

for (const deadline of [60_000, 0]) {
  t.test(`a drain with a deadline of ${deadline} ms lets a side finish what it says, whatever the half-close timeout`, async t => {
    const upstream = await agreeing(t)
    const { app, port, closed } = await proxy(t, { upstream: upstream.url, websocket: { halfCloseTimeout: 1, drain: { window: 0, deadline } } })
    const { near, far } = await open(t, port, upstream)
    const message = frame(2, Buffer.alloc(1000))
    far.write(message.subarray(0, 500))
    await until(near, text => text.length === 500)
    const heard = hear(near)
    const said = hear(far)
    const closing = app.close()
    await eventually(() => said.bytes === 8, 'the upstream is said goodbye')
    // Limits are looked at every second.
    const looked = performance.now() + 2500
    await eventually(() => performance.now() > looked, 'limits have been looked at')
    t.equal(closed.length, 0, 'nothing is cut')
    far.write(message.subarray(500))
    await eventually(() => heard.bytes === 508, 'the message is whole, and the goodbye follows')
    near.end()
    far.end()
    await closing
    t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: 1001, ending: 'drain' })
  })
}

t.test('of two goodbyes that wait for the end of a frame the first is said, and told of', async t => {
  const upstream = await agreeing(t)
  const { app, port, closed } = await proxy(t, { upstream: upstream.url, websocket: PATIENT })
  const { near, far } = await open(t, port, upstream)
  const message = frame(2, Buffer.alloc(1000))
  far.write(message.subarray(0, 500))
  await until(near, text => text.length === 500)
  const [tunnel] = [...app.tunnels]
  tunnel!.close(4000)
  tunnel!.close(1001)
  far.write(message.subarray(500))
  const text = await until(near, text => text.length === 508)
  t.equal(text.slice(504), '\x88\x02\x0f\xa0')
  near.end()
  far.resume()
  far.end()
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: 4000 })
})
