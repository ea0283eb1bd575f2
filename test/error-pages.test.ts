// Pages for errors in front of a real backend: what the family answers itself gets them, what the backend answers with Replace alone.
import { createServer, request as ask, Agent, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { connect } from 'node:http2'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { errorPages, type ErrorPagesOptions } from '@fastify-arr/error-pages'
import { staticContent } from '@fastify-arr/static-content'
import { upstreamProxy, type UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import { urlRewrite, type UrlRewriteOptions } from '@fastify-arr/url-rewrite'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'

const SECRET = 'the secret of the backend'
const PAGES = { '*': { text: 'a page' } }

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

type Get = (fastify: FastifyInstance, path: string, headers?: Readonly<Record<string, string>>, method?: string) => Promise<Answer>

const portOf = ({ server }: Pick<FastifyInstance, 'server'>): number => (server.address() as AddressInfo).port

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
t.teardown(() => agent.destroy())

/** All on one connection: an answer that is not framed as it says would spoil the next. */
const get1: Get = (fastify, path, headers = {}, method = 'GET') => new Promise((resolve, reject) => {
  ask({ host: '127.0.0.1', port: portOf(fastify), path, method, headers, agent }, response => {
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part))
    response.on('end', () => { resolve({ status: response.statusCode as number, headers: response.headers, body: String(Buffer.concat(parts)) }) })
    response.on('error', reject)
  }).on('error', reject).end()
})

const get2: Get = (fastify, path, headers = {}, method = 'GET') => new Promise((resolve, reject) => {
  const session = connect(`http://127.0.0.1:${portOf(fastify)}`)
  session.on('error', reject)
  const stream = session.request({ ':path': path, ':method': method, ...headers })
  const parts: Buffer[] = []
  let head: IncomingHttpHeaders = {}
  stream.on('response', given => { head = given as IncomingHttpHeaders })
  stream.on('data', (part: Buffer) => parts.push(part))
  stream.on('error', reject)
  stream.on('end', () => {
    session.close()
    resolve({ status: Number(head[':status']), headers: head, body: String(Buffer.concat(parts)) })
  })
  stream.end()
})

/** A backend that fails in every way, and opens WebSockets at `/socket`. */
async function backendOf (t: Test): Promise<string> {
  const gzipped = gzipSync(SECRET)
  const answers: Readonly<Record<string, RequestListener>> = {
    '/fine': (_request, response) => { response.end('fine') },
    '/plain': (_request, response) => { response.writeHead(404, 'Secret phrase', { 'content-type': 'text/x-secret', etag: '"secret"', 'set-cookie': 'a=b', 'x-kept': 'yes', 'content-length': SECRET.length }).end(SECRET) },
    '/gzip': (_request, response) => { response.writeHead(500, { 'content-encoding': 'gzip', 'content-length': gzipped.length }).end(gzipped) },
    '/chunked': (request, response) => {
      response.writeHead(503, { 'content-encoding': 'br', 'retry-after': '7', ...request.method !== 'HEAD' && { trailer: 'x-secret' } })
      response.write(brotliCompressSync(SECRET))
      response.addTrailers({ 'x-secret': SECRET })
      setImmediate(() => response.end())
    },
    '/long': (_request, response) => { response.writeHead(500).end(Buffer.alloc(3_000_000, 'x')) },
    '/cut': (request, response) => {
      response.writeHead(500, { 'content-length': 1000 })
      response.write('half')
      setImmediate(() => request.socket.destroy())
    },
    '/empty': (_request, response) => { response.writeHead(401, { 'www-authenticate': 'Basic', 'content-length': 0 }).end() },
    '/gone': request => { request.socket.destroy() },
    '/never': () => {},
    '/garbage': request => { request.socket.end('garbage\r\n\r\n') }
  }
  const server = createServer((request, response) => { (answers[request.url ?? ''] ?? answers['/plain'] as RequestListener)(request, response) })
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/socket') sockets.handleUpgrade(request, socket, head, one => { one.send('hello') })
    else socket.end(`HTTP/1.1 403 No\r\nContent-Length: ${SECRET.length}\r\nContent-Type: text/x-secret\r\n\r\n${SECRET}`)
  })
  t.teardown(() => {
    for (const one of sockets.clients) one.terminate()
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function siteOf (t: Test, options: ErrorPagesOptions, upstream: string, http2 = false, more: (fastify: FastifyInstance) => unknown = () => {}, proxy: UpstreamProxyOptions = {}): Promise<FastifyInstance> {
  const fastify = (http2 ? Fastify({ http2: true }) : Fastify()) as unknown as FastifyInstance
  t.teardown(() => fastify.close())
  await fastify.register(errorPages, options)
  await more(fastify)
  await fastify.register(upstreamProxy, { upstream, websocket: true, ...proxy })
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return fastify
}

for (const [http, get] of [['1.1', get1], ['2', get2]] as const) {
  for (const existingResponse of ['Auto', 'Replace'] as const) {
    t.test(`${existingResponse}, HTTP/${http}: what the proxy answers itself gets the page, whatever the client accepts`, async t => {
      const options: ErrorPagesOptions = { pages: { '*': { text: 'another' }, 502: { text: 'a page' }, 504: { redirect: '/sorry' }, 502.3: { text: 'no backend' } }, existingResponse }
      const backend = await backendOf(t)
      const fastify = await siteOf(t, options, backend, http === '2')
      const impatient = await siteOf(t, options, backend, http === '2', () => {}, { timeouts: { firstByte: 100 } })
      for (const accept of ['text/html', 'application/json']) {
        for (const path of ['/gone', '/garbage']) {
          const { status, body } = await get(fastify, path, { accept })
          t.same([status, body], [502, 'no backend'], `${path} ${accept}`)
        }
        const { status, headers, body } = await get(impatient, '/never', { accept })
        t.same([status, headers.location, body], [302, '/sorry', ''], accept)
      }
      const head = await get(fastify, '/gone', {}, 'HEAD')
      t.same([head.status, head.headers['content-length'], head.body], [502, '10', ''])
      t.equal((await get(fastify, '/fine')).body, 'fine')
    })
  }

  t.test(`Auto, HTTP/${http}: what the backend answers passes as it came`, async t => {
    const backend = await backendOf(t)
    const fastify = await siteOf(t, { pages: PAGES }, backend, http === '2')
    const { status, headers, body } = await get(fastify, '/plain')
    t.same([status, headers['content-type'], headers.etag, body], [404, 'text/x-secret', '"secret"', SECRET])
    t.equal((await get(fastify, '/gzip')).headers['content-encoding'], 'gzip')
    t.equal((await get(fastify, '/empty')).body, '')
    t.equal((await get(fastify, '/long')).body.length, 3_000_000)
  })

  t.test(`Replace, HTTP/${http}: nothing of the backend's body or of its headers about it reaches the client`, async t => {
    const fastify = await siteOf(t, { pages: PAGES, existingResponse: 'Replace' }, await backendOf(t), http === '2')
    const statuses = { '/plain': 404, '/gzip': 500, '/chunked': 503, '/long': 500, '/empty': 401, '/cut': 500, '/none': 404 }
    for (const [path, expected] of Object.entries(statuses)) {
      // Of a HEAD, there is no body to be cut in.
      for (const method of path === '/cut' ? ['GET', 'POST'] : ['GET', 'HEAD', 'POST']) {
        const { status, headers, body } = await get(fastify, path, method === 'POST' ? { 'content-length': '0' } : { range: 'bytes=0-1', 'if-none-match': '"secret"' }, method)
        t.same([status, body, headers['content-length']], [expected, method === 'HEAD' ? '' : 'a page', '6'], `${method} ${path}`)
        for (const name of ['content-encoding', 'etag', 'transfer-encoding', 'trailer']) t.equal(headers[name], undefined, `${method} ${path} ${name}`)
        t.equal(headers['content-type'], 'text/html; charset=utf-8')
        t.notMatch(JSON.stringify(headers), /secret/)
      }
    }
    const { headers } = await get(fastify, '/plain')
    t.same(headers['set-cookie'], ['a=b'])
    t.equal(headers['x-kept'], 'yes')
    t.equal((await get(fastify, '/chunked')).headers['retry-after'], '7')
    t.equal((await get(fastify, '/empty')).headers['www-authenticate'], 'Basic')
    t.equal((await get(fastify, '/fine')).body, 'fine')
  })
}

t.test('Replace: the reason phrase of the backend is not sent', async t => {
  const fastify = await siteOf(t, { pages: PAGES, existingResponse: 'Replace' }, await backendOf(t))
  const phrase = await new Promise<string | undefined>((resolve, reject) => {
    ask({ host: '127.0.0.1', port: portOf(fastify), path: '/plain', agent: false }, response => {
      response.resume()
      resolve(response.statusMessage)
    }).on('error', reject).end()
  })
  t.equal(phrase, 'Not Found')
})

for (const existingResponse of ['Auto', 'Replace'] as const) {
  t.test(`${existingResponse}: WebSockets open, and a handshake that the backend refuses ${existingResponse === 'Auto' ? 'passes as it came' : 'gets the page'}`, async t => {
    const fastify = await siteOf(t, { pages: PAGES, existingResponse }, await backendOf(t))
    t.equal(await said(fastify, '/socket'), 'hello')
    t.equal(await said(fastify, '/refused'), existingResponse === 'Auto' ? `403 ${SECRET}` : '403 a page')
    t.equal(await said(fastify, '/socket'), 'hello', 'and the next one opens')
  })

  t.test(`${existingResponse}: a handshake without a backend is refused with the page`, async t => {
    const fastify = await siteOf(t, { pages: PAGES, existingResponse }, 'http://127.0.0.1:1')
    t.equal(await said(fastify, '/socket'), '502 a page')
  })
}

/** The first message of a WebSocket, or its refusal with the body. */
function said (fastify: FastifyInstance, path: string): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${portOf(fastify)}${path}`)
  return new Promise((resolve, reject) => {
    socket.on('message', text => {
      resolve(String(text))
      socket.terminate()
    })
    socket.on('unexpected-response', (_request, response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (part: string) => { body += part }).on('end', () => { resolve(`${response.statusCode ?? 0} ${body}`) })
    })
    socket.on('error', reject)
  })
}

for (const order of ['before', 'after']) {
  t.test(`an error handler of the user's, set ${order} the proxy, answers what the proxy fails with`, async t => {
    const handle = (fastify: FastifyInstance): void => { fastify.setErrorHandler((error, _request, reply) => { reply.code(502).type('text/html').send(`mine ${(error as { code?: string }).code ?? ''}`) }) }
    const fastify = Fastify()
    t.teardown(() => fastify.close())
    await fastify.register(errorPages, { pages: PAGES })
    if (order === 'before') handle(fastify)
    await fastify.register(upstreamProxy, { upstream: await backendOf(t) })
    if (order === 'after') handle(fastify)
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    t.equal((await get1(fastify, '/gone', { accept: 'text/html' })).body, 'mine FST_ARR_UPSTREAM_RESET')
  })
}

t.test('a rule\'s own answer, and what a folder refuses, get the page by their substatus', async t => {
  const root = await mkdtemp(join(tmpdir(), 'error-pages-'))
  t.teardown(() => rm(root, { recursive: true, force: true }))
  await mkdir(join(root, 'folder'))
  await writeFile(join(root, 'a.unknown'), 'x')
  await writeFile(join(root, '404.html'), 'not found')
  const rewriting: UrlRewriteOptions = {
    rules: [
      { name: 'teapot', match: { url: '^teapot$' }, action: { type: 'CustomResponse', statusCode: 403, subStatusCode: 900, statusReason: 'Own phrase', statusDescription: 'own description' } },
      { name: 'backend', match: { url: '^backend/(.*)' }, action: { type: 'Rewrite', url: `${await backendOf(t)}/{R:1}` } }
    ]
  }
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(errorPages, {
    pages: { 404: { file: join(root, '404.html') }, 404.3: { text: 'type' }, 404.8: { text: 'segment' }, 403.14: { text: 'listing' }, '403.900': { text: 'teapot' }, 502: { text: 'gateway' } }
  })
  await fastify.register(urlRewrite, rewriting)
  await fastify.register(staticContent, { folders: [{ root }] })
  await fastify.register(upstreamProxy, {})
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const expected = { '/teapot': '403 teapot', '/a.unknown': '404 type', '/bin/x': '404 segment', '/folder/': '403 listing', '/none': '404 not found', '/backend/gone': '502 gateway', '/backend/plain': `404 ${SECRET}`, '/404.html': '200 not found' }
  for (const [path, answer] of Object.entries(expected)) {
    const { status, body } = await get1(fastify, path)
    t.equal(`${status} ${body}`, answer, path)
  }
})
