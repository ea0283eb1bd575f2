// A rule that refuses a path cannot be bypassed by another spelling of the path: a refused request never reaches the upstream,
// and any other arrives there as it was sent or as a rule has rewritten it.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { readConfigText } from '@fastify-arr/iis-config'
import { upstreamProxy, type UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import { urlRewrite, type UrlRewriteOptions } from '@fastify-arr/url-rewrite'
import fc from 'fast-check'
import Fastify, { type FastifyInstance } from 'fastify'
import { test, type Test } from 'tap'
import { adminX } from '../plugins/url-rewrite/test/spellings.ts'

interface Running {
  readonly port: number
  readonly upstream: string
  /** The targets that reached the upstream, byte for byte. */
  readonly received: string[]
}

/** The proxy with its rules, in front of an upstream that takes upgrades as well. */
async function start (t: Test, rules: (upstream: string) => UrlRewriteOptions, proxy: UpstreamProxyOptions = {}): Promise<Running> {
  const received: string[] = []
  const backend = createServer((request, response) => {
    received.push(request.url ?? '')
    response.end('upstream')
  })
  backend.on('upgrade', (request, socket) => {
    received.push(request.url ?? '')
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  })
  backend.listen(0, '127.0.0.1')
  await once(backend, 'listening')
  t.teardown(() => { backend.close() })
  const upstream = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
  const fastify: FastifyInstance = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(urlRewrite, rules(upstream))
  await fastify.register(upstreamProxy, { upstream, websocket: true, ...proxy })
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return { port: (fastify.server.address() as AddressInfo).port, upstream, received }
}

/** The status of the answer to a request of exactly these bytes. */
async function statusOf ({ port }: Running, target: string, headers = 'Connection: close\r\n'): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  let answer = ''
  socket.on('data', chunk => { answer += String(chunk) })
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`, 'latin1')
  await once(socket, 'close')
  return answer.slice(9, 12)
}

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
const forbidden = { type: 'CustomResponse', statusCode: 403 } as const
const WAYS_IN = ['/admin/x', '//admin/x', '/%2fadmin/x', '/x//../admin/x', '/\\admin/x', '/%5cadmin/x', '/admin%5cx', '/admin%2Fx', '/x/..\\%61dmin//x', 'http://localhost//admin/x', 'ws://localhost/admin/x']

test('no spelling of a path gets past the rule that forbids it, as a request or as an upgrade', async t => {
  const site = await start(t, () => ({ rules: [{ name: 'No', match: { url: '^admin/' }, action: forbidden }] }))
  for (const target of WAYS_IN) {
    t.equal(await statusOf(site, target), '403', target)
    t.equal(await statusOf(site, target, UPGRADE), '403', `${target}, an upgrade`)
  }
  t.equal(await statusOf(site, '/admin//../x'), '400', 'RFC 3986 would read it as /admin/x')
  t.strictSame(site.received, [], 'the upstream got none of them')
})

test('nor past rules of <location path="admin">', async t => {
  const { options } = readConfigText(`<configuration><location path="admin"><system.webServer><rewrite><rules>
    <rule name="No"><match url=".*" /><action type="CustomResponse" statusCode="403" /></rule></rules></rewrite></system.webServer></location></configuration>`)
  const site = await start(t, () => options.urlRewrite ?? {})
  for (const target of WAYS_IN) t.equal(await statusOf(site, target), '403', target)
  t.strictSame(site.received, [], 'the upstream got none of them')
})

test('property: the upstream never gets a path that rules would have seen as /admin/x', async t => {
  const site = await start(t, () => ({ rules: [{ name: 'No', match: { url: '^admin/' }, action: forbidden }] }))
  await fc.assert(fc.asyncProperty(adminX, async path => await statusOf(site, path) === '403'), { numRuns: 100 })
  t.strictSame(site.received, [])
})

test('what no rule changes arrives byte for byte', async t => {
  const site = await start(t, () => ({ rules: [{ name: 'No', match: { url: '^admin/' }, action: forbidden }] }))
  const targets = ['//x', '/x//y', '/x%2F%2fy', '/x\\y', '/x%5cy', '/x/../y', '/x/%2e%2e/y', '/%61', '/x%252fy', '/x//y?a=//b\\c/../d%00', '/.well-known/x']
  for (const target of targets) t.equal(await statusOf(site, target), '200', target)
  t.strictSame(site.received.splice(0), targets)
  t.equal(await statusOf(site, '/x//y%2F', UPGRADE), '101')
  t.strictSame(site.received, ['/x//y%2F'])
})

test('{R:1} of (.*) forwards the path that the rule saw, what is encoded in it as the client sent it', async t => {
  const site = await start(t, upstream => ({ rules: [{ name: 'All', match: { url: '(.*)' }, action: { type: 'Rewrite', url: `${upstream}/{R:1}` } }] }))
  const ways = {
    '//x': '/x',
    '/x//y': '/x/y',
    '/%2Fx': '/x',
    '/x%2F%2fy': '/x%2F%2fy',
    '/x\\y': '/x/y',
    '/x%5cy': '/x%5cy',
    '/x//../y': '/y',
    '/x/%2e%2e/%61': '/%61',
    '/x%252fy': '/x%252fy',
    '/u/http%3A%2F%2Fb.example//?a=//b': '/u/http%3A%2F%2Fb.example/?a=//b'
  }
  for (const target of Object.keys(ways)) t.equal(await statusOf(site, target), '200', target)
  t.strictSame(site.received.splice(0), Object.values(ways))
  t.equal(await statusOf(site, '/x//y%2F', UPGRADE), '101')
  t.strictSame(site.received, ['/x/y%2F'])
})

test('a raw fragment and NUL in a path are 400, for an upgrade as well, before any rule and also without one', async t => {
  for (const rules of [[], [{ name: 'All', match: { url: '.*' }, action: forbidden }]]) {
    const site = await start(t, () => ({ rules }))
    for (const target of ['/x#y', '/x?y#z', '/x%00y', '/%00', 'http://localhost/x#y', 'http://localhost#y']) {
      t.equal(await statusOf(site, target), '400', target)
      t.equal(await statusOf(site, target, UPGRADE), '400', `${target}, an upgrade`)
    }
    t.strictSame(site.received, [])
  }
})

test('a Host that a rule takes from a header reaches the upstream only where it is one', async t => {
  const rule = { name: 'Host', match: { url: '.*' }, serverVariables: [{ name: 'HTTP_HOST', value: '{HTTP_X_HOST}' }] }
  const site = await start(t, () => ({ rules: [rule] }))
  t.equal(await statusOf(site, '/x', 'Connection: close\r\nX-Host: evil test\r\n'), '400')
  t.equal(await statusOf(site, '/x'), '400')
  t.equal(await statusOf(site, '/x', `${UPGRADE}X-Host: evil test\r\n`), '400')
  t.strictSame(site.received, [])
  t.equal(await statusOf(site, '/x', 'Connection: close\r\nX-Host: b.example:81\r\n'), '200')
})
