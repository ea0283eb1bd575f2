import { once } from 'node:events'
import { connect } from 'node:http2'
import fastify from 'fastify'
import t from 'tap'
import { arrLog, type ArrLogOptions, type CustomField } from '../src/index.ts'
import { filesIn, onlyFile, rows, send, start } from './server.ts'

t.test('all mistakes in the options are reported in one error', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  const options = {
    directory: '',
    format: 'iis',
    fields: ['date', 'cs-nothing'],
    period: 'yearly',
    truncateSize: 5,
    central: 'yes',
    software: 'two\r\nlines',
    retain: { files: 0, days: 1.5 },
    flushInterval: -1,
    file: 1,
    logOpening: 1,
    username: 'me',
    redactQuery: 'token',
    site: { name: 'x', id: 0 },
    reopenSignal: 'HUP',
    customFields: [{}, { logFieldName: 'a b' }, { logFieldName: 'a', sourceType: 'Cookie' }, { logFieldName: 'a', sourceType: 'Function' }, { logFieldName: 'date', sourceType: 'RequestHeader' }, { logFieldName: 'b', sourceType: 'ServerVariable', sourceName: 'lower' }],
    prefix: '/ignored',
    logLevel: 'ignored'
  }
  const error = await t.rejects(async () => { await app.register(arrLog, options as never) }) as Error & { code: string }
  t.equal(error.code, 'FST_ARR_LOG_INVALID_OPTIONS')
  const words = ['directory', 'format', '`fields` has "cs-nothing"', 'period', 'truncateSize', 'central', 'software', 'retain.files', 'retain.days', 'flushInterval', '`file` must', 'logOpening', 'username', 'redactQuery', 'site', 'reopenSignal', '`customFields[0]` needs', '`customFields[1]` (a b)', 'sourceType', 'name of another column', 'upper case']
  for (const word of words) t.ok(error.message.includes(word), word)
  t.notMatch(error.message, /ignored|prefix/)
})

t.test('an unknown option is a mistake, reported with the others', async t => {
  const register = async (options: object): Promise<void> => {
    const app = fastify()
    t.teardown(() => app.close())
    await app.register(arrLog, { file: false, ...options })
  }
  await t.rejects(register({ redactQuerry: ['token'], bogus: undefined, flushSize: 0 }), { code: 'FST_ARR_LOG_INVALID_OPTIONS', message: /`redactQuerry` is no option; the nearest is `redactQuery`; `bogus` is no option; there are directory, .*reopenSignal; .*`flushSize` must/ })
  // @fastify/autoload 6.5.0, index.js: register(plugin, { ...autoConfig, ...options, prefix }); `prefix` may be undefined.
  await register({ prefix: undefined, logSerializers: {} })
})

t.test('every option can be left out, or be undefined', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  const names = ['format', 'fields', 'period', 'truncateSize', 'central', 'software', 'retain', 'flushInterval', 'log', 'username', 'redactQuery', 'site', 'reopenSignal', 'customFields']
  await t.resolves(async () => { await app.register(arrLog, Object.fromEntries(names.map(name => [name, undefined])) as ArrLogOptions) })
})

t.test('columns have IIS\'s order, custom fields follow time-taken in their own order', async t => {
  const customFields: CustomField[] = [
    { logFieldName: 'X-Forwarded-For', sourceType: 'RequestHeader', sourceName: 'X-FORWARDED-FOR' },
    { logFieldName: 'Cache', sourceType: 'ResponseHeader', sourceName: 'Cache-Control' },
    { logFieldName: 'Rule', sourceType: 'ServerVariable', sourceName: 'MY_RULE' },
    { logFieldName: 'Tls', sourceType: 'ServerVariable', sourceName: 'HTTPS' },
    { logFieldName: 'Accept', sourceType: 'ServerVariable', sourceName: 'HTTP_ACCEPT' },
    { logFieldName: 'Length', sourceType: 'Function', value: (_request, reply) => Number(reply.getHeader('content-length')) },
    { logFieldName: 'Key', sourceType: 'RequestHeader', sourceName: 'Authorization' }
  ]
  const server = await start(t, { fields: ['time-taken', 'sc-status', 'cs(Cookie)', 'cs-host', 'cs-username', 'date', 'time', 's-sitename'], customFields, username: () => 'CORP\\jane doe' }, app => {
    app.get('/', async (request, reply) => {
      Object.assign(request, { rewrite: { rule: 'one', serverVariables: { MY_RULE: 'rule one' } } })
      return await reply.header('cache-control', 'no-cache, private').send('12345')
    })
  })
  await server.listen()
  await fetch(`http://127.0.0.1:${server.port}/`, { headers: { 'x-forwarded-for': '192.0.2.1', cookie: 'a=b; c=d', authorization: 'Bearer secret', accept: 'text/html' } })
  const [entry] = await server.told(1)
  await server.app.close()
  const { path, text } = onlyFile(server.directory)
  t.match(path, /_x\.log$/)
  t.match(text, /#Fields: date time s-sitename cs-username cs\(Cookie\) cs-host sc-status time-taken X-Forwarded-For Cache Rule Tls Accept Length Key\r\n/)
  t.match(rows(text)[0], { 's-sitename': 'W3SVC1', 'cs-username': 'CORP\\jane+doe', 'cs(Cookie)': 'a=b;+c=d', 'cs-host': `127.0.0.1:${server.port}`, 'X-Forwarded-For': '192.0.2.1', Cache: 'no-cache,+private', Rule: 'rule+one', Tls: 'off', Accept: 'text/html', Length: '5', Key: 'Bearer+secret' })
  t.strictSame(entry!.exchange.custom, { 'X-Forwarded-For': '192.0.2.1', Cache: 'no-cache, private', Rule: 'rule one', Tls: 'off', Accept: 'text/html', Length: '5' })
  t.equal(entry!.exchange.rule, 'one')
  t.notMatch(JSON.stringify(entry!.exchange), /secret|a=b/, 'cookies and keys never stand in the entry')
})

t.test('server variables have the connection\'s addresses on HTTP/2 as well', async t => {
  const customFields = ['HTTPS', 'LOCAL_ADDR', 'REMOTE_ADDR', 'REMOTE_PORT', 'SERVER_PORT', 'SERVER_PORT_SECURE']
    .map((name): CustomField => ({ logFieldName: name, sourceType: 'ServerVariable', sourceName: name }))
  const app = fastify({ http2: true })
  t.teardown(() => app.close())
  const directory = t.testdir()
  await app.register(arrLog, { directory, customFields })
  app.get('/', async () => 'x')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const session = connect(`http://127.0.0.1:${port}`)
  await once(session, 'connect')
  const { localPort } = session.socket
  await once(session.request({ ':path': '/' }).resume(), 'close')
  session.close()
  await app.close()
  t.match(rows(onlyFile(directory).text), [{ HTTPS: 'off', LOCAL_ADDR: '127.0.0.1', REMOTE_ADDR: '127.0.0.1', REMOTE_PORT: String(localPort), SERVER_PORT: String(port), SERVER_PORT_SECURE: '0' }])
})

t.test('an option function that throws loses the line of its exchange, and does not crash the server', async t => {
  const server = await start(t, { username: () => { throw new Error('no') } }, app => { app.get('/', async () => 'still here') })
  t.equal((await server.app.inject('/')).body, 'still here')
  await server.app.close()
  t.match(server.others.find(entry => entry.msg === 'an exchange could not be logged'), { level: 50, err: { message: 'no' } })
})

t.test('secrets in queries are masked in the line, in the entry and in the referer', async t => {
  const server = await start(t, { redactQuery: ['access_token'] }, app => { app.get('/', async () => 'x') })
  await server.listen()
  await fetch(`http://127.0.0.1:${server.port}/?a=1&access_token=hidden`, { headers: { referer: 'https://a/?access_token=hidden' } })
  await fetch(`http://127.0.0.1:${server.port}/%zz?access_token=hidden`)
  await server.app.close()
  t.notMatch(JSON.stringify([filesIn(server.directory), server.entries, server.others]), /hidden/)
  t.match(server.entries[0]!.exchange, { query: 'a=1&access_token=***', referer: 'https://a/?access_token=***' })
})

t.test('secrets in queries are masked in custom fields as well', async t => {
  const server = await start(t, {
    redactQuery: ['access_token'],
    customFields: [
      { logFieldName: 'query', sourceType: 'ServerVariable', sourceName: 'QUERY_STRING' },
      { logFieldName: 'uri', sourceType: 'ServerVariable', sourceName: 'REQUEST_URI' },
      { logFieldName: 'original', sourceType: 'RequestHeader', sourceName: 'X-Original-URL' },
      { logFieldName: 'location', sourceType: 'ResponseHeader', sourceName: 'Location' }
    ]
  }, app => { app.get('/', async (_request, reply) => reply.redirect('/next?access_token=hidden')) })
  await server.app.inject({ url: '/?a=b?c&access_token=hidden', headers: { 'x-original-url': '/?access_token=hidden' } })
  await server.app.close()
  t.notMatch(JSON.stringify([filesIn(server.directory), server.entries]), /hidden/)
  t.strictSame(server.entries[0]!.exchange.custom, { query: 'a=b?c&access_token=***', uri: '/?a=b?c&access_token=***', original: '/?access_token=***', location: '/next?access_token=***' })
})

t.test('the rewritten URL is logged where the rule says so, else the original one', async t => {
  const server = await start(t, {}, app => {
    app.get('/*', async request => {
      Object.assign(request, { rewrite: { url: 'http://localhost:8080/new/place?x=1', rule: 'r', logRewrittenUrl: request.url.startsWith('/told') } })
    })
  })
  for (const url of ['/told?a=b', '/kept?a=b']) await server.app.inject(url)
  t.match(server.entries.map(({ exchange: { path, query } }) => ({ path, query })), [{ path: '/new/place', query: 'x=1' }, { path: '/kept', query: 'a=b' }])
})

t.test('one central file holds all sites, with their names', async t => {
  const server = await start(t, { central: true }, app => {
    app.get('/:id', async request => { Object.assign(request, { site: { name: 'x', id: Number((request.params as { id: string }).id) } }) })
  })
  for (const id of [1, 2]) await server.app.inject(`/${id}`)
  await server.app.close()
  const { path, text } = onlyFile(server.directory)
  t.match(path, /^u_ex\d+\.log$/)
  t.strictSame(rows(text).map(row => row['s-sitename']), ['W3SVC1', 'W3SVC2'])
})

t.test('other formats: NCSA combined and JSON lines', async t => {
  for (const format of ['ncsa', 'json'] as const) {
    const server = await start(t, { format, username: () => 'jane' }, app => { app.get('/', async () => 'x') })
    await server.listen()
    await fetch(`http://127.0.0.1:${server.port}/?q="x"`, { headers: { 'user-agent': 'the "agent"' } })
    await server.app.close()
    const { path, text } = onlyFile(server.directory)
    if (format === 'ncsa') {
      t.match(path, /^W3SVC1\/u_nc\d{6}\.log$/)
      t.match(text, /^127\.0\.0\.1 - jane \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/\?q=%22x%22 HTTP\/1\.1" 200 \d+ "-" "the \\"agent\\""\r\n$/)
    } else {
      t.match(path, /^W3SVC1\/u_js\d{6}\.log$/)
      t.match(JSON.parse(text), { time: /^\d{4}-.*Z$/, method: 'GET', path: '/', query: 'q=%22x%22', status: 200, username: 'jane' })
    }
  }
})

t.test('with log: false there is only the file, and a silent logger gets no entries', async t => {
  const server = await start(t, { log: false })
  await server.app.inject('/')
  await server.app.close()
  t.equal(server.entries.length, 0)
  t.equal(rows(onlyFile(server.directory).text).length, 1)
})

t.test('the absolute form of a request line is logged as a path', async t => {
  const server = await start(t)
  await server.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = server.app.server.address() as { port: number }
  for (const target of ['http://a/b?c=d', 'http://a?c=d', 'http://a', '*']) {
    const before = server.entries.length + server.others.filter(entry => entry.rejected).length
    const method = target === '*' ? 'OPTIONS' : 'GET'
    send(t, port, `${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`).resume()
    while (server.entries.length + server.others.filter(entry => entry.rejected).length === before) await new Promise(setImmediate)
  }
  t.strictSame(server.entries.map(({ exchange: { path, query } }) => [path, query]), [['/b', 'c=d'], ['/', 'c=d'], ['/', null], ['*', null]])
})
