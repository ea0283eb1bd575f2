// Where waiting, handshakes, hooks and limits meet: what becomes of a client that is between two of them.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { client, eventually, frame, handshake, proxy, rest, tcpUpstream, until } from './parts.ts'
import { agreeing, ask, AT_ONCE, http2Proxy, open, session, switchFor } from './tunnel-subjects.ts'

const head = (text: string) => text.endsWith('\r\n\r\n')

/** An upstream that agrees to handshakes when it is told to. */
async function slow (t: Test): Promise<{ url: string, handshakes: Array<{ path: string, agree: () => void }> }> {
  const handshakes: Array<{ path: string, agree: () => void }> = []
  const { url } = await tcpUpstream(t, socket => {
    until(socket, head).then(text => {
      handshakes.push({ path: text.split(' ')[1] as string, agree: () => { socket.write(switchFor(text)) } })
      socket.on('end', () => socket.end())
      socket.resume()
    }, () => {})
  })
  return { url, handshakes }
}

const user = (request: { headers: Record<string, unknown> }): string | null => request.headers['x-user'] as string ?? null

for (const where of ['under way', 'waiting'] as const) {
  t.test(`over HTTP/2 a handshake ${where} ends with its stream, whatever its client has sent before it was reset without an error`, async t => {
    const { url, handshakes } = await slow(t)
    const { port, closed, requests } = await http2Proxy(t, { upstream: url, websocket: { ...AT_ONCE, admission: { handshakes: 1, wait: 60_000 } } })
    const connection = await session(t, port)
    if (where === 'waiting') {
      ask(connection, { ':path': '/first' })
      await eventually(() => handshakes.length === 1, 'the place is taken')
    }
    const stream = ask(connection, { ':path': '/reset' })
    stream.on('error', () => {})
    stream.write(Buffer.alloc(200_000))
    await eventually(() => requests.length === (where === 'waiting' ? 2 : 1), 'it has arrived')
    if (where === 'under way') await eventually(() => handshakes.length === 1, 'the upstream was asked')
    stream.close(0)
    await eventually(() => closed.length === 1, 'the request has ended')
    t.match(closed[0]?.error, { code: 'FST_ARR_CLIENT_GONE' })
  })
}

t.test('what a rate holds back still arrives where the upstream has ended its side first', async t => {
  let arrived = 0
  let far: Socket | undefined
  const { url } = await tcpUpstream(t, socket => {
    far = socket
    until(socket, head).then(text => {
      socket.write(switchFor(text))
      socket.on('data', data => { arrived += data.length })
      socket.resume()
    }, () => {})
  })
  const { app, port } = await proxy(t, { upstream: url, websocket: { ...AT_ONCE, maxByteRate: { received: 20_000, burst: 1000 } } })
  const near = client(t, port)
  near.write(handshake())
  await until(near, head)
  near.resume()
  ;(far as Socket).end()
  await once(near, 'end')
  const sent = Buffer.concat([Buffer.from([0x82, 0x80 | 126, 14_000 >> 8, 14_000 & 255, 0, 0, 0, 0]), Buffer.alloc(14_000)])
  near.end(sent)
  await eventually(() => arrived === sent.length, 'all of it has arrived')
  await eventually(() => app.tunnels.size === 0, 'the tunnel has ended')
})

for (const [what, fail] of [
  ['is closed by its key', ({ app }) => { app.tunnels.closeAll({ key: 'ann' }) }],
  ['has a header that cannot be sent', ({ reply }) => { reply.raw.setHeader = () => {}; reply.getHeaders = () => ({ 'x-bad': 'a\r\nb' }) }]
] as ReadonlyArray<readonly [string, (of: { app: any, reply: any }) => void]>) {
  t.test(`a handshake that ${what} while a hook runs is not answered with 101, whatever the error handler does`, async t => {
    const upstream = await agreeing(t)
    const seen: number[] = []
    const { port } = await proxy(t, { upstream: upstream.url, websocket: { ...AT_ONCE, key: user } }, {
      before: app => {
        app.setErrorHandler((_error, _request, reply) => { reply.send('an answer without a status') })
        app.addHook('onSend', async (_request, reply) => {
          seen.push(reply.raw.statusCode)
          if (seen.length === 1) fail({ app, reply })
          await new Promise(setImmediate)
        })
      }
    })
    const socket = client(t, port)
    socket.write(handshake('/', 'x-user: ann\r\n'))
    t.notMatch(await rest(socket), /^HTTP\/1\.1 101/)
    t.equal(seen[0], 101)
    t.ok(seen.slice(1).every(status => status !== 101), 'the hooks see the status of the answer')
  })
}

t.test('a token that expires while its handshake waits, or is under way, opens nothing', async t => {
  const { url, handshakes } = await slow(t)
  let end = Infinity
  const options: UpstreamProxyOptions = { upstream: url, websocket: { ...AT_ONCE, until: request => request.url === '/free' ? null : end, admission: { handshakes: 1, wait: 60_000 } } }
  const { port, requests, closed } = await proxy(t, options)
  const free = client(t, port)
  free.write(handshake('/free'))
  await eventually(() => handshakes.length === 1, 'the place is taken')
  end = Date.now() + 100
  const waiting = client(t, port)
  waiting.write(handshake('/waiting'))
  await eventually(() => requests.length === 2 && Date.now() > end, 'it waits, and its token has expired')
  handshakes[0]!.agree()
  t.match(await rest(waiting), /^HTTP\/1\.1 401 [^]*www-authenticate: Bearer/i)
  t.equal(handshakes.length, 1, 'its upstream was not asked')
  free.destroy()

  end = Date.now() + 300
  const underWay = client(t, port)
  underWay.write(handshake('/under-way'))
  await eventually(() => handshakes.length === 2 && Date.now() > end, 'it is under way, and its token has expired')
  handshakes[1]!.agree()
  t.match(await rest(underWay), /^HTTP\/1\.1 401 /)
  await eventually(() => closed.length >= 2, 'both have ended')
  for (const upstream of closed.filter(one => one?.tunnel === null)) t.equal(upstream?.error?.code, 'FST_ARR_PROXY_EXPIRED')
})

t.test('a side that has ended is not asked for a pong', async t => {
  const upstream = await agreeing(t)
  const { port, closed } = await proxy(t, { upstream: upstream.url, websocket: { ...AT_ONCE, ping: { interval: 300, timeout: 300 } } })
  const { near, far } = await open(t, port, upstream)
  near.resume()
  const ended = once(far, 'end')
  far.resume()
  near.end()
  await ended
  // Longer than both times and two sweeps.
  for (let i = 0; i < 15; i++) {
    far.write(frame(1, 'still here'))
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  t.equal(closed.length, 0)
  far.end()
  await eventually(() => closed.length === 1, 'it ends')
  t.match(closed[0]?.tunnel, { ending: 'end', limit: null })
})

t.test('who is refused, and whose fault it is', async t => {
  const { url, handshakes } = await slow(t)
  const { app, port, requests, closed } = await proxy(t, {
    upstream: url,
    websocket: { ...AT_ONCE, key: user, admission: { handshakes: 1, wait: 60_000 }, maxTunnelsPer: { key: request => { if (request.url === '/throws') throw new Error('no key'); return null }, most: 1 } }
  })
  const first = client(t, port)
  first.write(handshake('/first'))
  await eventually(() => handshakes.length === 1, 'the place is taken')
  const waiting = client(t, port)
  waiting.write(handshake('/waiting', 'x-user: ann\r\n'))
  await eventually(() => requests.length === 2, 'it waits')
  t.equal(app.tunnels.closeAll({ key: 'ann' }), 1)
  t.match(await rest(waiting), /^HTTP\/1\.1 403 /)
  const throws = client(t, port)
  throws.write(handshake('/throws'))
  t.match(await rest(throws), /^HTTP\/1\.1 500 /)
  await eventually(() => closed.length === 2, 'both have ended')
  t.match(closed[0]?.error, { code: 'FST_ARR_PROXY_CLOSED', side: 'proxy' })
  t.match(closed[1]?.error, { code: 'FST_ARR_PROXY_BAD_LIMIT', side: 'proxy' })
})
