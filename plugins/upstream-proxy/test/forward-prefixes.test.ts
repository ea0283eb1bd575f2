// What is replaced in a path on its way to the upstream, and what is turned back in the answer.
import t, { type Test } from 'tap'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'
import { answering, ask, proxy, rawUpstream, talk } from './forward-subjects.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** What the upstream is asked for, and the Location that the client gets for one of the upstream's. */
async function turned (t: Test, options: UpstreamProxyOptions & { base?: string }, path: string, location: string): Promise<{ asked: string | undefined, location: string | undefined, cookie: string | undefined }> {
  const { base = '', ...rest } = options
  const backend = await answering(t, `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nSet-Cookie: a=b; Path=${location}\r\nContent-Length: 0\r\n\r\n`)
  const { port } = await proxy(t, { upstream: backend.url + base, ...rest }, { routerOptions: { ignoreDuplicateSlashes: true } })
  const { headers } = await ask(port, { path })
  return { asked: /^GET (\S+)/.exec(backend.received())?.[1], location: headers.location, cookie: headers['set-cookie']?.[0] }
}

t.test('a prefix with parameters is turned back as the client wrote it', async t => {
  t.same(await turned(t, { prefix: '/t/:id' }, '/t/7/x', '/login'), { asked: '/x', location: '/t/7/login', cookie: 'a=b; Path=/t/7/login' })
  t.same(await turned(t, { prefix: '/t/:id', rewritePrefix: '/base' }, '/t/a%20b/x?y', '/base/login'), { asked: '/base/x?y', location: '/t/a%20b/login', cookie: 'a=b; Path=/t/a%20b/login' })
  t.same(await turned(t, { prefix: '/t/:id', rewritePrefix: '/tenants/:id' }, '/t/7/x', '/tenants/7/login'), { asked: '/tenants/7/x', location: '/t/7/login', cookie: 'a=b; Path=/t/7/login' })
  t.equal((await turned(t, { prefix: '/t/:id', rewritePrefix: '/tenants/:id' }, '/t/7/x', '/tenants/8/login')).location, '/tenants/8/login', 'another tenant is not this one')
})

t.test('no path that is turned back becomes another host', async t => {
  t.equal((await turned(t, { base: '/base' }, '//evil.test/x', '/base//evil.test/x/')).location, '/.//evil.test/x/')
  t.equal((await turned(t, { base: '/base' }, '/x', '/base/\\evil.test/x/')).location, '/./\\evil.test/x/')
  t.equal((await turned(t, { prefix: '/:first' }, '//evil.test/x', '/login')).location, '/evil.test/login')
})

t.test('the prefix of the scope belongs to it', async t => {
  for (const [prefix, path, asked] of [['/app', '/v1/app/x', '/base/x'], ['/app', '/v1/app', '/base'], [undefined, '/v1/x', '/base/x'], ['/', '/v1/x', '/base/x'], ['/:id', '/v1/7/x', '/base/x']] as const) {
    const backend = await answering(t, 'HTTP/1.1 302 Found\r\nLocation: /base/login\r\nContent-Length: 0\r\n\r\n')
    const { port } = await proxy(t, { upstream: 'http://127.0.0.1:1', prefix: '/elsewhere' }, {}, app => app.register(async scope => {
      await scope.register(upstreamProxy, { upstream: `${backend.url}/base`, ...(prefix === undefined ? {} : { prefix }) })
    }, { prefix: '/v1' }))
    t.match(await ask(port, { path }), { status: 302, headers: { location: { undefined: '/v1/login', '/': '/v1/login', '/app': '/v1/app/login', '/:id': '/v1/7/login' }[String(prefix)] } }, path)
    t.equal(/^GET (\S+)/.exec(backend.received())?.[1], asked)
  }
})

t.test('no rewritePrefix is the root, and no prefix is everything', async t => {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, { upstream: `${backend.url}/base`, prefix: '/app', rewritePrefix: '' })
  for (const path of ['/app', '/app?q', '/app/x']) t.match(await ask(port, { path }), { status: 200 }, path)
  const everything = await proxy(t, { upstream: backend.url, prefix: '' })
  await ask(everything.port, { path: '/x/y' })
  t.same(backend.received().match(/^GET \S+/gm), ['GET /', 'GET /?q', 'GET /x', 'GET /x/y'])
})

t.test('a prefix that is no path is a mistake, and so is an upstream with a query', async t => {
  for (const [options, message] of [
    [{ prefix: 'app' }, /`prefix` must be a path/],
    [{ prefix: 7 }, /`prefix` must be a path/],
    [{ rewritePrefix: 'base' }, /`rewritePrefix` must be a path/],
    [{ rewritePrefix: '/base?x' }, /`rewritePrefix` must be a path/],
    [{ upstream: 'http://127.0.0.1:1/?x=y' }, /`upstream` must have no query/],
    [{ upstream: 'http://127.0.0.1:1/#x' }, /`upstream` must have no query/]
  ] as const) {
    await t.rejects(proxy(t, { upstream: 'http://127.0.0.1:1', ...options } as never), { code: 'FST_ARR_PROXY_INVALID_OPTIONS', message })
  }
})

t.test('a client that names no host is sent to a path', async t => {
  for (const [given, expected] of [['/login?x#y', '/login?x#y'], ['', '/'], ['?x', '/?x'], ['//evil.test/', '//evil.test/']] as const) {
    const backend = await rawUpstream(t, (socket, head) => {
      socket.write(`HTTP/1.1 302 Found\r\nLocation: http://${/^Host: (.*)\r$/m.exec(head)?.[1]}${given}\r\nContent-Length: 0\r\n\r\n`)
    })
    const { port } = await proxy(t, { upstream: backend.url })
    t.match(await talk(port, 'GET / HTTP/1.0\r\n\r\n'), `\r\nLocation: ${expected === '//evil.test/' ? '/.//evil.test/' : expected}\r\n`, given)
  }
})
