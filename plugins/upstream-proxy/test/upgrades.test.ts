// Which upgrades are tunnelled, and how? Those that `upgrades` names: docker attach and kubectl exec by their own bytes, and what a hostile client makes of it.
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'
import { ask, client, eventually, frame, handshake, httpUpstream, KEY, MASK, proxy, rest, SWITCH, tcpUpstream, until } from './parts.ts'
import { AT_ONCE, hear, http2Proxy, session } from './tunnel-subjects.ts'

/** What docker's CLI sends for `docker attach`, and what its daemon answers. */
const ATTACH = 'POST /v1.43/containers/6b1e/attach?stderr=1&stdin=1&stdout=1&stream=1 HTTP/1.1\r\nHost: api.moby.localhost\r\nUser-Agent: Docker-Client/24.0.7 (linux)\r\n' +
  'Content-Length: 0\r\nConnection: Upgrade\r\nContent-Type: text/plain\r\nUpgrade: tcp\r\n\r\n'
const ATTACHED = 'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n'
/** What kubectl sends for `kubectl exec`, and what the API server answers. */
const EXEC = 'POST /api/v1/namespaces/default/pods/web/exec?command=sh&container=web&stdin=true&stdout=true&tty=true HTTP/1.1\r\nHost: 10.0.0.1:6443\r\nUser-Agent: kubectl/v1.28.4 (linux/amd64) kubernetes/bae2c62\r\n' +
  'Content-Length: 0\r\nAuthorization: Bearer x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\nX-Stream-Protocol-Version: v3.channel.k8s.io\r\n' +
  'X-Stream-Protocol-Version: v2.channel.k8s.io\r\nX-Stream-Protocol-Version: channel.k8s.io\r\n\r\n'
const EXECUTING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\nDate: Sun, 29 Nov 2026 16:00:00 GMT\r\n\r\n'

const upgrade = (protocols: string, method = 'GET', path = '/', more = '') =>
  `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${protocols}\r\n${more}\r\n`
const switching = (protocol: string) => `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`
const whole = (text: string) => text.endsWith('\r\n\r\n')

interface Answering {
  readonly url: string
  readonly heads: string[]
  readonly sockets: Socket[]
}

/** An upstream that gives every head the same answer, and lets the test do the rest. */
async function answering (t: Test, answer: string | null): Promise<Answering> {
  const heads: string[] = []
  const sockets: Socket[] = []
  const { url } = await tcpUpstream(t, socket => {
    until(socket, whole).then(head => {
      heads.push(head)
      sockets.push(socket)
      if (answer !== null) socket.write(answer)
    }, () => {})
  })
  return { url, heads, sockets }
}

/** Both ends of a tunnel, and the head that the client got. */
async function open (t: Test, port: number, upstream: Answering, request: string): Promise<{ near: Socket, far: Socket, head: string }> {
  const near = client(t, port)
  near.write(request)
  const head = await until(near, whole)
  return { near, far: upstream.sockets.at(-1) as Socket, head }
}

/** Random bytes both ways, then an end each: what each side got. */
async function exchange (near: Socket, far: Socket): Promise<void> {
  const up = randomBytes(700_000)
  const down = randomBytes(900_000)
  const there = hear(far)
  const here = hear(near)
  far.write(down)
  near.end(up)
  await eventually(() => there.ended, 'the upstream has the client\'s end')
  far.end('and more')
  await eventually(() => here.ended, 'the client has the upstream\'s end')
  if (!there.buffer().equals(up)) throw new Error('the upstream has other bytes')
  if (!here.buffer().equals(Buffer.concat([down, Buffer.from('and more')]))) throw new Error('the client has other bytes')
}

for (const [name, request, answer, protocol, upgrades] of [
  ['docker attach', ATTACH, ATTACHED, 'tcp', ['tcp']],
  ['docker attach without a Content-Length, named in another case', ATTACH.replace('Content-Length: 0\r\n', ''), ATTACHED, 'tcp', ['websocket', 'TCP']],
  ['kubectl exec', EXEC, EXECUTING, 'spdy/3.1', ['spdy/3.1']],
  ['kubectl exec, by a name without a version', EXEC, EXECUTING, 'spdy/3.1', ['SPDY']]
] as const) {
  t.test(`${name}: the client's own head goes to the upstream, the upstream's to the client, and then bytes pass`, async t => {
    const upstream = await answering(t, answer)
    const { port, closed } = await proxy(t, { upstream: upstream.url, upgrades })
    const { near, far, head } = await open(t, port, upstream, request)
    const lines = (text: string) => text.split('\r\n').filter(line => line !== '')
    t.strictSame(lines(head).toSorted(), lines(answer).toSorted())
    const sent = lines(upstream.heads[0]!)
    for (const line of lines(request)) if (!/^(?:Host|Connection|Upgrade):/.test(line)) t.ok(sent.includes(line), line)
    t.ok(sent.includes('Connection: Upgrade') && sent.includes(lines(request).find(line => line.startsWith('Upgrade:'))!))
    await exchange(near, far)
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { status: 101, error: null, tunnel: { protocol, observed: false, received: { bytes: 700_000, messages: 0 }, sent: { bytes: 900_008, messages: 0 }, closedBy: 'client', closeCode: null, ending: 'end' } })
  })
}

const HAS_NGINX = spawnSync('nginx', ['-v']).status === 0
t.test('nginx does the same with both', { skip: !HAS_NGINX && 'nginx is not here' }, async t => {
  for (const [request, answer] of [[ATTACH, ATTACHED], [EXEC, EXECUTING]] as const) {
    const upstream = await answering(t, answer)
    // A unix socket's path must be short.
    const folder = mkdtempSync(join(tmpdir(), 'nginx-'))
    t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
    mkdirSync(join(folder, 'temp'))
    const socket = join(folder, 'nginx.sock')
    writeFileSync(join(folder, 'nginx.conf'), `daemon off; pid nginx.pid; error_log stderr crit; events {} http { access_log off;
      client_body_temp_path temp/a; proxy_temp_path temp/b; fastcgi_temp_path temp/c; uwsgi_temp_path temp/d; scgi_temp_path temp/e;
      server { listen unix:${socket}; location / { proxy_pass ${upstream.url}; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } } }`)
    const child = spawn('nginx', ['-p', folder, '-c', 'nginx.conf'], { stdio: 'inherit' })
    t.teardown(() => { child.kill() })
    const reachable = () => new Promise<Socket | null>(resolve => {
      const near = connect({ path: socket, allowHalfOpen: true })
      near.on('connect', () => resolve(near)).on('error', () => resolve(null))
    })
    let near = await reachable()
    for (let i = 0; near === null && i < 500; i++) {
      await new Promise(resolve => setTimeout(resolve, 20))
      near = await reachable()
    }
    near!.write(request)
    t.match(await until(near!, whole), /^HTTP\/1\.1 101 /)
    const far = upstream.sockets[0]!
    t.match(upstream.heads[0], /^POST [^]*\r\nUpgrade: (?:tcp|SPDY\/3\.1)\r\n/)
    const up = randomBytes(300_000)
    const there = hear(far)
    near!.write(up)
    await eventually(() => there.bytes === up.length, 'the bytes are there')
    t.ok(there.buffer().equals(up))
    near!.destroy()
  }
})

t.test('bytes that look like frames are not read, and nothing is written among them: when the server closes, the tunnel is cut', async t => {
  const upstream = await answering(t, switching('tcp'))
  const { app, port, closed } = await proxy(t, { upstream: upstream.url, upgrades: ['tcp'], websocket: AT_ONCE })
  const { near, far } = await open(t, port, upstream, upgrade('tcp'))
  const there = hear(far)
  const here = hear(near)
  const text = frame(1, 'hello', { mask: MASK })
  const close = frame(8, Buffer.from([3, 232]))
  near.write(text)
  far.write(close)
  far.write('more')
  await eventually(() => there.bytes === text.length && here.bytes === close.length + 4, 'the bytes have passed')
  t.match([...app.tunnels], [{ protocol: 'tcp' }])
  await app.close()
  await eventually(() => there.closed || there.ended, 'it is cut')
  t.same(there.buffer(), text)
  t.same(here.buffer(), Buffer.concat([close, Buffer.from('more')]))
  t.match(closed[0]!.tunnel, { observed: false, closeCode: null, closedBy: 'proxy', ending: 'drain' })
})

t.test('`close` of an open tunnel cuts it, whatever the half-close timeout', async t => {
  const upstream = await answering(t, switching('tcp'))
  const { app, port, closed } = await proxy(t, { upstream: upstream.url, upgrades: ['tcp'], websocket: { halfCloseTimeout: 0 } })
  const { near, far } = await open(t, port, upstream, upgrade('tcp'))
  const there = hear(far)
  const here = hear(near)
  for (const tunnel of app.tunnels) tunnel.close()
  await eventually(() => here.ended && there.ended && closed.length === 1, 'both sides have ended')
  t.equal(here.bytes + there.bytes, 0)
  t.match(closed[0]!.tunnel, { closedBy: 'proxy' })
})

t.test('limits hold: their number, their age, silence, and the time of the handshake', async t => {
  const upstream = await answering(t, switching('tcp'))
  const few = await proxy(t, { upstream: upstream.url, upgrades: ['tcp'], websocket: { ...AT_ONCE, maxTunnels: 1 } })
  await open(t, few.port, upstream, upgrade('tcp'))
  t.match(await ask(t, few.port, upgrade('tcp')), /^HTTP\/1\.1 503 [^]*retry-after: 5/i)
  for (const limit of ['maxAge', 'idleTimeout']) {
    const { port, closed } = await proxy(t, { upstream: upstream.url, upgrades: ['tcp'], websocket: { [limit]: 50 } })
    const { near } = await open(t, port, upstream, upgrade('tcp'))
    await rest(near)
    await eventually(() => closed.length === 1, 'it has ended')
    t.match(closed[0]!.tunnel, { closedBy: 'proxy', ending: 'timeout' })
  }
  const { port, closed } = await proxy(t, { upstream: (await answering(t, null)).url, upgrades: ['tcp'], timeouts: { handshake: 50 } })
  t.match(await ask(t, port, upgrade('tcp')), /^HTTP\/1\.1 504 /)
  t.match(closed[0]!.error, { code: 'FST_ARR_UPSTREAM_TIMEOUT' })
})

t.test('hooks run and may refuse, and a refusal of the upstream reaches the client', async t => {
  const refusing = await answering(t, 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
  const { port } = await proxy(t, { upstream: refusing.url, upgrades: ['tcp'], preHandler: async (request, reply) => request.url === '/hook' ? reply.code(401).send('who?') : undefined })
  t.match(await ask(t, port, upgrade('tcp', 'POST', '/hook')), /^HTTP\/1\.1 401 [^]*who\?$/)
  t.equal(refusing.heads.length, 0)
  t.match(await ask(t, port, upgrade('tcp', 'POST')), /^HTTP\/1\.1 403 [^]*no$/)
  const head = await answering(t, 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n')
  const heads = await proxy(t, { upstream: head.url, upgrades: ['tcp'] })
  t.match(await ask(t, heads.port, upgrade('tcp', 'HEAD')), /^HTTP\/1\.1 403 [^]*\r\n\r\n$/)
})

for (const [what, answer] of [
  ['another protocol', switching('spdy/3.1')],
  ['a WebSocket', SWITCH],
  ['two protocols', switching('tcp, websocket')],
  ['none', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n'],
  ['tcp, but no Connection', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\n\r\n']
] as const) {
  t.test(`a 101 that names ${what} where tcp was asked for is a 502`, async t => {
    const upstream = await answering(t, answer)
    const { app, port, closed } = await proxy(t, { upstream: upstream.url, upgrades: ['websocket', 'tcp'] })
    t.match(await ask(t, port, upgrade('tcp')), /^HTTP\/1\.1 502 /)
    t.equal(app.tunnels.size, 0)
    t.match(closed[0]!.error, { code: 'FST_ARR_UPSTREAM_BAD_ANSWER' })
  })
}

t.test('of several protocols those are offered that are allowed; the upstream chooses', async t => {
  const WS = `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n`
  for (const [asked, more, offered, chosen] of [
    ['foo, TCP, SPDY/3.1, tcp/2', '', 'TCP, tcp/2', 'tcp/2'],
    ['websocket, tcp', WS, 'websocket, tcp', 'websocket'],
    ['websocket, tcp', WS, 'websocket, tcp', 'tcp'],
    ['WebSocket, tcp', '', 'tcp', 'tcp'],
    ['h2c, tcp', '', 'tcp', 'tcp']
  ] as const) {
    const upstream = await answering(t, chosen === 'websocket' ? SWITCH : switching(chosen))
    const { port, closed } = await proxy(t, { upstream: upstream.url, upgrades: ['websocket', 'tcp'], websocket: AT_ONCE })
    const { near } = await open(t, port, upstream, upgrade(asked, 'GET', '/', more))
    t.match(upstream.heads[0], `\r\nUpgrade: ${offered}\r\n`)
    near.resetAndDestroy()
    await eventually(() => closed.length === 1, 'it has ended')
    t.match(closed[0]!.tunnel, { protocol: chosen, observed: chosen === 'websocket' })
  }
})

/** An upstream that says what it was sent, and agrees to every upgrade that reaches it. */
async function telling (t: Test): Promise<string> {
  const { server, url } = await httpUpstream(t, (_request, socket) => { socket.end(switching('tcp')) })
  server.on('request', async (request, response) => {
    let body = ''
    for await (const part of request) body += String(part)
    response.end(`${request.method as string} ${request.url as string} ${String(request.headers.upgrade)} ${String(request.headers.connection)} [${body}]`)
  })
  return url
}

t.test('a protocol that is not allowed is plain HTTP, and never a tunnel', async t => {
  const url = await telling(t)
  for (const options of [{}, { upgrades: ['spdy/3.1'] }, { upgrades: ['tcp/2'] }, { websocket: false }, { upgrades: [] }] as UpstreamProxyOptions[]) {
    const { port, closed } = await proxy(t, { upstream: url, ...options })
    const near = client(t, port)
    near.write(upgrade('tcp', 'POST', '/x', 'Content-Length: 0\r\n'))
    t.match(await until(near, text => text.endsWith(']')), /^HTTP\/1\.1 200 [^]*POST \/x undefined undefined \[\]$/)
    near.destroy()
    await eventually(() => closed.length === 1, 'it has ended')
    t.equal(closed[0]!.tunnel, null)
  }
  const eager = await answering(t, switching('tcp') + 'hello')
  const { app, port } = await proxy(t, { upstream: eager.url })
  const near = client(t, port)
  near.write(upgrade('tcp'))
  t.match(await until(near, text => text.includes('\r\n\r\n')), /^HTTP\/1\.1 502 /, 'the upstream switches without being asked')
  t.equal(app.tunnels.size, 0)
})

t.test('each proxy of a server has its own protocols; what another one tunnels is plain HTTP here, and on the server\'s own routes', async t => {
  const url = await telling(t)
  const tunnelling = await answering(t, switching('tcp'))
  const { app, port, closed } = await proxy(t, { upstream: tunnelling.url, prefix: '/a', upgrades: ['tcp'], websocket: AT_ONCE }, {
    after: async app => {
      await app.register(upstreamProxy, { upstream: url, prefix: '/b', upgrades: ['spdy/3.1'] })
      await app.register(upstreamProxy, { upstream: url, prefix: '/c', websocket: false })
      app.post('/own', async () => 'own')
    }
  })
  const { near } = await open(t, port, tunnelling, upgrade('tcp', 'POST', '/a/x'))
  t.equal(app.tunnels.size, 1)
  near.resetAndDestroy()
  await eventually(() => app.tunnels.size === 0, 'it has ended')
  for (const path of ['/b/x', '/c/x']) {
    const text = await ask(t, port, upgrade('tcp', 'POST', path, 'Content-Length: 0\r\n'))
    t.match(text, /^HTTP\/1\.1 200 [^]*POST \/x undefined undefined \[\]$/)
    // Once more, with a body: as it is without any tunnel.
    const sized = client(t, port)
    sized.write(upgrade('tcp', 'POST', path, 'Content-Length: 5\r\n') + 'hello')
    t.match(await until(sized, text => text.endsWith(']')), /\[hello\]$/)
  }
  t.match(await ask(t, port, upgrade('tcp', 'POST', '/own')), /^HTTP\/1\.1 200 [^]*own$/)
  t.match(await ask(t, port, upgrade('tcp', 'POST', '/nowhere')), /^HTTP\/1\.1 404 /)
  t.ok(closed.slice(1).every(fact => fact === null || fact.tunnel === null))
})

t.test('an upgrade with a body is plain HTTP with its body: no byte of it can be another request, or pass for the tunnel', async t => {
  const inner = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n'
  const { port, closed } = await proxy(t, { upstream: await telling(t), upgrades: ['tcp'] })
  for (const [framing, body] of [
    [`Content-Length: ${inner.length}`, inner],
    ['Transfer-Encoding: chunked', `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`]
  ] as const) {
    const near = client(t, port)
    near.write(upgrade('tcp', 'POST', '/x', `${framing}\r\n`) + body)
    t.match(await until(near, text => text.endsWith(']')), `POST /x undefined undefined [${inner}]`)
    near.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')
    t.match(await until(near, text => text.endsWith(']')), /GET \/next undefined undefined \[\]$/, 'the next request on the same connection')
    near.destroy()
  }
  for (const framing of ['Content-Length: 5\r\nTransfer-Encoding: chunked', 'Content-Length: 5\r\nContent-Length: 6', 'Transfer-Encoding: chunked, gzip', 'Content-Length: 0, 5', 'Content-Length: +0', 'Content-Length: 00005']) {
    const text = await ask(t, port, upgrade('tcp', 'POST', '/x', `Connection: close\r\n${framing}\r\n`) + 'hello')
    t.notMatch(text, /^HTTP\/1\.1 101/, framing)
    t.notMatch(text, /admin/)
  }
  t.ok(closed.every(fact => fact === null || fact.tunnel === null))
})

t.test('a WebSocket\'s handshake with a body stays a 400, also where its list names a protocol that is allowed', async t => {
  const { port } = await proxy(t, { upstream: await telling(t), upgrades: ['websocket', 'tcp'] })
  t.match(await ask(t, port, handshake('/', 'Content-Length: 5\r\n') + 'hello'), /^HTTP\/1\.1 400 [^]*FST_ARR_PROXY_BAD_HANDSHAKE/)
  t.match(await ask(t, port, upgrade('websocket, tcp', 'GET', '/', 'Content-Length: 5\r\n') + 'hello'), /^HTTP\/1\.1 400 [^]*FST_ARR_PROXY_BAD_HANDSHAKE/)
})

t.test('an upgrade of HTTP/1.0, one without a Host and one over HTTP/2 is no tunnel', async t => {
  const upstream = await telling(t)
  const { port } = await proxy(t, { upstream, upgrades: ['tcp'] })
  t.match(await ask(t, port, upgrade('tcp').replace('HTTP/1.1', 'HTTP/1.0')), /^HTTP\/1\.1 200 [^]*GET \/ undefined/)
  t.match(await ask(t, port, upgrade('tcp').replace('Host: a\r\n', '')), /^HTTP\/1\.1 400 /)
  const multiplexed = await http2Proxy(t, { upstream, upgrades: ['websocket', 'tcp'] })
  const stream = (await session(t, multiplexed.port)).request({ ':method': 'CONNECT', ':protocol': 'tcp', ':scheme': 'http', ':path': '/', ':authority': 'a' }, { endStream: false })
  stream.on('error', () => {})
  t.equal((await once(stream, 'response'))[0][':status'], 501)
})

t.test('what the client sends before the 101 is held; where the upstream refuses, it gets none of it', async t => {
  const { url, heads, sockets } = await answering(t, null)
  const { port } = await proxy(t, { upstream: url, upgrades: ['tcp'] })
  const near = client(t, port)
  near.write(upgrade('tcp') + 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => heads.length === 1, 'the upstream is asked')
  const there = hear(sockets[0]!)
  sockets[0]!.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  t.match(await rest(near), /^HTTP\/1\.1 200 [^]*ok$/)
  await eventually(() => there.ended, 'the upstream is free')
  t.equal(there.bytes, 0)
  t.equal(heads.length, 1)
})

t.test('without websocket in `upgrades` WebSockets are plain HTTP', async t => {
  const { port, app } = await proxy(t, { upstream: await telling(t), upgrades: ['tcp'], websocket: { maxTunnels: 5 } })
  t.match(await ask(t, port, handshake('/w')), /^HTTP\/1\.1 200 [^]*GET \/w undefined/)
  t.equal(app.tunnels.size, 0)
})

t.test('paths of `localUpgrades` and upgrades without a route: no other protocol reaches the server\'s other listeners', async t => {
  let heard = 0
  const { port } = await proxy(t, { upstream: await telling(t), prefix: '/a', upgrades: ['websocket', 'tcp'], localUpgrades: ['/a/local'] }, {
    after: app => { app.server.on('upgrade', (request, socket) => { if (request.headers.upgrade === 'tcp') heard++; else socket.end('HTTP/1.1 418 Teapot\r\n\r\n') }) }
  })
  t.match(await ask(t, port, handshake('/a/local')), /^HTTP\/1\.1 418/)
  t.match(await ask(t, port, upgrade('tcp', 'GET', '/nowhere')), /^HTTP\/1\.1 404 /)
  t.equal(heard, 0)
})

t.test('`upgrades` that name no protocols, or contradict `websocket`, are a mistake', async t => {
  for (const [options, message] of [
    [{ upgrades: 'tcp' }, '`upgrades` must be a list of protocols'],
    [{ upgrades: ['a b'] }, '`upgrades` must be a list of protocols'],
    [{ upgrades: ['SPDY/'] }, '`upgrades` must be a list of protocols'],
    [{ upgrades: ['/1'] }, '`upgrades` must be a list of protocols'],
    [{ upgrades: ['a/1/2'] }, '`upgrades` must be a list of protocols'],
    [{ upgrades: [''] }, '`upgrades` must be a list of protocols'],
    [{ upgrades: [1] }, '`upgrades` must be a list of protocols'],
    [{ upgrades: ['tcp'], websocket: true }, '`websocket` is true, and `upgrades` does not have websocket'],
    [{ upgrades: ['WebSocket'], websocket: false }, '`upgrades` has websocket, and `websocket` is false']
  ] as const) {
    await t.rejects(proxy(t, { upstream: 'http://127.0.0.1:1', ...options } as never), { message: new RegExp(message) }, JSON.stringify(options))
  }
})
