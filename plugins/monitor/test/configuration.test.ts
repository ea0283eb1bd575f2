// What is told of farms, sites, listeners, certificates, rules and traces; and what becomes of a URL that somebody types.
import { once } from 'node:events'
import { createServer } from 'node:http'
import hostRouting from '@fastify-arr/host-routing'
import listeners from '@fastify-arr/listeners'
import requestTrace from '@fastify-arr/request-trace'
import serverFarm from '@fastify-arr/server-farm'
import urlRewrite from '@fastify-arr/url-rewrite'
import type { FastifyInstance } from 'fastify'
import { generate } from 'selfsigned'
import t from 'tap'
import { RefusedHandshakes } from '../src/finding/records/refused.ts'
import { RuleCounts } from '../src/views/configuration/rule-counts.ts'
import { daysLeft } from '../src/views/configuration/sites.ts'
import { socketViews } from '../src/views/socket-views.ts'
import { backend, portOf, proxied } from './proxied.ts'

t.test('a server without any of the plugins has nothing to tell, and says so', async t => {
  const views = socketViews({} as FastifyInstance, { rules: new RuleCounts(), refused: new RefusedHandshakes() })
  t.teardown(() => { views.end() })
  t.same(views.farms(), { farms: [] })
  t.same(views.sites(), { sites: [], listeners: [], certificates: [], rules: [] })
  t.same(views.traces(), { rows: [], written: 0, lost: 0 })
  t.equal(views.tracePage('W3SVC1/fr000001'), undefined)
  t.same(views.findings(), { findings: [], looked: 0 })
  t.equal(await views.explain({ method: 'GET', url: '/', headers: {} }), undefined)
})

t.test('farms and sites are told as they are at the moment, as JSON keeps them', async t => {
  const { port } = await backend(t)
  const subject = await proxied(t, { upstream: 'http://chat' }, async app => {
    await app.register(hostRouting, { sites: [{ name: 'Shop', id: 7, bindings: [{ host: 'shop.example' }] }] })
    await app.register(serverFarm, { farms: [{ name: 'chat', servers: [{ address: '127.0.0.1', httpPort: port }, { address: '127.0.0.2', httpPort: port }] }] })
  })
  const { farms } = subject.views.farms()
  t.match(farms, [{ name: 'chat', waiting: 0, servers: [{ name: '127.0.0.1', state: 'available', healthy: true }, { name: '127.0.0.2' }] }])
  t.same(JSON.parse(JSON.stringify(farms)), farms)
  const { sites } = subject.views.sites()
  t.match(sites, [{ name: 'Shop', id: 7, enabled: true, bindings: [{ host: 'shop.example' }] }])
  t.same(JSON.parse(JSON.stringify(sites)), sites)
})

t.test('listeners and certificates, with the days that these have left', async t => {
  const { private: key, cert } = await (generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256', notAfterDate: new Date(Date.now() + 20.5 * 86_400_000), extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }] } as never) as Promise<{ private: string, cert: string }>)
  const subject = await proxied(t, {}, async app => {
    await app.register(listeners, { certificate: { key, cert }, listeners: [{ name: 'secure', https: true, port: 0, host: '127.0.0.1' }] })
  })
  const view = subject.views.sites()
  t.match(view.listeners, [{ name: 'secure', protocol: 'https', address: '127.0.0.1' }])
  t.match(view.certificates, [{ listener: 'secure', names: ['localhost'], daysLeft: 20 }])
  t.type(view.certificates[0]?.validTo, 'number')
  t.same(JSON.parse(JSON.stringify(view)), view)
  t.same([daysLeft(86_400_000, 0), daysLeft(86_399_999, 0), daysLeft(-1, 0)], [1, 0, -1])
})

t.test('rules are counted by their names, the most frequent first, and so many names at most', async t => {
  const rules = new RuleCounts()
  for (const [rule, at] of [['b', 1], ['a', 2], ['a', 5], ['c', 3], ['b', 4], ['a', 6]] as const) rules.count(rule, at)
  t.same(rules.rows(), [{ rule: 'a', matches: 3, lastAt: 6 }, { rule: 'b', matches: 2, lastAt: 4 }, { rule: 'c', matches: 1, lastAt: 3 }])
  for (let i = 0; i < 10_000; i++) rules.count(`rule ${i}`, i)
  rules.count('a', 7)
  const rows = rules.rows()
  t.equal(rows.length, 4_096)
  t.same(rows[0], { rule: 'a', matches: 4, lastAt: 7 })
})

t.test('a URL is explained as the site has it that its host names, absolute or with a Host of its own', async t => {
  const subject = await proxied(t, { to: request => request.rewrite?.url }, async app => {
    await app.register(hostRouting, {
      sites: [
        { name: 'Any', bindings: [{ host: '*' }] },
        { name: 'Wild', bindings: [{ host: '*.example' }] },
        { name: 'Shop', bindings: [{ host: 'shop.example' }] }
      ]
    })
    await app.register(urlRewrite, { siteRules: Object.fromEntries(['Any', 'Wild', 'Shop'].map(site => [site, [{ name: `of ${site}`, match: { url: '^a/(.*)' }, action: { type: 'Rewrite', url: `http://localhost/${site}/{R:1}` } }]])) } as never)
  })
  const ask = async (url: string, headers = {}) => {
    const explanation = await subject.views.explain({ method: 'GET', url, headers })
    return explanation?.outcome?.type === 'Rewrite' ? explanation.outcome.rewrite.url : explanation?.outcome
  }
  t.equal(await ask('http://shop.example/a/b?c=1'), 'http://localhost/Shop/b?c=1')
  t.equal(await ask('/a/b', { host: 'other.example' }), 'http://localhost/Wild/b')
  t.equal(await ask('wss://elsewhere:8443/a/b'), 'http://localhost/Any/b')
  t.equal(await ask('/nothing', { Host: 'shop.example' }), null)
  t.equal(await subject.views.explain({ method: 'GET', url: 'javascript:alert(1)', headers: {} }), undefined)
  t.equal(await subject.views.explain({ method: 'GET', url: 'http://[', headers: {} }), undefined)
})

t.test('traces are told without their queries, by the key that finds them', async t => {
  const server = createServer((_request, response) => {
    response.statusCode = 500
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const subject = await proxied(t, { upstream: `http://127.0.0.1:${portOf(server)}` }, async app => {
    await app.register(requestTrace, { directory: null, rules: [{ statusCodes: '500' }] } as never)
  })
  await (await fetch(`http://127.0.0.1:${subject.port}/a?token=secret`)).text()
  while (subject.views.traces().rows.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  const { rows, written } = subject.views.traces()
  t.match(rows, [{ id: 'fr000001', key: /^W3SVC\d+\/fr000001$/, verb: 'GET', url: /\/a$/, status: 500, findings: [{ severity: 'error' }] }])
  t.equal(written, 1)
  t.notMatch(JSON.stringify(rows), 'secret')
  const { key } = rows[0]!
  const kept = subject.app.traces as { html?: (trace: unknown) => string, get (key: string): unknown }
  t.equal(subject.views.tracePage(key), kept.html?.(kept.get(key)))
  t.equal(subject.views.tracePage('W3SVC1/fr999999'), undefined)
  const views = socketViews({ traces: Object.assign([], { get: (id: string) => ({ id }), html: ({ id }: { id: string }) => `<p>${id}` }) } as never, { rules: new RuleCounts(), refused: new RefusedHandshakes() })
  t.teardown(() => { views.end() })
  t.equal(views.tracePage('W3SVC1/fr000002'), '<p>W3SVC1/fr000002')
})
