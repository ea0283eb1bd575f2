// Bindings that name a protocol, a port or an address; the redirect to https and HSTS.
import Fastify from 'fastify'
import { connect } from 'node:http2'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { generate } from 'selfsigned'
import t from 'tap'
import { compileSites, hostRouting, type HostRoutingOptions } from '../src/index.ts'
import { get, wire } from './wire.ts'

t.test('a binding matches on the parts that it names', t => {
  const { find } = compileSites([
    { name: 'any', bindings: [{ host: 'a' }] },
    { name: 'https', bindings: [{ host: 'a', protocol: 'https' }] },
    { name: '8080', bindings: [{ host: 'a', port: 8080 }] },
    { name: 'https 8443', bindings: [{ host: 'a', protocol: 'https', port: 8443 }] },
    { name: 'address', bindings: [{ host: 'a', address: '10.0.0.1', port: 80 }] },
    { name: 'iis', bindings: ['http/*:80:b', 'https/*:443:B', '*:81:', 'http/[::1]:82:*'] }
  ])
  const name = (question: Parameters<typeof find>[0]): string | undefined => find(question)?.name
  t.equal(name({ host: 'a', protocol: 'http', port: 80 }), 'any')
  t.equal(name({ host: 'a', protocol: 'https', port: 443 }), 'https')
  t.equal(name({ host: 'a', protocol: 'http', port: 8080 }), '8080')
  t.equal(name({ host: 'a', protocol: 'https', port: 8080 }), '8080')
  t.equal(name({ host: 'a', protocol: 'https', port: 8443 }), 'https 8443')
  t.equal(name({ host: 'a', protocol: 'http', port: 8443 }), 'any')
  t.equal(name({ host: 'a', protocol: 'http', port: 80, address: '10.0.0.1' }), 'address')
  t.equal(name({ host: 'a', protocol: 'http', port: 80, address: '10.0.0.2' }), 'any')
  t.equal(name({ host: 'b', protocol: 'http', port: 80 }), 'iis')
  t.equal(name({ host: 'b', protocol: 'https', port: 80 }), undefined, 'nothing on https there')
  t.equal(name({ host: 'b', protocol: 'https', port: 443 }), 'iis')
  t.equal(name({ host: 'c', protocol: 'http', port: 81 }), 'iis')
  t.equal(name({ host: 'c', protocol: 'http', port: 82, address: '::1' }), 'iis')
  t.equal(name({ host: 'c', protocol: 'http', port: 82, address: '127.0.0.1' }), undefined)
  t.same(find({ host: 'b', protocol: 'https', port: 443 })?.binding, { protocol: 'https', host: 'b', port: 443 })
  t.equal(name({ host: 'b', protocol: 'https' }), 'iis', 'a unix socket has no port: the host and the protocol decide')
  t.end()
})

t.test('an address is the same in each of its spellings', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(hostRouting, {
    sites: [
      { name: 'zone', bindings: ['http/[FE80::0:1%eth0]:80:', { address: 'fe80::2%12', port: 80 }] },
      { name: 'mapped', bindings: [{ address: '::FFFF:10.0.0.1', port: 80 }] }
    ]
  })
  await app.ready()
  const name = (address: string): string | undefined => app.sites.find({ host: 'a', port: 80, address })?.name
  for (const address of ['fe80::1', 'fe80::1%eth0', 'FE80:0::1%7', 'fe80::2%eth1']) t.equal(name(address), 'zone', address)
  for (const address of ['10.0.0.1', '::ffff:10.0.0.1']) t.equal(name(address), 'mapped', address)
  t.equal(name('fe80::3'), undefined)
})

t.test('the port is that of the connection, not the one the client wrote', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.get('/', async request => request.site)
  // The port is known only once the server listens; then the table is replaced.
  await app.register(hostRouting, { sites: [] })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  app.sites.replace([{ name: 'here', bindings: [`http/127.0.0.1:${port}:a`] }])
  t.match(await wire(port, get('a:1')), /"name":"here","id":1,"binding":\{"protocol":"http","host":"a","port":\d+\}/)
})

t.test('http is sent to https, keeping path, query and method', async t => {
  const start = async (https: NonNullable<HostRoutingOptions['sites'][number]['https']>, more: object = {}) => {
    const app = Fastify({ trustProxy: true })
    t.teardown(() => app.close())
    await app.register(hostRouting, { sites: [{ name: 'a', hosts: ['a.example', '[::1]'], https, ...more }] })
    app.all('/*', async () => 'ok')
    return async (method: 'GET' | 'POST', headers: Record<string, string> = {}) => {
      const { statusCode, headers: answered } = await app.inject({ method, url: '/x/%2F?q=1', headers: { host: 'a.example:8000', ...headers } })
      return `${statusCode} ${answered.location ?? answered['strict-transport-security'] ?? ''}`
    }
  }
  const ask = await start({ redirect: true, hsts: true })
  t.equal(await ask('GET'), '301 https://a.example/x/%2F?q=1')
  t.equal(await ask('POST'), '308 https://a.example/x/%2F?q=1')
  t.equal(await ask('GET', { host: '[::1]:8000' }), '301 https://[::1]/x/%2F?q=1')
  t.equal(await ask('GET', { 'x-forwarded-proto': 'https' }), '200 max-age=31536000', 'behind a proxy that ends TLS')

  t.equal(await (await start({ redirect: { port: 8443, statusCode: 302 } }))('POST'), '302 https://a.example:8443/x/%2F?q=1')
  t.equal(await (await start({ redirect: true }, { bindings: ['https/*:9443:a.example'] }))('GET'), '301 https://a.example:9443/x/%2F?q=1', "the site's own https binding")
  const hsts = await start({ hsts: { maxAge: 300, includeSubDomains: true, preload: true } })
  t.equal(await hsts('GET'), '200 ', 'HSTS is not for http')
  t.equal(await hsts('GET', { 'x-forwarded-proto': 'https' }), '200 max-age=300; includeSubDomains; preload')
})

t.test('the redirect goes to the port of an https listener', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.decorate('listeners' as never, { addresses: [{ protocol: 'http', port: 80 }, { protocol: 'https', port: 8443 }] } as never)
  await app.register(hostRouting, { sites: [{ name: 'a', hosts: ['a.example'], https: { redirect: true } }] })
  app.get('/', async () => 'ok')
  t.equal((await app.inject({ url: '/', headers: { host: 'a.example' } })).headers.location, 'https://a.example:8443/')
})

t.test('on HTTP/2 the authority names the host, and a Host beside it must agree', async t => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], { algorithm: 'sha256' })
  const app = Fastify({ http2: true, https: { key, cert, allowHTTP1: true } })
  t.teardown(() => app.close())
  await app.register(hostRouting, { sites: [{ name: 'a', hosts: ['a.example'] }, { name: 'default', hosts: ['*'] }, { name: 'http', bindings: [{ protocol: 'http', host: 'b.example' }] }] })
  app.get('/', async request => request.site?.name)
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const session = connect(origin, { rejectUnauthorized: false })
  t.teardown(() => session.destroy())
  const ask = async (headers: Record<string, string>) => {
    const stream = session.request({ ':path': '/', ...headers }).setEncoding('latin1')
    const [answer] = await once(stream, 'response')
    let text = ''
    for await (const chunk of stream) text += chunk
    return `${answer[':status']} ${text.startsWith('<!DOCTYPE') ? /<h2>(.*)<\/h2>/.exec(text)?.[1] : text}`
  }
  t.equal(await ask({ ':authority': 'A.example:1' }), '200 a')
  t.equal(await ask({ ':authority': 'a.example', host: 'A.EXAMPLE.' }), '200 a')
  t.equal(await ask({ ':authority': 'b.example' }), '200 default', 'the binding on http is none on https')
  t.equal(await ask({ ':authority': 'a.example', host: 'b.example' }), '400 Bad Request')
  // Newer versions of Node refuse this one in their HTTP/2 implementation.
  t.match(await ask({ ':authority': 'user@a.example' }).catch(error => error.message), /^400 Bad Request - Invalid Hostname$|NGHTTP2_PROTOCOL_ERROR$/)

  const [answer] = await once(httpsRequest(origin, { rejectUnauthorized: false, headers: { host: 'a.example' } }).end(), 'response')
  t.equal(answer.statusCode, 200)
  answer.resume()
})
