// Which pages may open a WebSocket? Through the plugin, in front of the real proxy and of @fastify/websocket alone.
import { once } from 'node:events'
import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { ask, door, get, handshake, http2For, proxied, raw, session } from './doors.ts'
import type { RequestFilterOptions } from '../src/index.ts'

type Origins = RequestFilterOptions['origins']

/** What a handshake with this Origin gets. */
async function statusOf (t: Test, port: number, origin: string | string[] | undefined, headers: Record<string, string> = {}): Promise<number> {
  const answer = await handshake(t, port, { headers: { Host: 'app.example.com', ...(origin === undefined ? {} : { Origin: origin }), ...headers } })
  answer.socket?.destroy()
  return answer.status
}

/** The origins that are let in, and those that are not, for a site `http://app.example.com`. */
const CASES: ReadonlyArray<readonly [name: string, origins: Origins, allowed: readonly string[], refused: readonly string[]]> = [
  ['same', 'same', ['http://app.example.com'], [
    'https://app.example.com', 'http://app.example.com:8080', 'http://example.com', 'http://evil.example', 'null', '', 'http://app.example.com.',
    'http://app.example.com.evil.example', 'http://app.example.com@evil.example', 'http://evil.example/app.example.com', 'ws://app.example.com',
    'http://app.example.com, http://evil.example', 'http://user@app.example.com', 'http://APP.example.com', 'HTTP://app.example.com', 'http://app.example.com:80',
    'http://app.example.com/', 'http://app.example.com?', 'http://app.example.com#', 'http:app.example.com', '//app.example.com', 'app.example.com', '*',
    'http://app.example.com\\@evil.example', 'http://app%2eexample.com', 'file://app.example.com', 'http://', `http://${'a'.repeat(300)}`
  ]],
  ['an origin', ['https://app.example.com'], ['https://app.example.com'], ['http://app.example.com', 'https://app.example.com:8443', 'https://evil.app.example.com', 'https://app.example.com.', 'https://xapp.example.com']],
  ['an origin with a port', ['https://app.example.com:8443'], ['https://app.example.com:8443'], ['https://app.example.com', 'http://app.example.com:8443']],
  ['an origin with its default port', ['HTTPS://App.Example.com:443'], ['https://app.example.com'], ['https://app.example.com:443']],
  ['a host', ['other.example'], ['http://other.example', 'https://other.example'], ['http://other.example:8080', 'chrome-extension://other.example', 'ftp://other.example', 'http://app.example.com']],
  ['a host with a port', ['localhost:3000'], ['http://localhost:3000', 'https://localhost:3000'], ['http://localhost', 'http://localhost:3001']],
  ['a wildcard', ['https://*.example.com'], ['https://a.example.com', 'https://b.a.example.com'], ['https://example.com', 'https://evilexample.com', 'https://.example.com', 'https://a..example.com', 'https://a.example.com.evil.example', 'http://a.example.com', 'https://a.example.com:8443']],
  ['a wildcard of any scheme', ['*.example.com:8443'], ['https://a.example.com:8443', 'http://a.example.com:8443'], ['https://a.example.com', 'https://example.com:8443']],
  ['IDN', ['https://bücher.example'], ['https://xn--bcher-kva.example'], ['https://bücher.example', 'https://xn--bcher-kvb.example']],
  ['IPv6', ['http://[2001:DB8:0:0::1]:8080'], ['http://[2001:db8::1]:8080'], ['http://[2001:db8:0::1]:8080', 'http://[2001:db8::2]:8080', 'http://2001:db8::1:8080']],
  ['an extension', ['chrome-extension://abcdefgh'], ['chrome-extension://abcdefgh'], ['chrome-extension://abcdefgi', 'https://abcdefgh', 'chrome-extension://abcdefgh/page']],
  ['null, named', ['null'], ['null'], ['null, null', 'NULL', '', 'http://app.example.com']],
  ['same in a list', ['same', 'https://other.example'], ['http://app.example.com', 'https://other.example'], ['https://app.example.com', 'http://other.example']],
  ['an empty list', [], [], ['http://app.example.com', 'null']]
]

for (const [name, origins, allowed, refused] of CASES) {
  t.test(`${name}: exactly the origins that it names are let in`, async t => {
    const { port, rejections, backend } = await proxied(t, { origins })
    for (const origin of allowed) t.equal(await statusOf(t, port, origin), 101, `${origin} is let in`)
    t.same(rejections, [])
    let asked = 0
    backend.on('headers', () => asked++)
    for (const origin of refused) t.equal(await statusOf(t, port, origin), 403, `${JSON.stringify(origin)} is refused`)
    t.same(rejections.map(({ reason, statusCode, subStatusCode }) => [reason, statusCode, subStatusCode]), refused.map(() => ['origins', 403, 0]))
    t.equal(asked, 0, 'the upstream was not asked')
  })
}

t.test('a handshake without Origin is a choice of its own', async t => {
  const open = await proxied(t, { origins: 'same' })
  t.equal(await statusOf(t, open.port, undefined), 101)
  const closed = await proxied(t, { origins: { allow: ['same'], missing: 'refuse' } })
  t.equal(await statusOf(t, closed.port, undefined), 403)
  t.same(closed.rejections, [{ reason: 'origins', statusCode: 403, subStatusCode: 0, detail: 'no Origin' }])
  t.equal(await statusOf(t, closed.port, 'http://app.example.com'), 101)
})

t.test('two Origin headers are none that a browser writes', async t => {
  const { port } = await proxied(t, { origins: 'same' })
  t.equal(await statusOf(t, port, ['http://app.example.com', 'http://app.example.com']), 403)
  t.equal(await statusOf(t, port, ['http://app.example.com', '']), 403)
})

t.test('the detail of a refusal is printable and bounded', async t => {
  const { port, rejections } = await proxied(t, { origins: 'same' })
  await statusOf(t, port, `http://b\u00fccher\t${'x'.repeat(1000)}`)
  t.match(rejections[0]?.detail, /^http:\/\/b\?cher\?x+$/)
  t.equal(rejections[0]?.detail?.length, 256)
})

t.test('only handshakes are looked at', async t => {
  const { port } = await door(t, { origins: 'same' }, { after: app => app.get('/', async () => 'page') })
  t.equal((await get(port, { headers: { Origin: 'https://evil.example' } })).statusCode, 200)
})

t.test('a handshake is one in any case, and among other protocols', async t => {
  const { port } = await proxied(t, { origins: 'same' })
  for (const Upgrade of ['WebSocket', 'websocket, h2c', 'h2c, WEBSOCKET', 'foo/1,websocket']) {
    t.equal(await statusOf(t, port, 'http://evil.example', { Upgrade }), 403, Upgrade)
  }
})

t.test('same: the Host decides, with its port', async t => {
  const { port } = await proxied(t, { origins: 'same' })
  const cases: ReadonlyArray<readonly [Host: string, origin: string, status: number]> = [
    ['app.example.com:8080', 'http://app.example.com:8080', 101],
    ['app.example.com:8080', 'http://app.example.com', 403],
    ['app.example.com:80', 'http://app.example.com', 101],
    ['APP.example.com', 'http://app.example.com', 101],
    ['app.example.com.', 'http://app.example.com.', 101],
    ['app.example.com.', 'http://app.example.com', 403],
    ['[2001:DB8::1]:80', 'http://[2001:db8::1]', 101],
    ['xn--bcher-kva.example', 'http://xn--bcher-kva.example', 101],
    ['app.example.com:443', 'http://app.example.com', 403]
  ]
  for (const [Host, origin, status] of cases) t.equal(await statusOf(t, port, origin, { Host }), status, `${origin} asks ${Host}`)
})

t.test('same: a trusted proxy says scheme and host', async t => {
  const { port } = await proxied(t, { origins: 'same' }, { server: { trustProxy: true } })
  const forwarded = (proto: string, host = 'public.example') => ({ 'X-Forwarded-Proto': proto, 'X-Forwarded-Host': host })
  t.equal(await statusOf(t, port, 'https://public.example', forwarded('https')), 101)
  t.equal(await statusOf(t, port, 'https://public.example', forwarded('wss')), 101)
  t.equal(await statusOf(t, port, 'http://public.example', forwarded('https')), 403)
  t.equal(await statusOf(t, port, 'http://app.example.com', forwarded('https')), 403)
  const untrusting = await proxied(t, { origins: 'same' })
  t.equal(await statusOf(t, untrusting.port, 'https://public.example', forwarded('https')), 403)
})

t.test('same: over TLS the scheme is https', async t => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' } as never)
  const { port } = await proxied(t, { origins: 'same' }, { server: { https: { key, cert } } })
  const open = async (origin: string): Promise<string> => {
    const socket = new WebSocket(`wss://127.0.0.1:${port}/`, { rejectUnauthorized: false, origin })
    socket.on('error', () => {})
    t.teardown(() => socket.terminate())
    return await Promise.race([once(socket, 'open').then(() => 'open'), once(socket, 'unexpected-response').then(([, response]) => String(response.statusCode))])
  }
  t.equal(await open(`https://127.0.0.1:${port}`), 'open')
  t.equal(await open(`http://127.0.0.1:${port}`), '403')
})

t.test('over HTTP/2: extended CONNECT is a handshake, and other streams of its connection are not', async t => {
  const { app } = await proxied(t, { origins: 'same' }, { after: app => app.get('/page', async () => 'page') })
  const client = await session(t, await http2For(t, app))
  const connect = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':authority': 'app.example.com', ':path': '/', 'sec-websocket-version': '13' } as const
  const good = await ask(client, { ...connect, origin: 'http://app.example.com' })
  t.equal(good.status, 200)
  good.stream.close()
  t.equal((await ask(client, { ...connect, origin: 'http://evil.example' })).status, 403)
  t.equal((await ask(client, { ...connect, origin: ['http://app.example.com', 'http://evil.example'] as unknown as string })).status, 403)
  t.equal((await ask(client, { ':path': '/page', ':authority': 'app.example.com', origin: 'http://evil.example' })).status, 200)
})

t.test('@fastify/websocket alone is guarded, whichever is registered first', async t => {
  const route = (app: FastifyInstance) => app.register(async scope => { scope.get('/', { websocket: true }, socket => { socket.send('hello') }) })
  for (const isFirst of [true, false]) {
    const { port } = await door(t, { origins: ['http://good.example'] }, {
      before: async app => { if (isFirst) await app.register(websocket) },
      after: async app => {
        if (!isFirst) await app.register(websocket)
        await route(app)
      }
    })
    t.equal(await statusOf(t, port, 'http://good.example'), 101)
    t.equal(await statusOf(t, port, 'http://evil.example'), 403)
  }
})

t.test('a handshake of HTTP/1.0 without Host is of no origin', async t => {
  const { port } = await proxied(t, { origins: 'same' })
  const socket = raw(t, port)
  socket.write('GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://127.0.0.1\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
  const [answer] = await once(socket, 'data')
  t.match(String(answer), /^HTTP\/1\.[01] 403 /)
})

t.test('mistakes are named, all in one error', async t => {
  const mistake = async (origins: unknown): Promise<string> => await door(t, { origins } as RequestFilterOptions).then(() => 'none', (error: Error) => error.message)
  t.equal(await mistake('https://app.example.com'), "request-filter: `origins` must be 'same' or a list of origins and hosts")
  t.equal(await mistake({ allow: 1, missing: 'deny', origin: 1 }), "request-filter: `origins`: `origin` is no option; there are allow, missing; `origins.missing` must be 'allow' or 'refuse'; `origins.allow` must be 'same' or a list of origins and hosts")
  for (const wrong of ['*', 'https://*', 'https://a.example/', 'https://u@a.example', 'a b', 'https://a.*.example', '*a.example', '*.1.2.3.4', '*.[::1]', 'http://a.example:99999', '', 'https://', 'http://a..example']) {
    t.equal(await mistake(['same', wrong]), `request-filter: \`origins[1]\` must be an origin, a host, either with a leading \`*.\`, 'same' or 'null', not ${JSON.stringify(wrong)}`)
  }
})
