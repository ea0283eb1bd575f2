// The table of sites is replaced while the server runs.
import Fastify from 'fastify'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { compileSites, hostRouting } from '../src/index.ts'
import { lookUp } from '../src/lookup/look-up.ts'

t.test('a new table takes the place of the old one at once', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(hostRouting, { sites: [{ name: 'a', hosts: ['a.example'] }, { name: 'b', hosts: ['b.example'] }] })
  app.get('/', async request => request.site?.name)
  const ask = async (host: string) => (await app.inject({ url: '/', headers: { host } })).payload

  t.equal(await ask('a.example'), 'a')
  const heard: unknown[] = []
  const listen = (message: unknown): void => { heard.push(message) }
  subscribe('fastify-arr:sites.replaced', listen)
  t.teardown(() => unsubscribe('fastify-arr:sites.replaced', listen))

  const replacement = app.sites.replace([{ name: 'b', hosts: ['b.example'] }, { name: 'c', hosts: ['a.example'] }])
  t.same(replacement, { added: ['c'], removed: ['a'], kept: ['b'] })
  t.same(heard, [replacement])
  t.equal(await ask('a.example'), 'c')
  t.equal(await ask('b.example'), 'b')
  t.same([...app.sites].map(({ name, id }) => `${name} ${id}`), ['b 1', 'c 2'])
  t.equal(app.sites.size, 2)
  t.equal(app.sites.get('a'), null)
  t.match(app.sites.find({ host: 'A.Example.' }), { name: 'c', binding: { host: 'a.example' } })
  t.equal(app.sites.find({ host: 'no such host' }), null)
})

t.test('ports and addresses of bindings hold as soon as the table has some, also on a connection that is open', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  const plain = [{ name: 'any', hosts: ['a.example'] }, { name: 'secure', bindings: [{ protocol: 'https' as const, host: 'a.example' }] }]
  await app.register(hostRouting, { sites: plain })
  app.get('/', async request => request.site?.name)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const ask = async (): Promise<string> => {
    const [response] = await once(request({ agent, port, host: '127.0.0.1', headers: { host: 'a.example' } }).end(), 'response')
    let text = ''
    for await (const part of response) text += String(part)
    return text
  }

  t.equal(await ask(), 'any')
  app.sites.replace([...plain, { name: 'port', bindings: [{ port, host: 'a.example' }] }])
  t.equal(await ask(), 'port')
  app.sites.replace([...plain, { name: 'address', bindings: [{ address: '127.0.0.1', host: 'a.example' }] }, { name: 'elsewhere', bindings: [{ address: '127.0.0.2', host: 'a.example' }] }])
  t.equal(await ask(), 'address')
  app.sites.replace(plain)
  t.equal(await ask(), 'any')
})

t.test('the system is asked for a connection\'s port and address only where a binding names one', t => {
  let asked = 0
  const raw = (encrypted: boolean) => ({
    url: '/',
    headers: { host: 'a.example' },
    rawHeaders: ['Host', 'a.example'],
    socket: { encrypted, get localPort () { asked++; return 8080 }, get localAddress () { asked++; return '127.0.0.1' } }
  })
  const hosts = [{ name: 'any', hosts: ['a.example'] }, { name: 'secure', bindings: [{ protocol: 'https' as const, host: 'a.example' }] }]
  for (const [encrypted, name] of [[false, 'any'], [true, 'secure']] as const) {
    t.equal(lookUp(raw(encrypted), compileSites(hosts)).site?.name, name)
  }
  t.equal(asked, 0)
  t.equal(lookUp(raw(false), compileSites([...hosts, { name: 'port', bindings: [{ port: 8080, host: 'a.example' }] }])).site?.name, 'port')
  t.ok(asked > 0)
  t.end()
})

t.test('a table with mistakes leaves the old one in its place', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(hostRouting, { sites: [{ name: 'a', hosts: ['a.example'] }] })
  t.throws(() => app.sites.replace([{ name: 'b', hosts: ['b example'] }]), { code: 'FST_ARR_HOST_ROUTING_INVALID_OPTIONS' })
  t.match(app.sites.find({ host: 'a.example' }), { name: 'a' })
})

t.test('the tunnels of a removed site are closed with 1001, the others are left open', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  const told: string[] = []
  const tunnel = (site: string | null) => ({ site, close: (code: number) => { told.push(`${site} ${code}`) } })
  app.decorate('tunnels' as never, new Set([tunnel('a'), tunnel('b'), tunnel('c'), tunnel('a'), tunnel(null)]) as never)
  await app.register(hostRouting, { sites: ['a', 'b', 'c'].map(name => ({ name, hosts: [`${name}.example`] })) })
  await app.ready()

  app.sites.replace([{ name: 'b', hosts: ['other.example'] }, { name: 'c', hosts: ['c.example'], enabled: false }])
  t.same(told, ['a 1001', 'c 1001', 'a 1001'])
})

t.test('a tunnel that throws when it is closed keeps back neither the other tunnels nor the new table', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  const told: string[] = []
  app.decorate('tunnels' as never, [
    { site: 'a', close: () => { throw new Error('not this one') } },
    { site: 'a', close: () => { told.push('closed') } }
  ] as never)
  app.log.warn = ((_fields: unknown, text: string) => { told.push(text) }) as typeof app.log.warn
  await app.register(hostRouting, { sites: [{ name: 'a', hosts: ['a.example'] }] })
  await app.ready()
  t.same(app.sites.replace([{ name: 'b', hosts: ['b.example'] }]), { added: ['b'], removed: ['a'], kept: [] })
  t.same(told, ['a WebSocket of a site that was removed could not be closed', 'closed'])
})

t.test('a request keeps the site it was given', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(hostRouting, { sites: [{ name: 'a', hosts: ['a.example'] }] })
  app.get('/', async request => {
    app.sites.replace([{ name: 'b', hosts: ['a.example'] }])
    return request.site?.name
  })
  t.equal((await app.inject({ url: '/', headers: { host: 'a.example' } })).payload, 'a')
})

t.test('the error lists every mistake, each with its site', async t => {
  const sites = [
    { name: 'a', hosts: ['a.example', 'a b', 'x:80', 'a.*.example', 'http://a'] },
    { name: 'a', hosts: ['b.example'] },
    { name: 'c' },
    { name: 'd', id: 1, hosts: ['a.example'] },
    { name: 'e', id: 0, bindings: ['http/*:80:e.example', 'ftp/*:21:e.example', 'e.example', { port: 0 }, { address: 'e' }] },
    { name: 'f', hosts: ['f'], https: { redirect: { port: 70000, statusCode: 303 }, hsts: { maxAge: -1 } } },
    {},
    { name: 'g', hosts: 'g.example' }
  ]
  t.throws(() => compileSites(sites as never), {
    code: 'FST_ARR_HOST_ROUTING_INVALID_OPTIONS',
    message: 'host-routing: ' + [
      '`sites[0].hosts[1]` of site \'a\' is "a b": this is no host name',
      '`sites[0].hosts[2]` of site \'a\' is "x:80": a host carries neither port nor scheme: those belong in a binding',
      '`sites[0].hosts[3]` of site \'a\' is "a.*.example": a wildcard stands alone (\'*\') or for the left-most label (\'*.example.com\')',
      '`sites[0].hosts[4]` of site \'a\' is "http://a": a host carries neither port nor scheme: those belong in a binding',
      "`sites[1].name` of site 'a' is that of another site",
      "`sites[2]` of site 'c' must have hosts or bindings",
      "`sites[3].id` of site 'd' must be another than 1, the id of site 'a'",
      "`sites[4].id` of site 'e' must be a whole number from 1 on",
      "`sites[4].bindings[1]` of site 'e' must have the protocol 'http' or 'https', not \"ftp\"",
      "`sites[4].bindings[2]` of site 'e' must be written as 'http/*:80:example.com' (protocol/IP:port:host), and is \"e.example\"",
      "`sites[4].bindings[3].port` of site 'e' must have a whole number from 1 to 65535 as its port, not 0",
      "`sites[4].bindings[4].address` of site 'e' must have an IP address, not \"e\"",
      "`sites[5].https.redirect.port` of site 'f' must be a whole number from 1 to 65535",
      "`sites[5].https.redirect.statusCode` of site 'f' must be 301, 302, 307 or 308",
      "`sites[5].https.hsts.maxAge` of site 'f' must be a whole number of seconds",
      '`sites[6].name` must be a name',
      "`sites[7].hosts` of site 'g' must be a list",
      "`sites[3]` of site 'd' has the binding */*:*:a.example of site 'a'"
    ].join('; ')
  })
  const app = Fastify()
  await t.rejects(async () => await app.register(hostRouting, { sites: [], unknownHost: 'drop' } as never), { message: "host-routing: `unknownHost` must be 'refuse', 'pass' or a function" })
})

t.test('an IPv6 address with a zone is no host', async t => {
  t.throws(() => compileSites([{ name: 'a', hosts: ['fe80::1%eth0'] }]), { message: 'host-routing: `sites[0].hosts[0]` of site \'a\' is "fe80::1%eth0": this is no host name' })
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(hostRouting, { sites: [{ name: 'a', hosts: ['*'] }] })
  await app.ready()
  t.equal(app.sites.find({ host: 'fe80::1%eth0' }), null)
})

t.test('a second registration is refused', async t => {
  for (const first of [true, false]) {
    const app = Fastify()
    const scoped = async (): Promise<unknown> => await app.register(async scope => { await scope.register(hostRouting, { sites: [] }) })
    if (first) await app.register(hostRouting, { sites: [] })
    else await scoped()
    await t.rejects(scoped, { code: 'FST_ARR_HOST_ROUTING_INVALID_OPTIONS', message: /registered once/ }, first ? 'inside' : 'beside')
  }
})

t.test('ten thousand sites are looked up by exact host, wildcard and port', async t => {
  const sites = Array.from({ length: 10_000 }, (_, index) => [
    { name: `host ${index}`, hosts: [`host-${index}.example`] },
    { name: `wild ${index}`, hosts: [`*.wild-${index}.example`] },
    { name: `port ${index}`, bindings: [{ port: index + 1 }] }
  ]).flat()
  const table = compileSites(sites)
  t.equal(table.find({ host: 'host-9999.example', protocol: 'http', port: 80 })?.name, 'host 9999')
  t.equal(table.find({ host: 'a.b.wild-9999.example', protocol: 'http', port: 80 })?.name, 'wild 9999')
  t.equal(table.find({ host: 'other.example', protocol: 'http', port: 10_000 })?.name, 'port 9999')
  t.equal(table.find({ host: 'other.example', protocol: 'http', port: 10_001 }), null)
})

t.test('an unknown option is a mistake, listed with the others', async t => {
  const register = async (options: object): Promise<void> => {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(hostRouting, { sites: [], ...options })
  }
  const code = 'FST_ARR_HOST_ROUTING_INVALID_OPTIONS'
  await t.rejects(register({ unknownHosts: 'pass', bogus: 1, unknownHost: 'allow', sites: [{}] }), {
    code,
    message: /`unknownHosts` is no option; the nearest is `unknownHost`; `bogus` is no option; there are sites, unknownHost; `unknownHost` must be .*; `sites\[0\]\.name` must/
  })
  await t.rejects(register({ site: [], sites: undefined }), { code, message: /`sites` must be a list; `site` is no option; the nearest is `sites`/ })
  // @fastify/autoload 6.5.0, index.js: register(plugin, { ...autoConfig, ...options, prefix }); `prefix` may be undefined.
  await register({ prefix: '/app', logLevel: 'info', logSerializers: {} })
})
