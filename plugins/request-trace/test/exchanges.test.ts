// Which exchanges are traced, and what their traces have, where the server answers itself.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectHttp2 } from 'node:http2'
import { hostRouting } from '@fastify-arr/host-routing'
import { requestFilter } from '@fastify-arr/request-filter'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import { CHANNELS } from '@fastify-arr/facts'
import type { FastifyInstance } from 'fastify'
import { generate } from 'selfsigned'
import t from 'tap'
import { dataOf, eventsOf, names, serve } from './serving.ts'

function routes (app: FastifyInstance): void {
  app.get('/ok', async () => 'ok')
  app.get('/broken', async () => { throw new Error('broken') })
  app.get('/status/:code', async (request, reply) => reply.code(Number((request.params as { code: string }).code)).send('so be it'))
}

t.test('without rules nothing is subscribed to and no hook is added', async t => {
  const { channel } = await import('node:diagnostics_channel')
  const server = await serve(t, {}, routes)
  for (const name of Object.values(CHANNELS)) if (name !== CHANNELS.traceWritten) t.notOk(channel(name).hasSubscribers, name)
  t.equal((await server.app.inject('/ok')).statusCode, 200)
  t.equal(server.app.traces.size, 0)
  t.equal(server.app.traces.get('fr000001'), undefined)
  t.equal([...server.app.traces].length, 0)
})

t.test('a rule with a status traces this status alone, and the request knows its trace', async t => {
  const traces: unknown[] = []
  const server = await serve(t, { rules: [{ statusCodes: '500-599' }] }, app => {
    routes(app)
    app.addHook('onRequest', async (request, reply) => { reply.raw.on('close', () => { traces.push(request.trace) }) })
  })
  for (const path of ['/ok', '/broken', '/status/404', '/status/503']) await (await fetch(`http://127.0.0.1:${server.port}${path}`)).text()
  const [newest, oldest] = await server.written(2)
  t.match(newest, { id: 'fr000002', status: 503, trigger: '503', failureReason: 'STATUS_CODE' })
  t.match(oldest, { id: 'fr000001', siteId: 1, siteName: 'Default', url: `http://127.0.0.1:${server.port}/broken`, verb: 'GET', httpVersion: '1.1', status: 500, subStatus: 0, trigger: '500', logId: '', processId: process.pid, lost: 0 })
  t.match(oldest!.client, /^127\.0\.0\.1:\d+$/)
  t.same(traces, [null, { id: 'fr000001', file: 'W3SVC1/fr000001' }, null, { id: 'fr000002', file: 'W3SVC1/fr000002' }])
  t.same(names(oldest!), ['GENERAL_REQUEST_START', 'CONNECTION', 'GENERAL_ENDPOINT_INFORMATION', 'GENERAL_REQUEST_HEADERS', 'MODULE_SET_RESPONSE_ERROR_STATUS', 'GENERAL_RESPONSE_HEADERS', 'GENERAL_FLUSH_RESPONSE_END', 'GENERAL_REQUEST_END'])
  t.match(dataOf(oldest!, 'MODULE_SET_RESPONSE_ERROR_STATUS'), { ModuleName: 'Fastify', HttpStatus: 500, HttpReason: 'Internal Server Error' })
  const end = dataOf(oldest!, 'GENERAL_REQUEST_END')
  t.ok(Number(end.BytesSent) > 100 && Number(end.BytesReceived) > 100, 'heads are counted in')
  t.equal(server.app.traces.get('fr000001'), oldest)
  t.equal(server.app.traces.get('W3SVC1/fr000002'), newest)
  t.equal(server.app.traces.get('W3SVC2/fr000002'), undefined)
})

t.test('times of events never go back', async t => {
  const server = await serve(t, { rules: [{}] }, routes)
  await (await fetch(`http://127.0.0.1:${server.port}/ok`)).text()
  const [trace] = await server.written(1)
  const times = trace!.events.map(({ time }) => time)
  t.same(times, [...times].sort((a, b) => a - b))
  t.ok(times.at(-1)! <= trace!.timeTaken)
})

t.test('headers are as they came: their names, their order, each of them', async t => {
  const server = await serve(t, { rules: [{}] }, routes)
  const socket = connect(server.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write('GET /ok HTTP/1.1\r\nhOsT: a.example\r\nX-B: 1\r\nx-a: 2\r\nX-B: 3\r\nConnection: close\r\n\r\n')
  await once(socket.resume(), 'close')
  const [trace] = await server.written(1)
  t.equal(dataOf(trace!, 'GENERAL_REQUEST_HEADERS').Headers, 'hOsT: a.example\r\nX-B: 1\r\nx-a: 2\r\nX-B: 3\r\nConnection: close\r\n')
  t.equal(trace!.url, `http://a.example:${server.port}/ok`, 'with its port')
})

t.test('the first rule whose place fits records; a later one is not asked', async t => {
  const server = await serve(t, { rules: [{ path: '/status/*', statusCodes: '500' }, { statusCodes: '404' }] }, routes)
  for (const path of ['/status/404', '/nowhere', '/status/500']) await (await fetch(`http://127.0.0.1:${server.port}${path}`)).text()
  t.same((await server.written(2)).map(({ url }) => new URL(url).pathname), ['/status/500', '/nowhere'])
})

t.test('areas and their verbosity say which events are kept', async t => {
  const server = await serve(t, { rules: [{ path: '/ok', areas: { General: 'General' } }, { areas: { RequestNotifications: 'Verbose' } }] }, routes)
  await (await fetch(`http://127.0.0.1:${server.port}/ok`)).text()
  await (await fetch(`http://127.0.0.1:${server.port}/broken`)).text()
  const [broken, ok] = await server.written(2)
  t.same(names(ok!), ['GENERAL_REQUEST_START', 'GENERAL_REQUEST_END'])
  t.same(names(broken!), ['GENERAL_REQUEST_START', 'MODULE_SET_RESPONSE_ERROR_STATUS', 'GENERAL_REQUEST_END'])
})

t.test('only the clients that a rule names are traced', async t => {
  const server = await serve(t, { rules: [{ clients: ['192.0.2.0/24'] }] }, routes, () => {}, { trustProxy: true })
  for (const ip of ['198.51.100.1', '192.0.2.9']) await (await fetch(`http://127.0.0.1:${server.port}/ok`, { headers: { 'x-forwarded-for': ip } })).text()
  const traces = await server.written(1)
  t.equal(traces.length, 1)
  t.equal(traces[0]!.client, '192.0.2.9:0')
  t.match(dataOf(traces[0]!, 'CONNECTION').Peer, /^127\.0\.0\.1:/)
})

t.test('one in so many is traced, by chance', async t => {
  const server = await serve(t, { rules: [{ sample: 1_000_000_000 }] }, routes)
  for (let i = 0; i < 5; i++) await (await fetch(`http://127.0.0.1:${server.port}/ok`)).text()
  await server.app.close()
  t.equal(server.app.traces.size, 0)
})

t.test('an exchange that took longer than the rule says is traced', async t => {
  const server = await serve(t, { rules: [{ timeTaken: 30 }] }, app => {
    app.get('/slow', async () => { await new Promise(resolve => { setTimeout(resolve, 60) }); return 'at last' })
  })
  await (await fetch(`http://127.0.0.1:${server.port}/slow`)).text()
  t.match((await server.written(1))[0], { failureReason: 'TIME_TAKEN', trigger: '', status: 200 })
})

t.test('a client that left before it was answered is 499, and got nothing', async t => {
  let arrived = () => {}
  const server = await serve(t, { rules: [{ statusCodes: '499' }] }, app => { app.get('/never', () => { arrived(); return new Promise(() => {}) }) })
  const socket = connect(server.port, '127.0.0.1')
  socket.write('GET /never HTTP/1.1\r\nHost: a\r\n\r\n')
  await new Promise<void>(resolve => { arrived = resolve })
  socket.resetAndDestroy()
  const [trace] = await server.written(1)
  t.match(trace, { status: null, trigger: '499' })
  t.match(dataOf(trace!, 'GENERAL_FLUSH_RESPONSE_END'), { ErrorCode: 64 })
})

t.test('requests that wait in a pipeline have their traces when the connection is lost', async t => {
  let arrived = () => {}
  const server = await serve(t, { rules: [{}] }, app => { app.get('/never', () => { arrived(); return new Promise(() => {}) }) })
  const socket = connect(server.port, '127.0.0.1')
  let count = 0
  const all = new Promise<void>(resolve => { arrived = () => { if (++count === 3) resolve() } })
  socket.write('GET /never HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3))
  await all
  socket.resetAndDestroy()
  t.equal((await server.written(3)).length, 3)
})

for (const order of ['before', 'after'] as const) {
  t.test(`the site and its rule are known where the plugin stands ${order} host-routing`, async t => {
    const sites = async (app: FastifyInstance) => { await app.register(hostRouting, { sites: [{ name: 'Shop', id: 7, bindings: ['http/*:*:shop.example'] }, { name: 'Blog', id: 8, bindings: ['http/*:*:blog.example'] }] }) }
    const rules = [{ site: 'Shop', statusCodes: '200' }, { site: 'Blog', statusCodes: '404' }, { statusCodes: '400' }]
    const server = await serve(t, { rules }, async app => {
      if (order === 'before') await sites(app)
      routes(app)
    }, order === 'after' ? sites : undefined)
    const get = async (host: string, path: string) => {
      const socket = connect(server.port, '127.0.0.1')
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      await once(socket.resume(), 'close')
    }
    await get('shop.example', '/nowhere')
    await get('blog.example', '/ok')
    await get('shop.example', '/ok')
    await get('blog.example', '/nowhere')
    await get('nobody.example', '/ok')
    // host-routing answers what has no site at once: a plugin after it never hears of it.
    const [unknown, blog, shop] = order === 'before' ? await server.written(3) : [undefined, ...await server.written(2)]
    t.match(shop, { siteName: 'Shop', siteId: 7, id: 'fr000001', status: 200 })
    t.match(blog, { siteName: 'Blog', siteId: 8, id: 'fr000001', status: 404 })
    t.match(dataOf(shop!, 'SITE_SELECTED'), { SiteName: 'Shop', SiteId: 7, Binding: 'http shop.example:*' })
    if (order === 'after') return
    t.match(unknown, { siteName: 'Default', siteId: 1, status: 400 })
    t.match(dataOf(unknown!, 'SITE_UNKNOWN'), { Reason: 'Hostname', Host: 'nobody.example' })
    t.match(eventsOf(unknown!, 'MODULE_SET_RESPONSE_ERROR_STATUS').map(({ data }) => data), [{ ModuleName: 'HostRouting', HttpStatus: 400 }])
  })
}

t.test('a request that a filter refuses has its substatus, and the reason', async t => {
  const server = await serve(t, { rules: [{ statusCodes: '404.8' }] }, async app => {
    await app.register(requestFilter, { requestFiltering: { hiddenSegments: ['secret-folder'] } })
    routes(app)
  })
  await fetch(`http://127.0.0.1:${server.port}/nowhere`)
  await fetch(`http://127.0.0.1:${server.port}/secret-folder/x`)
  const [trace] = await server.written(1)
  t.match(trace, { status: 404, subStatus: 8, trigger: '404.8' })
  t.match(dataOf(trace!, 'REQUEST_REJECTED'), { Reason: 'hiddenSegments', HttpStatus: 404, HttpSubStatus: 8 })
  t.match(eventsOf(trace!, 'MODULE_SET_RESPONSE_ERROR_STATUS').map(({ data }) => data), [{ ModuleName: 'RequestFilteringModule', HttpStatus: 404, HttpSubStatus: 8 }])
})

t.test('a warning is enough for a rule that wants one', async t => {
  const server = await serve(t, { rules: [{ verbosity: 'Warning' }] }, async app => {
    await app.register(requestFilter, { requestFiltering: { hiddenSegments: ['secret-folder'] } })
    routes(app)
  })
  await (await fetch(`http://127.0.0.1:${server.port}/ok`)).text()
  await fetch(`http://127.0.0.1:${server.port}/secret-folder/x`)
  t.match((await server.written(1))[0], { failureReason: 'VERBOSITY', trigger: '', status: 404 })
})

t.test('each rule that was tried is told as IIS tells it', async t => {
  const server = await serve(t, { rules: [{}] }, async app => {
    await app.register(urlRewrite, {
      rules: [
        { name: 'other host', match: { url: '.*' }, conditions: { add: [{ input: '{HTTP_HOST}', pattern: '^other' }] }, action: { type: 'Rewrite', url: '/other' } },
        { name: 'old', match: { url: '^old/(.*)' }, serverVariables: [{ name: 'HTTP_X_WAS', value: '{R:1}' }], action: { type: 'Rewrite', url: '/status/{R:1}?a=b' }, stopProcessing: true }
      ]
    })
    routes(app)
  })
  t.equal((await fetch(`http://127.0.0.1:${server.port}/old/418?q=1`)).status, 418)
  const [trace] = await server.written(1)
  t.equal(server.app.traces.size, 1, 'a request that is routed twice is one exchange')
  t.match(trace, { status: 418, url: `http://127.0.0.1:${server.port}/old/418?q=1` })
  const rewrite = names(trace!).slice(4, names(trace!).indexOf('URL_REWRITE_END') + 1)
  t.same(rewrite, ['URL_REWRITE_START', 'RULE_EVALUATION_START', 'PATTERN_MATCH', 'CONDITIONS_EVALUATION_START', 'CONDITION_EVALUATION', 'CONDITIONS_EVALUATION_END', 'RULE_EVALUATION_END',
    'RULE_EVALUATION_START', 'PATTERN_MATCH', 'REWRITE_ACTION', 'GENERAL_SET_REQUEST_HEADER', 'RULE_EVALUATION_END', 'URL_REWRITE_END'])
  t.match(dataOf(trace!, 'CONDITION_EVALUATION'), { Input: '{HTTP_HOST}', ExpandedInput: '127.0.0.1', MatchType: 0, Pattern: '^other', Negate: false, Succeeded: false })
  t.match(eventsOf(trace!, 'PATTERN_MATCH')[1]!.data, { Pattern: '^old/(.*)', Input: 'old/418', Negate: false, Matched: true })
  t.match(dataOf(trace!, 'REWRITE_ACTION'), { RequestURL: /\/status\/418$/, QueryString: 'a=b&q=1', Captures: '{R:0}=old/418 {R:1}=418' })
  t.match(dataOf(trace!, 'GENERAL_SET_REQUEST_HEADER'), { HeaderName: 'x-was', HeaderValue: '418', Replace: true })
})

t.test('a trace that is asked for: the header is seen by nobody, the secret in the query is not shown', async t => {
  const secret = 'open sesame, please'
  let seen: unknown
  const server = await serve(t, { rules: [{ statusCodes: '500', onDemand: { header: 'X-Trace', query: 'trace-please', secret } }] }, app => {
    routes(app)
    app.get('/seen', async request => { seen = [request.headers, request.raw.rawHeaders]; return 'seen' })
  })
  const base = `http://127.0.0.1:${server.port}`
  for (const wrong of ['open sesame', 'open sesame, pleasE', '']) await (await fetch(`${base}/ok?trace-please=${encodeURIComponent(wrong)}`, { headers: { 'x-trace': wrong } })).text()
  await (await fetch(`${base}/seen`, { headers: { 'x-trace': secret } })).text()
  t.notMatch(JSON.stringify(seen), /x-trace|sesame/i)
  const [first] = await server.written(1)
  t.match(first, { failureReason: 'ON_DEMAND', status: 200 })
  t.notMatch(JSON.stringify(first), /x-trace|sesame/i)
  await (await fetch(`${base}/ok?a=1&trace-please=${encodeURIComponent(secret)}&b=2`)).text()
  const [second] = await server.written(2)
  t.match(second!.url, /\/ok\?a=1&trace-please=redacted-\d+-[0-9a-f]{8}&b=2$/)
  t.notMatch(JSON.stringify(second), /sesame/i)
})

t.test('over HTTP/2 with TLS: the session, the pseudo-headers, and the header of a trace that is asked for', async t => {
  const { private: key, cert } = await (generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' } as never) as Promise<{ private: string, cert: string }>)
  const secret = 'open sesame, please'
  let seen: unknown
  const server = await serve(t, { rules: [{ onDemand: { header: 'x-trace', secret } }] }, app => {
    app.get('/seen', async request => { seen = [request.headers, request.raw.rawHeaders]; return 'seen' })
  }, () => {}, { http2: true, https: { key, cert, allowHTTP1: true } } as never)
  const session = connectHttp2(`https://localhost:${server.port}`, { rejectUnauthorized: false })
  t.teardown(() => session.destroy())
  session.on('error', () => {})
  const stream = session.request({ ':path': '/seen?x=1', 'x-trace': secret })
  await once(stream.resume(), 'end')
  const [trace] = await server.written(1)
  t.notMatch(JSON.stringify(seen), /x-trace|sesame/i)
  t.match(trace, { httpVersion: '2', status: 200, verb: 'GET', url: `https://localhost:${server.port}/seen?x=1` })
  t.match(dataOf(trace!, 'CONNECTION'), { Protocol: 'HTTP/2', TlsVersion: 'TLSv1.3', Cipher: /^TLS_/, Sni: 'localhost', Alpn: 'h2' })
  t.match(dataOf(trace!, 'GENERAL_REQUEST_HEADERS').Headers, /^:path: \/seen\?x=1\r\n/)
})

t.test('an injected request is traced, too', async t => {
  const server = await serve(t, { rules: [{}] }, routes)
  await server.app.inject('/ok')
  t.match((await server.written(1))[0], { status: 200 })
})

t.test('two servers in one process do not see each other\'s exchanges', async t => {
  const one = await serve(t, { rules: [{}] }, routes)
  const other = await serve(t, { rules: [{}] }, routes)
  await (await fetch(`http://127.0.0.1:${one.port}/ok`)).text()
  await one.written(1)
  t.equal(other.app.traces.size, 0)
})

t.test('what the message of a channel makes fail is a warning, and nothing else', async t => {
  const server = await serve(t, { rules: [{}] }, app => {
    app.get('/', async request => {
      const { channel } = await import('node:diagnostics_channel')
      channel(CHANNELS.attemptSent).publish({ request, head: null })
      return 'still there'
    })
  })
  t.equal(await (await fetch(`http://127.0.0.1:${server.port}/`)).text(), 'still there')
  await server.written(1)
  t.match(server.lines.find(({ msg }) => String(msg).startsWith('request-trace')), { level: 40, msg: 'request-trace: an exchange could not be recorded' })
})

t.test('with directory null traces are at hand and no file is written', async t => {
  const messages: unknown[] = []
  const listener = (message: unknown) => { messages.push(message) }
  subscribe(CHANNELS.traceWritten, listener)
  t.teardown(() => { unsubscribe(CHANNELS.traceWritten, listener) })
  const server = await serve(t, { directory: null, rules: [{}] }, routes)
  await (await fetch(`http://127.0.0.1:${server.port}/ok`)).text()
  t.equal((await server.written(1)).length, 1)
  t.match(messages, [{ trace: { id: 'fr000001', file: 'W3SVC1/fr000001' }, files: [] }])
})
