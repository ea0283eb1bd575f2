// Which of a client's headers are dropped, so that a backend does not mistake them for the proxy's?
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import t, { type Test } from 'tap'
import { OWNED_HEADERS, upstreamProxy, type UpstreamProxyOptions } from '../src/index.ts'
import { answering, FRAME, proxy, rawHttp2, rawUpstream, talk } from './forward-subjects.ts'
import { ask as askRaw, eventually, handshake } from './parts.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const SECOND = ['X-ARR-SSL', 'X-ARR-ClientCert', 'X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Port', 'X-Forwarded-Ssl', 'X-Forwarded-Prefix', 'X-Forwarded-Server', 'X-Forwarded-Scheme', 'Front-End-Https', 'X-Real-IP']

interface Server { trustProxy?: boolean | string | ((address: string) => boolean) }

/** The lines of the head that the upstream got; `way` is how they come. */
async function sent (t: Test, way: 'http' | 'websocket', options: UpstreamProxyOptions, server: Server, lines: readonly string[]): Promise<string[]> {
  const backend = await answering(t, way === 'http' ? OK : 'HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n')
  const { port } = await proxy(t, { upstream: backend.url, ...options }, server as object)
  const text = lines.map(line => `${line}\r\n`).join('')
  if (way === 'http') await talk(port, `GET / HTTP/1.1\r\nHost: public.test\r\n${text}Connection: close\r\n\r\n`)
  else await askRaw(t, port, handshake('/', text))
  return backend.received().split('\r\n').filter(line => line !== '')
}

function named (lines: readonly string[], value: string): string[] {
  return lines.filter(line => line.endsWith(`: ${value}`)).map(line => line.slice(0, line.indexOf(':')))
}

for (const way of ['http', 'websocket'] as const) {
  t.test(`${way}: a client's name with underscores that CGI takes for a header of the proxy's is dropped, another passes`, async t => {
    const evil = ['X_Forwarded_For', 'x_forwarded-proto', 'X-Forwarded_Host', 'X_ARR_LOG_ID', 'X_Real_IP', 'X_ARR_SSL', 'Transfer_Encoding', 'Content_Length', 'Proxy_Authorization']
    const kept = ['X_Mine', '_', 'x-forwarded_']
    const all = [...evil, ...kept].map(name => `${name}: 7.7.7.7`)
    t.same(named(await sent(t, way, {}, {}, all), '7.7.7.7'), kept)
    t.same(named(await sent(t, way, {}, { trustProxy: true }, all), '7.7.7.7'), kept, 'nor is one believed who spells them so')
    t.same(named(await sent(t, way, { dropUnderscores: 'all' }, {}, all), '7.7.7.7'), [])
    t.same(named(await sent(t, way, { dropUnderscores: 'none' }, {}, all), '7.7.7.7'), [...evil, ...kept])
    t.same(named(await sent(t, way, { forwarded: { for: 'keep' } }, {}, all), '7.7.7.7'), ['X_Forwarded_For', ...kept], 'what is kept is not the proxy\'s')
  })

  t.test(`${way}: what backends believe about the way is dropped, unless trustProxy believes the peer`, async t => {
    const lines = OWNED_HEADERS.map(name => `${name}: evil`)
    t.ok(SECOND.every(name => OWNED_HEADERS.includes(name)))
    t.same(named(await sent(t, way, {}, {}, lines), 'evil'), [])
    t.same(named(await sent(t, way, {}, { trustProxy: '10.1.2.3' }, [...lines, 'X-Forwarded-For: 10.1.2.3']), 'evil'), [])
    t.same(named(await sent(t, way, {}, { trustProxy: () => false }, lines), 'evil'), [])
    t.same(named(await sent(t, way, {}, { trustProxy: '127.0.0.1' }, lines), 'evil'), OWNED_HEADERS, 'without an X-Forwarded-For of its own, too')
    t.same(named(await sent(t, way, {}, { trustProxy: address => address === '127.0.0.1' }, lines.map(line => line.toUpperCase())), 'EVIL'), OWNED_HEADERS.map(name => name.toUpperCase()))
  })
}

t.test('a rule and rewriteRequest may set what a client may not, and a rule\'s header has no double with underscores', async t => {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, {
    to: () => ({ url: backend.url, headers: { 'x-original-url': '/rule', 'x-user': 'rule' } }),
    rewriteRequest: (_, { out }) => { out.headers.push(['X-Real-IP', 'rewritten']) }
  })
  const evil = ['X-Original-URL: evil', 'X_Original_URL: evil', 'X_User: evil', 'X-Real-IP: evil'].join('\r\n')
  await talk(port, `GET / HTTP/1.1\r\nHost: public.test\r\n${evil}\r\nConnection: close\r\n\r\n`)
  await askRaw(t, port, handshake('/', `${evil}\r\n`))
  const lines = backend.received().split('\r\n')
  t.same(named(lines, 'evil'), [])
  t.same(named(lines, 'rewritten'), ['X-Real-IP', 'X-Real-IP'])
  t.same([named(lines, '/rule').length, named(lines, 'rule').length], [2, 2])
})

t.test('a list replaces the default, and two proxies of one server each have their own', async t => {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, { upstream: backend.url, prefix: '/own', ownedHeaders: ['x-tenant'] }, {}, async app => {
    await app.register(async scope => scope.register(upstreamProxy, { upstream: backend.url, prefix: '/default' }))
    await app.register(async scope => scope.register(upstreamProxy, { upstream: backend.url, prefix: '/none', ownedHeaders: [], dropUnderscores: 'none' }))
  })
  const passed: string[][] = []
  for (const path of ['/own', '/default', '/none', '/own']) {
    const before = backend.received().length
    await talk(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Tenant: 1\r\nX_Tenant: 1\r\nX-Real-IP: 1\r\nX_Real_IP: 1\r\nConnection: close\r\n\r\n`)
    passed.push(named(backend.received().slice(before).split('\r\n'), '1'))
  }
  t.same(passed, [['X-Real-IP', 'X_Real_IP'], ['X-Tenant', 'X_Tenant'], ['X-Tenant', 'X_Tenant', 'X-Real-IP', 'X_Real_IP'], ['X-Real-IP', 'X_Real_IP']])
})

t.test('trailers that say what only a proxy may say are dropped, trusted or not', async t => {
  for (const trustProxy of [false, true]) {
    const backend = await rawUpstream(t, () => {})
    const { port } = await proxy(t, { upstream: backend.url, ownedHeaders: [...OWNED_HEADERS, 'X-Tenant'] }, { trustProxy })
    const barred = [...OWNED_HEADERS, 'X-Tenant', 'X_Tenant', 'X_Real_IP', 'X_Forwarded_For', 'X-Forwarded-For', 'Transfer_Encoding', 'Keep-Alive']
    const answered = talk(port, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n' +
      `${barred.map(name => `${name}: evil\r\n`).join('')}X_Sum: 7\r\n\r\n`)
    await eventually(() => backend.received().endsWith('\r\n\r\n0\r\nX_Sum: 7\r\n\r\n'), 'the last trailer came, and no other')
    backend.sockets[0]!.write(OK)
    t.match(await answered, /^HTTP\/1\.1 200 /)
    t.notMatch(backend.received(), /evil/)
  }
})

t.test('over HTTP/2 it is the same, by whom trustProxy believes', async t => {
  for (const [trustProxy, passes] of [[false, false], ['127.0.0.1', true], ['10.0.0.1', false]] as const) {
    const backend = await answering(t, OK)
    const { port } = await proxy(t, { upstream: backend.url }, { http2: true, trustProxy } as object)
    const client = connectHttp2(`http://127.0.0.1:${port}`)
    t.teardown(() => client.destroy())
    const stream = client.request({ ':path': '/', 'x-real-ip': 'evil', x_real_ip: 'evil', x_forwarded_for: 'evil', x_mine: 'evil' })
    await once(stream.resume(), 'end')
    t.same(named(backend.received().split('\r\n'), 'evil'), passes ? ['x-real-ip', 'x_mine'] : ['x_mine'])
  }
})

t.test('over HTTP/2 a trailer that says what only a proxy may say is dropped', async t => {
  const backend = await rawUpstream(t, () => {})
  const { port } = await proxy(t, { upstream: backend.url }, { http2: true } as object)
  const client = rawHttp2(t, port)
  client.open(1, [':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', '/'])
  client.send(FRAME.DATA, 0, 1, 'body')
  client.open(1, ['x-real-ip', 'evil', 'x_forwarded_for', 'evil', 'x-sum', '7'], true)
  await eventually(() => /\r\n0\r\n(?:.+\r\n)*\r\n$/.test(backend.received()), 'the body ended')
  t.match(backend.received(), /\r\n0\r\nx-sum: 7\r\n\r\n$/)
})

t.test('mistakes in the two options are errors at registration', async t => {
  for (const [options, message] of [
    [{ ownedHeaders: 'x-real-ip' }, /`ownedHeaders` must be a list of header names/],
    [{ ownedHeaders: ['x real'] }, /`ownedHeaders` must be/],
    [{ ownedHeaders: [1] }, /`ownedHeaders` must be/],
    [{ ownedHeaders: ['Content-Length'] }, /`ownedHeaders` must be/],
    [{ ownedHeaders: ['host'] }, /`ownedHeaders` must be/],
    [{ dropUnderscores: true }, /`dropUnderscores` must be owned, all or none/],
    [{ hostHeader: 'a@b' }, /`hostHeader` must be/]
  ] as const) await t.rejects(proxy(t, options as never), { code: 'FST_ARR_PROXY_INVALID_OPTIONS', message })
})
