// The filter on the journey: behind host-routing, before rules and proxy, with its line in the log, and its options taken over while the site runs.
import { readdirSync, readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { arrLog } from '@fastify-arr/arr-log'
import { hostRouting } from '@fastify-arr/host-routing'
import { requestFilter, type RequestFilterOptions } from '@fastify-arr/request-filter'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { takeOver } from '../start/site/reload.ts'

const SITES = [{ name: 'Shop', id: 7, hosts: ['shop.example'] }, { name: 'Other', id: 8, hosts: ['*'] }]

/** A whole journey, to an upstream that answers with the length of the body. */
async function journey (t: Test, options: RequestFilterOptions): Promise<{ fastify: FastifyInstance, directory: string, seen: string[], ask: (path: string, host: string, body?: string) => Promise<number> }> {
  const upstream = Fastify()
  t.teardown(() => upstream.close())
  const seen: string[] = []
  upstream.removeAllContentTypeParsers()
  upstream.addContentTypeParser('*', (_request, body, done) => { body.resume().on('end', () => done(null)).on('error', done) })
  upstream.all('/*', async request => { seen.push(request.url) })
  await upstream.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(upstream.server.address() as AddressInfo).port}`

  const directory = t.testdir()
  const fastify = Fastify({ forceCloseConnections: true })
  t.teardown(() => fastify.close())
  await fastify.register(arrLog, { directory })
  await fastify.register(hostRouting, { sites: SITES })
  await fastify.register(requestFilter, options)
  await fastify.register(urlRewrite, { globalRules: [{ name: 'all', match: { url: '(.*)' }, action: { type: 'Rewrite', url: `${url}/{R:1}` } }] })
  await fastify.register(upstreamProxy, { maxBodySize: request => fastify.requestFilter.maxBodySize(request) })
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as AddressInfo
  const ask = (path: string, host: string, body?: string): Promise<number> => new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method: body === undefined ? 'GET' : 'POST', headers: { host, ...body === undefined ? {} : { 'transfer-encoding': 'chunked' } } }, response => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    request.on('error', reject).end(body)
  })
  return { fastify, directory, seen, ask }
}

t.test('a refusal of a site reaches no upstream, and is a line in the site\'s log with IIS\'s substatus', async t => {
  const { fastify, directory, seen, ask } = await journey(t, { places: [{ site: 'Shop', requestFiltering: { hiddenSegments: ['bin'] } }] })
  t.equal(await ask('/%62in/x', 'shop.example'), 404)
  t.equal(await ask('/bin/x', 'other.example'), 200)
  t.same(seen, ['/bin/x'])
  await fastify.close()
  const lines = (site: string): string[] => readdirSync(join(directory, site)).flatMap(file => readFileSync(join(directory, site, file), 'utf8').split('\r\n')).filter(line => line !== '' && !line.startsWith('#'))
  t.match(lines('W3SVC7').join('\n'), / GET \/%62in\/x .* 404 8 0 \d+$/)
  t.equal(lines('W3SVC7').length, 1)
  t.match(lines('W3SVC8').join('\n'), / GET \/bin\/x .* 200 0 0 \d+$/)
  t.notOk(readdirSync(directory).includes('HTTPERR'))
})

t.test('a body that announces no length is counted by the proxy, up to the limit of its place', async t => {
  const { ask } = await journey(t, { requestFiltering: { requestLimits: { maxAllowedContentLength: 5 } }, places: [{ path: '/upload', requestFiltering: {} }] })
  t.equal(await ask('/x', 'shop.example', '12345'), 200)
  t.equal(await ask('/x', 'shop.example', '123456'), 413)
  t.equal(await ask('/upload/x', 'shop.example', '123456'), 200)
})

t.test('a request that a rule routes once more is asked once, in the place of the path that it came with', async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(requestFilter, { places: [{ path: '/old', requestFiltering: { hiddenSegments: ['x'], requestLimits: { maxAllowedContentLength: 3 } } }, { path: '/new', requestFiltering: { hiddenSegments: ['page'] } }] })
  await fastify.register(urlRewrite, { rules: [{ name: 'move', match: { url: '^old/(.*)' }, action: { type: 'Rewrite', url: '/new/{R:1}' } }] })
  fastify.get('/new/:name', async request => ({ url: request.url, size: fastify.requestFilter.maxBodySize(request) }))
  t.same((await fastify.inject('/old/page')).json(), { url: '/new/page', size: 3 })
  t.equal((await fastify.inject('/old/x')).statusCode, 404)
  t.equal((await fastify.inject('/new/page')).statusCode, 404)
})

t.test('a changed file\'s filter is in force at once; where anything of it is refused, all of the old stays', async t => {
  const { fastify, ask } = await journey(t, {})
  const report = { file: 'web.config', complete: true, rows: [], sections: [], local: [], mistakes: [] }
  let inForce: Parameters<typeof takeOver>[2] = { hostRouting: { sites: SITES } }
  const change = (options: object): void => { inForce = takeOver(fastify, 'web.config', inForce, null, { options, report } as never, '') }
  change({ hostRouting: { sites: SITES }, requestFilter: { requestFiltering: { hiddenSegments: ['bin'] } } })
  t.equal(await ask('/bin', 'shop.example'), 404)
  change({ hostRouting: { sites: [{ name: '' }] }, requestFilter: {} })
  t.equal(await ask('/bin', 'shop.example'), 404, 'the sites have a mistake')
  change({ hostRouting: { sites: SITES }, requestFilter: { requestFiltering: { hiddenSegments: 'bin' } } })
  t.equal(await ask('/bin', 'shop.example'), 404, 'the filter has a mistake')
  t.match(inForce, { requestFilter: { requestFiltering: { hiddenSegments: ['bin'] } } })
})
