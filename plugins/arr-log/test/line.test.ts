import { once } from 'node:events'
import t from 'tap'
import { FIELD_NAMES, type Exchange, type Field } from '../src/index.ts'
import { compileW3c } from '../src/format/w3c.ts'
import { filesIn, onlyFile, rows, send, start } from './server.ts'

const HEAD = /^#Software: Microsoft Internet Information Services 10\.0\r\n#Version: 1\.0\r\n#Date: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\r\n#Fields: (.+)\r\n/
const IIS = 'date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken'
const ARTICLE = 'date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken'
const AGENT = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36'

t.test("a line has the article's columns, in the site's folder, in the day's file, under IIS's four directives", async t => {
  const server = await start(t, { fields: 'article' }, app => { app.get('/page', async () => 'hello') })
  const port = await server.listen()
  await fetch(`http://127.0.0.1:${port}/page?a=1&b=two%20words`, { headers: { 'user-agent': AGENT, referer: 'http://reverseproxy.com/' } })
  await server.app.close()

  const { path, text } = onlyFile(server.directory)
  t.match(path, /^W3SVC1\/u_ex\d{6}\.log$/)
  t.equal(HEAD.exec(text)?.[1], ARTICLE)
  const [row, ...more] = rows(text)
  t.equal(more.length, 0)
  t.equal(path, `W3SVC1/u_ex${row!.date!.slice(2).replaceAll('-', '')}.log`)
  t.match(row, {
    date: /^\d{4}-\d\d-\d\d$/,
    time: /^\d\d:\d\d:\d\d$/,
    's-ip': '127.0.0.1',
    'cs-method': 'GET',
    'cs-uri-stem': '/page',
    'cs-uri-query': 'a=1&b=two%20words',
    's-port': String(port),
    'cs-username': '-',
    'c-ip': '127.0.0.1',
    'cs-version': 'HTTP/1.1',
    'cs(User-Agent)': 'Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36',
    'cs(Referer)': 'http://reverseproxy.com/',
    'sc-status': '200',
    'sc-substatus': '0',
    'sc-win32-status': '0',
    'time-taken': /^\d+$/
  })
})

t.test("by default a line has IIS's own fifteen columns; `all` has every column but the cookie", async t => {
  for (const [fields, expected] of [[undefined, IIS], ['iis', IIS], ['all', FIELD_NAMES.filter(name => name !== 'cs(Cookie)').join(' ')]] as const) {
    const server = await start(t, fields === undefined ? {} : { fields }, app => { app.get('/', async () => 'hello') })
    await server.listen()
    await fetch(`http://127.0.0.1:${server.port}/`, { headers: { cookie: 'secret=1' } })
    await server.app.close()
    const { text } = onlyFile(server.directory)
    t.equal(HEAD.exec(text)?.[1], expected)
    t.notMatch(text, 'secret=1')
  }
})

t.test('the columns of a line are those chosen, one space apart, whichever values they share with the line before', t => {
  const at = Date.UTC(2022, 8, 30, 20, 53, 35)
  const values: Partial<Record<Field, string>> = { date: '2022-09-30', time: '20:53:35', 's-ip': '127.0.0.1', 'cs-username': '-', 'sc-status': '200' }
  const exchange = { endedAt: at, serverIp: '127.0.0.1', username: null, status: 200, custom: { Tenant: 'a b' } } as unknown as Exchange
  const names = Object.keys(values) as Field[]
  for (let choice = 0; choice < 1 << names.length; choice++) {
    const fields = names.filter((_, i) => (choice >> i & 1) === 1)
    for (const custom of fields.length === 0 ? [['Tenant']] : [[], ['Tenant']]) {
      const { line } = compileW3c({ fields, custom, software: 'x' })
      const expected = [...fields.map(name => values[name]), ...custom.map(() => 'a+b')].join(' ')
      t.equal(line(exchange), expected)
      t.equal(line(exchange), expected)
      t.equal(line({ ...exchange, endedAt: at + 86_401_000, status: 404 }), expected.replace('2022-09-30', '2022-10-01').replace('20:53:35', '20:53:36').replace('200', '404'))
    }
  }
  t.end()
})

t.test('each exchange is one entry of the log, and its message is the line', async t => {
  const server = await start(t, {}, app => { app.get('/', async () => 'hello') })
  await server.listen()
  await fetch(`http://127.0.0.1:${server.port}/`)
  const [entry] = await server.told(1)
  await server.app.close()
  t.ok(onlyFile(server.directory).text.endsWith(`${entry!.msg}\r\n`))
  t.match(entry!.exchange, { site: 'Default', siteId: 1, method: 'GET', path: '/', status: 200, clientIp: '127.0.0.1', serverPort: server.port })
})

t.test("ARR's parameters follow the query where the request was proxied", async t => {
  const upstream = { logId: 'ad279eb5-5553-4609-8c40-4f529aee77f7', server: 'http://localhost:8080', routed: null, status: 200, error: null, tunnel: null }
  const server = await start(t, {}, app => {
    app.get('/*', async request => {
      const routed = request.url.startsWith('/farm') ? '10.0.0.7' : null
      Object.assign(request, { site: { name: 'ReverseProxy', id: 2 }, upstream: { ...upstream, routed, status: request.url.startsWith('/silent') ? null : 200 } })
      return 'proxied'
    })
  })
  await server.listen()
  for (const path of ['/', '/app/list?_rsc=m9hcm', '/farm', '/silent']) await fetch(`http://127.0.0.1:${server.port}${path}`)
  await server.app.close()
  const { path, text } = onlyFile(server.directory)
  t.match(path, /^W3SVC2\//)
  t.strictSame(rows(text).map(row => row['cs-uri-query']), [
    'X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=ad279eb5-5553-4609-8c40-4f529aee77f7&SERVER-STATUS=200',
    '_rsc=m9hcm&X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=ad279eb5-5553-4609-8c40-4f529aee77f7&SERVER-STATUS=200',
    'X-ARR-CACHE-HIT=0&SERVER-ROUTED=10.0.0.7&X-ARR-LOG-ID=ad279eb5-5553-4609-8c40-4f529aee77f7&SERVER-STATUS=200',
    'X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=ad279eb5-5553-4609-8c40-4f529aee77f7'
  ])
})

t.test('a client that disconnects before the answer is 499 and win32 64, in one line', async t => {
  let arrived: () => void
  const asked = new Promise<void>(resolve => { arrived = resolve })
  const server = await start(t, {}, app => {
    app.get('/slow', () => { arrived(); return new Promise(() => {}) })
  })
  await server.listen()
  const socket = send(t, server.port, 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  await asked
  socket.destroy()
  await once(socket, 'close')
  const entries = await server.told(1)
  t.match(entries[0]!.exchange, { path: '/slow', status: 499, substatus: 0, win32Status: 64 })
})

t.test('an answer that is cut keeps its status, and the win32 status says which side cut it', async t => {
  const server = await start(t, {}, app => {
    app.get('/download', (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200)
      reply.raw.write('the first half')
    })
    app.get('/broken', (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200)
      reply.raw.write('the first half', () => reply.raw.destroy())
    })
  })
  await server.listen()
  const socket = send(t, server.port, 'GET /download HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(socket, 'data')
  socket.destroy()
  await server.told(1)
  send(t, server.port, 'GET /broken HTTP/1.1\r\nHost: a\r\n\r\n').resume()
  const entries = await server.told(2)
  t.match(entries[0]!.exchange, { status: 200, win32Status: 64 }, 'the client')
  t.match(entries[1]!.exchange, { status: 200, win32Status: 1236 }, 'the server')
})

t.test('a request that reached no site goes to the httperr log, with its reason', async t => {
  const server = await start(t, {}, app => {
    app.get('/', async (request, reply) => {
      Object.assign(request, { rejection: { reason: 'Hostname' } })
      return await reply.code(400).send('Bad Request - Invalid Hostname')
    })
  })
  await server.listen()
  await fetch(`http://127.0.0.1:${server.port}/?x=y`)
  await server.app.close()
  const { path, text } = onlyFile(server.directory)
  t.equal(path, 'HTTPERR/httperr1.log')
  t.match(rows(text), [{ 'cs-uri': '/?x=y', 'cs-method': 'GET', 'cs-version': 'HTTP/1.1', 'sc-status': '400', 's-siteid': '-', 's-reason': 'Hostname', 's-port': String(server.port) }])
})

t.test('a request that a filter has refused is a line in the site\'s log, with its substatus where the status is the filter\'s', async t => {
  const server = await start(t, {}, app => {
    app.get('/:status', async (request, reply) => {
      Object.assign(request, { rejection: Object.freeze({ reason: 'hiddenSegments', statusCode: 404, subStatusCode: 8, detail: 'bin' }) })
      return await reply.code(Number((request.params as { status: string }).status)).send('refused')
    })
    app.get('/cut', (request, reply) => {
      Object.assign(request, { rejection: { reason: 'ipSecurity', statusCode: 403, subStatusCode: 6 } })
      reply.hijack()
      request.raw.socket.destroy()
    })
  })
  await server.listen()
  await fetch(`http://127.0.0.1:${server.port}/404`)
  await fetch(`http://127.0.0.1:${server.port}/410`)
  await t.rejects(fetch(`http://127.0.0.1:${server.port}/cut`))
  await server.app.close()
  const { path, text } = onlyFile(server.directory)
  t.match(path, /^W3SVC1\//)
  t.same(rows(text).map(row => [row['sc-status'], row['sc-substatus']]), [['404', '8'], ['410', '0'], ['444', '0']])
  t.same(server.entries.map(({ exchange }) => exchange.refused), [{ reason: 'hiddenSegments', detail: 'bin' }, { reason: 'hiddenSegments', detail: 'bin' }, { reason: 'ipSecurity', detail: null }])
  t.ok(server.entries.every(({ exchange }) => exchange.rejection === undefined))
})

t.test('with file: false there are entries and no files', async t => {
  const server = await start(t, { file: false })
  await server.app.inject('/')
  await server.app.close()
  t.strictSame(filesIn(server.directory), {})
  t.match(server.entries[0]!.exchange, { status: 404, win32Status: 0 }, 'an injected request is finished')
})
