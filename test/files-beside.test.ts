// Files beside the proxy: what a rule leads to a URL goes there, what the site's folder has is served, the rest is the proxy's.
import { readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arrLog } from '@fastify-arr/arr-log'
import { startBackend } from '@fastify-arr/backend'
import { staticContent } from '@fastify-arr/static-content'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'

async function folderOf (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'files-beside-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'page.html'), 'from the folder')
  await writeFile(join(folder, 'data.unknown'), 'x')
  await writeFile(join(folder, 'web.config'), 'x')
  return folder
}

const url = (fastify: FastifyInstance, path: string): string => `http://127.0.0.1:${(fastify.server.address() as AddressInfo).port}${path}`

for (const order of ['files first', 'proxy first']) {
  t.test(`${order}: the folder's files are served, and all else goes to the upstream`, async t => {
    const folder = await folderOf(t)
    const upstream = Fastify()
    t.teardown(() => upstream.close())
    upstream.all('/*', async request => `upstream ${request.method} ${request.url}`)
    await upstream.listen({ port: 0, host: '127.0.0.1' })
    const fastify = Fastify()
    t.teardown(() => fastify.close())
    const files = () => fastify.register(staticContent, { folders: [{ root: folder }] })
    if (order === 'files first') await files()
    await fastify.register(upstreamProxy, { upstream: url(upstream, '') })
    if (order !== 'files first') await files()
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    t.equal(await (await fetch(url(fastify, '/page.html'))).text(), 'from the folder')
    t.equal(await (await fetch(url(fastify, '/other.html?a=1'))).text(), 'upstream GET /other.html?a=1')
    t.equal(await (await fetch(url(fastify, '/page.html'), { method: 'POST', body: 'x' })).text(), 'upstream POST /page.html')
    t.equal((await fetch(url(fastify, '/web.config'))).status, 404, 'never, and not from the upstream either')
  })
}

t.test('a WebSocket goes to the upstream, whatever files there are', async t => {
  const folder = await folderOf(t)
  const backend = await startBackend({ port: 0 })
  t.teardown(() => backend.close())
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(staticContent, { folders: [{ root: folder }] })
  await fastify.register(upstreamProxy, { upstream: url(backend, '') })
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  for (const path of ['/', '/page.html']) {
    const socket = new WebSocket(url(fastify, path).replace('http', 'ws'))
    const opened = await new Promise<string>(resolve => {
      socket.on('open', () => resolve('open'))
      socket.on('unexpected-response', (_request, response) => resolve(`${response.statusCode}`))
      socket.on('error', error => resolve(error.message))
    })
    t.equal(opened, path === '/' ? 'open' : '404', path)
    socket.terminate()
  }
})

t.test('rules go first: a URL is the upstream\'s, a path the folder\'s; the log tells of files with IIS\'s substatus', async t => {
  const folder = await folderOf(t)
  const upstream = Fastify()
  t.teardown(() => upstream.close())
  upstream.get('/*', async request => `upstream ${request.url}`)
  await upstream.listen({ port: 0, host: '127.0.0.1' })
  const logs = join(folder, 'logs')
  const fastify = Fastify()
  await fastify.register(arrLog, { directory: logs })
  await fastify.register(urlRewrite, {
    globalRules: [
      { name: 'api', stopProcessing: true, match: { url: '^api/(.*)' }, action: { type: 'Rewrite', url: `${url(upstream, '')}/{R:1}` } },
      { name: 'old', match: { url: '^old$' }, action: { type: 'Rewrite', url: 'page.html' } }
    ]
  })
  await fastify.register(staticContent, { folders: [{ root: folder }] })
  await fastify.register(upstreamProxy)
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  t.equal(await (await fetch(url(fastify, '/api/page.html'))).text(), 'upstream /page.html')
  t.equal(await (await fetch(url(fastify, '/old'))).text(), 'from the folder')
  t.equal((await fetch(url(fastify, '/data.unknown'))).status, 404)
  t.equal((await fetch(url(fastify, '/'))).status, 403)
  t.equal((await fetch(url(fastify, '/none'))).status, 404)
  await fastify.close()
  const [file = ''] = readdirSync(join(logs, 'W3SVC1'))
  const lines = (await readFile(join(logs, 'W3SVC1', file), 'utf8')).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  const numbers = lines.map(line => line.split(' ')).map(words => [words[4], words.at(-4), words.at(-3)].join(' '))
  t.same(numbers, ['/api/page.html 200 0', '/old 200 0', '/data.unknown 404 3', '/ 403 14', '/none 404 0'])
})
