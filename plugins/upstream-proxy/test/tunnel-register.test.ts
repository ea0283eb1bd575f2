// The register of open tunnels: found by id, site, server and key, closed by them, and empty when all are gone.
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { Http2Server } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import WebSocket from 'ws'
import upstreamProxy, { type OpenTunnel, type UpstreamProxyOptions } from '../src/index.ts'
import { IdTable } from '../src/tunnel/register/id-table.ts'
import { TunnelIndex } from '../src/tunnel/register/tunnel-index.ts'
import { ask, client, echo, eventually, frame, handshake, proxy, tcpUpstream } from './parts.ts'
import { agreeing, AT_ONCE, ask as askStream, session } from './tunnel-subjects.ts'

const key = (request: { headers: Record<string, unknown> }) => request.headers['x-user'] as string ?? null

/** A site by a header, as host-routing would write it. */
const sites = (app: FastifyInstance): void => {
  app.decorateRequest('site', null)
  app.addHook('onRequest', async request => { (request as { site?: unknown }).site = { name: request.headers['x-site'] } })
}

/** How many names the indexes have, which no user needs to know. */
const names = (app: FastifyInstance): number => (app.tunnels as unknown as { names: number }).names

async function connect (port: number, headers: Record<string, string>): Promise<WebSocket> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { headers })
  ws.on('error', () => {})
  await once(ws, 'open')
  return ws
}

const ids = (tunnels: Iterable<OpenTunnel>): string[] => [...tunnels].map(({ id }) => id).sort()

t.test('tunnels are found by site, by server and by key, alone and together', async t => {
  const [one, two] = [await echo(t), await echo(t)]
  const { app, port } = await proxy(t, {
    to: request => request.headers['x-to'] === '1' ? one.url : two.url,
    websocket: { ...AT_ONCE, key }
  }, { before: sites })
  const sockets = []
  for (const [site, to, user] of [['A', '1', 'ann'], ['A', '2', 'ann'], ['B', '1', 'bob'], ['B', '2', '']] as const) {
    sockets.push(await connect(port, { 'x-site': site, 'x-to': to, ...user === '' ? {} : { 'x-user': user } }))
  }
  await eventually(() => app.tunnels.size === 4, 'all are open')
  const all = [...app.tunnels]
  t.same((JSON.parse(JSON.stringify(all)) as OpenTunnel[]).map(({ upstream }) => upstream).sort(), all.map(({ upstream }) => upstream).sort(), 'plain data for JSON')
  t.equal(all[0]?.request.method, 'GET')
  const expected = (is: (tunnel: OpenTunnel) => boolean) => all.filter(is).map(({ id }) => id).sort()
  for (const tunnel of all) t.equal(app.tunnels.get(tunnel.id)?.id, tunnel.id)
  t.equal(app.tunnels.get('ann'), undefined, 'only an id is an id')
  t.same(ids(app.tunnels.of({})), expected(() => true))
  t.same(ids(app.tunnels.of({ site: 'A' })), expected(({ site }) => site === 'A'))
  t.same(ids(app.tunnels.of({ server: one.url })), expected(({ upstream }) => upstream === one.url))
  t.same(ids(app.tunnels.of({ key: 'ann' })), expected(tunnel => tunnel.key === 'ann'))
  t.equal(ids(app.tunnels.of({ key: 'ann' })).length, 2)
  t.equal(ids(app.tunnels.of({ site: 'A', server: one.url, key: 'ann' })).length, 1)
  t.same(ids(app.tunnels.of({ site: 'B', key: 'ann' })), [])
  t.same(ids(app.tunnels.of({ server: 'http://nobody' })), [])
  t.same(all.map(tunnel => tunnel.key).sort(), ['ann', 'ann', 'bob', null])
  const then = app.tunnels.of({ key: 'bob' })
  sockets[2]!.terminate()
  await eventually(() => app.tunnels.size === 3, 'it is gone')
  t.equal(ids(then).length, 1, 'as they were at the call')
  for (const one of sockets) one.terminate()
  await eventually(() => names(app) === 0, 'nothing is left')
})

t.test('closeAll closes what it means, with its code, and says how many', async t => {
  const upstream = await echo(t)
  const { app, port } = await proxy(t, { upstream: upstream.url, websocket: { key } }, { before: sites })
  const [ann, again, bob] = [await connect(port, { 'x-site': 'A', 'x-user': 'ann' }), await connect(port, { 'x-site': 'B', 'x-user': 'ann' }), await connect(port, { 'x-site': 'B', 'x-user': 'bob' })]
  const seen = [once(ann, 'close'), once(again, 'close')]
  t.equal(app.tunnels.closeAll({ key: 'ann' }, 3000, 'signed out'), 2)
  for (const one of seen) {
    const [code, reason] = await one as [number, Buffer]
    t.equal(`${code} ${String(reason)}`, '3000 signed out')
  }
  await eventually(() => app.tunnels.size === 1, 'they are gone')
  t.equal(bob.readyState, WebSocket.OPEN)
  t.equal(app.tunnels.closeAll({ key: 'ann' }), 0)
  t.equal(app.tunnels.closeAll({ site: 'A', key: 'bob' }), 0)
  const end = once(bob, 'close')
  t.equal(app.tunnels.closeAll({ site: 'B', server: upstream.url }), 1)
  t.equal((await end)[0], 1000)
})

t.test('what is missing in a filter never means everybody', async t => {
  const upstream = await echo(t)
  const { app, port } = await proxy(t, { upstream: upstream.url, websocket: { ...AT_ONCE, key } })
  const ws = await connect(port, { 'x-user': 'ann' })
  for (const filter of [undefined, null, 'ann', { key: undefined }, { key: null }, { site: 5 }, { kee: 'ann' }, { constructor: 'x' }] as never[]) {
    t.throws(() => app.tunnels.closeAll(filter), { code: 'FST_ARR_PROXY_INVALID_FILTER', name: 'FastifyError' })
    t.throws(() => app.tunnels.of(filter), { code: 'FST_ARR_PROXY_INVALID_FILTER' })
  }
  t.throws(() => app.tunnels.closeAll({ key: 'ann' }, 1006), { code: 'FST_ARR_PROXY_INVALID_CLOSE' })
  t.equal(app.tunnels.size, 1)
  t.equal(ws.readyState, WebSocket.OPEN)
  ws.terminate()
})

t.test('closeAll refuses handshakes under way, and these never open, whatever their upstream says', async t => {
  const asked: Socket[] = []
  const { url } = await tcpUpstream(t, socket => { socket.on('end', () => socket.end()).once('data', () => asked.push(socket)) })
  const { app, port, closed } = await proxy(t, { upstream: url, websocket: { ...AT_ONCE, key } })
  const ann = ask(t, port, handshake('/', 'X-User: ann\r\n'))
  await eventually(() => asked.length === 1, 'the upstream is asked')
  const bob = client(t, port)
  bob.write(handshake('/', 'X-User: bob\r\n'))
  await eventually(() => asked.length === 2, 'and once more')
  t.equal(app.tunnels.closeAll({ key: 'ann' }, 3000), 1)
  asked[0]!.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
  t.match(await ann, /^HTTP\/1\.1 403 [^]*FST_ARR_PROXY_CLOSED/)
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], { tunnel: null, error: { code: 'FST_ARR_PROXY_CLOSED', side: 'proxy', statusCode: 403 } })
  asked[1]!.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
  await eventually(() => app.tunnels.size === 1, 'the other one opens')
  t.equal([...app.tunnels][0]!.key, 'bob')
  bob.destroy()
})

t.test('closeAll refuses a handshake whose `onSend` hooks still run', async t => {
  const upstream = await agreeing(t)
  const held: Array<() => void> = []
  const { app, port } = await proxy(t, { upstream: upstream.url, websocket: { ...AT_ONCE, key } }, {
    before: app => { app.addHook('onSend', async request => { if (request.headers.upgrade !== undefined) await new Promise<void>(resolve => held.push(resolve)) }) }
  })
  const ann = ask(t, port, handshake('/', 'X-User: ann\r\n'))
  await eventually(() => held.length === 1, 'the hook runs')
  t.equal(app.tunnels.closeAll({ key: 'ann' }), 1)
  for (let said = 0; said < 2; said++) {
    await eventually(() => held.length > said, 'a hook runs')
    held[said]!()
  }
  t.match(await ann, /^HTTP\/1\.1 403 /)
  t.equal(app.tunnels.size, 0)
})

t.test('closeAll reaches the tunnels and handshakes of every proxy of the server, over HTTP/2 too', async t => {
  const upstream = await agreeing(t)
  const options: UpstreamProxyOptions = { upstream: upstream.url, websocket: { ...AT_ONCE, key } }
  const { app, port, requests } = await proxy(t, { ...options, prefix: '/a' }, {
    server: { http2: true, http2SessionTimeout: 0 } as never,
    before: app => { (app.server as unknown as Http2Server).on('session', session => session.settings({ enableConnectProtocol: true })) },
    after: app => app.register(async scope => { await scope.register(upstreamProxy, { ...options, prefix: '/b' }) })
  })
  const http2 = await session(t, port)
  const [one, two] = [askStream(http2, { ':path': '/a', 'x-user': 'ann' }), askStream(http2, { ':path': '/b', 'x-user': 'ann' })]
  await Promise.all([once(one, 'response'), once(two, 'response')])
  await eventually(() => app.tunnels.size === 2, 'both are open')
  t.same(requests.map(({ url }) => url).sort(), ['/a', '/b'])
  const heard = [one, two].map(async stream => once(stream, 'data'))
  t.equal(app.tunnels.closeAll({ key: 'ann' }, 4000), 2)
  for (const one of heard) t.same((await one)[0], frame(8, Buffer.from([0x0f, 0xa0])))
})

t.test('an onlooker of the opening gets the open tunnel, and can close it', async t => {
  const upstream = await echo(t)
  const { port, closed } = await proxy(t, { upstream: upstream.url, websocket: { key } })
  const opening = channel('fastify-arr:tunnel.open')
  const onOpen = (message: unknown) => {
    const { request, tunnel, open } = message as { request: { url: string }, tunnel: { id: string }, open: OpenTunnel }
    t.equal(request.url, '/')
    t.match(open, { id: tunnel.id, key: 'ann', upstream: upstream.url, received: { bytes: 0 } })
    open.close(4005, 'not now')
  }
  opening.subscribe(onOpen)
  t.teardown(() => opening.unsubscribe(onOpen))
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { 'x-user': 'ann' } })
  const [code, reason] = await once(ws, 'close') as [number, Buffer]
  t.equal(`${code} ${String(reason)}`, '4005 not now')
  await eventually(() => closed.length === 1, 'it is over')
  t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: 4005 })
})

t.test('an index finds all of a name, in whatever order they join and leave', t => {
  const index = new TunnelIndex()
  const model = new Map<string, Set<object>>()
  const links: Array<{ name: string, tunnel: object, link: ReturnType<TunnelIndex['add']> }> = []
  let seed = 7
  const next = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below
  for (let i = 0; i < 5000; i++) {
    if (links.length === 0 || next(100) < (i < 3000 ? 60 : 30)) {
      const name = `n${next(40)}`
      const tunnel = {} as never
      links.push({ name, tunnel, link: index.add(name, tunnel) })
      model.set(name, (model.get(name) ?? new Set()).add(tunnel))
    } else {
      const [{ name, tunnel, link }] = links.splice(next(links.length), 1) as [typeof links[0]]
      index.strike(link)
      index.strike(link)
      model.get(name)!.delete(tunnel)
    }
    const name = `n${next(40)}`
    const found = index.of(name) as object[]
    const expected = model.get(name) ?? new Set()
    if (found.length !== expected.size || !found.every(one => expected.has(one))) throw new Error(`${name} after ${i}`)
  }
  for (const { link } of links) index.strike(link)
  t.equal(index.size, 0)
  t.same(index.of('n1'), [])
  t.end()
})

t.test('a table of ids finds each of thousands, and none that has left', t => {
  const table = new IdTable()
  const all = Array.from({ length: 5000 }, (_, i) => ({ id: `id-${i}`, place: null as never, key: null, next: null }))
  for (const one of all) table.add(one)
  t.equal(table.size, 5000)
  t.ok(all.every(one => table.get(one.id) === one))
  for (const one of all) if (Number(one.id.slice(3)) % 3 > 0) table.strike(one)
  t.ok(all.every((one, i) => table.get(one.id) === (i % 3 > 0 ? undefined : one)))
  t.equal(table.size, 1667)
  t.end()
})

t.test('a thousand tunnels that opened and closed, with keys, ends and limits, leave nothing in the register', async t => {
  const upstream = await echo(t)
  const { app, port, closed } = await proxy(t, { upstream: upstream.url, websocket: { key, until: () => Date.now() + 3_600_000, idleTimeout: 600_000, maxAge: 600_000, closeGrace: 60_000 } }, { before: sites })
  for (let round = 0; round < 10; round++) {
    const sockets = await Promise.all(Array.from({ length: 100 }, (_, i) => connect(port, { 'x-site': `s${i % 3}`, 'x-user': `u${round}-${i >> 1}` })))
    await eventually(() => app.tunnels.size === 100, 'all are open')
    t.equal([...app.tunnels.of({ key: `u${round}-7` })].length, 2)
    // In every way that a tunnel ends.
    sockets.forEach((ws, i) => {
      if (i % 4 === 0) ws.terminate()
      else if (i % 4 === 1) ws.close(1000)
      else ws.send('x')
    })
    app.tunnels.closeAll({ site: 's0' }, 1012)
    for (let i = 0; i < 50; i++) app.tunnels.closeAll({ key: `u${round}-${i}` }, 3000)
    await eventually(() => app.tunnels.size === 0, 'all are gone')
    t.equal(names(app), 0)
  }
  t.equal(closed.length, 1000)
  t.ok(closed.every(fact => fact?.tunnel?.closedBy !== null))
})

t.test('proxies of all scopes share the register, whichever is registered first', async t => {
  const upstream = await echo(t)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(async scope => { await scope.register(upstreamProxy, { upstream: upstream.url, prefix: '/inner', websocket: { ...AT_ONCE, key } }) })
  await app.register(upstreamProxy, { upstream: upstream.url, prefix: '/outer', websocket: { ...AT_ONCE, key } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const ends = []
  for (const path of ['inner', 'outer']) {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/${path}`, { headers: { 'x-user': 'ann' } })
    await once(ws, 'open')
    ends.push(once(ws, 'close'))
  }
  t.equal(app.tunnels.closeAll({ key: 'ann' }, 4001), 2)
  for (const [code] of await Promise.all(ends)) t.equal(code, 4001)
})
