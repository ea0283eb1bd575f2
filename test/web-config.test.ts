// Files of IIS run here: each fixture of iis-config is read, and its requests go through url-rewrite and upstream-proxy.
import { readFileSync, readdirSync } from 'node:fs'
import { createServer, request as send, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http'
import { join } from 'node:path'
import type { ArrLogOptions } from '@fastify-arr/arr-log'
import { hostRouting, type HostRoutingOptions } from '@fastify-arr/host-routing'
import { readConfigText, type IisConfig } from '@fastify-arr/iis-config'
import type { ListenersOptions } from '@fastify-arr/listeners'
import { upstreamProxy, type UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import { urlRewrite, type Rewrite, type UrlRewriteOptions } from '@fastify-arr/url-rewrite'
import Fastify, { type FastifyInstance } from 'fastify'
import { test, type Test } from 'tap'
import { root } from './packages.ts'

/** The content of a fixture's `.json`. */
interface Expectations {
  /** The name the file is read under. Default: `web.config`. */
  readonly file?: string
  /** Transforms beside the fixture, applied first. */
  readonly transforms?: readonly string[]
  /** The codes of all mistakes in the report, in the order of the file. Not compared, if left out. */
  readonly mistakes?: readonly string[]
  /** The names of what is not supported, in the order of the file. Default: nothing is lost. */
  readonly lost?: readonly string[]
  readonly requests: readonly Asked[]
}

interface Asked {
  readonly method?: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** The request comes by https. */
  readonly https?: boolean
  /** What the upstream answers. Default: 200 without a body. */
  readonly answer?: { readonly status: number, readonly headers?: Readonly<Record<string, string>>, readonly body?: string }
  readonly expect: {
    /** The URL in `request.rewrite`. */
    readonly rewrite?: string
    /** No rule rewrote, and none answered. */
    readonly none?: true
    readonly redirect?: readonly [status: number, location: string]
    readonly status?: number
    readonly body?: string
    /** The connection ends without an answer. */
    readonly abort?: true
    /** Headers that the upstream got; an empty text is a header it did not get. */
    readonly headers?: Readonly<Record<string, string>>
    /** What the client got of the upstream's answer; an empty text is a header it did not get. */
    readonly response?: { readonly status?: number, readonly headers?: Readonly<Record<string, string>>, readonly body?: string }
  }
}

const folder = join(root, 'plugins', 'iis-config', 'test', 'fixtures')
const fixtures = readdirSync(folder).filter(name => name.endsWith('.json'))

for (const name of fixtures) {
  const { file = 'web.config', transforms = [], requests, mistakes, lost = [] } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Expectations
  const xml = readFileSync(join(folder, name.replace(/json$/, 'config')), 'utf8')
  const about = /<!-- (.*?) -->/.exec(xml)?.[1] ?? ''

  test(`${name.replace('.json', '')}: ${about.replaceAll('#', '')}`, async t => {
    const config = readConfigText(xml, join(folder, file), { transforms: transforms.map(one => join(folder, one)) })
    if (mistakes !== undefined) t.strictSame(config.report.mistakes.map(({ code }) => code), mistakes, 'mistakes')
    t.strictSame(config.report.rows.filter(({ status }) => status === 'unsupported').map(row => row.name), lost, 'lost')

    const site = await startSite(t, config)
    for (const asked of requests) await ask(t, site, asked)
  })
}

test('what is read fits what the packages take', async t => {
  // The compiler tests this: the packages do not import each other's types.
  const { options } = readConfigText('<configuration />')
  const fits = {
    arrLog: options.arrLog ?? {},
    listeners: options.listeners ?? { listeners: [] },
    hostRouting: options.hostRouting ?? { sites: [] },
    urlRewrite: options.urlRewrite ?? {},
    upstreamProxy: options.upstreamProxy ?? {}
  } satisfies { arrLog: ArrLogOptions, listeners: ListenersOptions, hostRouting: HostRoutingOptions, urlRewrite: UrlRewriteOptions, upstreamProxy: UpstreamProxyOptions }
  t.strictSame(Object.keys(options), [])
  t.equal(Object.keys(fits).length, 5)
})

interface Running {
  readonly port: number
  /** `request.rewrite` of the last request. */
  seen: Rewrite | null
  /** The headers the upstream got with it; null where it was not asked. */
  upstreamGot: IncomingHttpHeaders | null
  answer: Asked['answer']
}

async function startSite (t: Test, { options }: IisConfig): Promise<Running> {
  const state: Running = { port: 0, seen: null, upstreamGot: null, answer: undefined }
  const backend = createServer((request, response) => {
    state.upstreamGot = request.headers
    response.writeHead(state.answer?.status ?? 200, state.answer?.headers).end(state.answer?.body ?? '')
  })
  await new Promise<void>(resolve => { backend.listen(0, '127.0.0.1', resolve) })
  const { port } = backend.address() as { port: number }
  t.teardown(() => { backend.close() })

  // With `trustProxy` a header sets the protocol: one server takes http and https.
  const fastify: FastifyInstance = Fastify({ trustProxy: true })
  t.teardown(() => fastify.close())
  if (options.hostRouting !== undefined) {
    const sites = options.hostRouting.sites.map(site => ({ name: site.name, hosts: site.bindings?.map(text => text.split(':').at(-1) as string) ?? [] }))
    await fastify.register(hostRouting, { sites })
  }
  await fastify.register(urlRewrite, options.urlRewrite ?? {})
  fastify.addHook('onRequest', async request => { state.seen = request.rewrite })
  await fastify.register(upstreamProxy, {
    ...options.upstreamProxy,
    rewriteResponse: (request, answer) => fastify.urlRewrite.rewriteResponse(request, answer),
    // The hosts that the rules name do not exist; every request goes to the one backend.
    to: ({ rewrite, raw }) => {
      const path = (rewrite?.url ?? raw.url ?? '/').replace(/^https?:\/\/[^/?]*/, '')
      return { url: `http://127.0.0.1:${port}${path.startsWith('/') ? path : `/${path}`}`, headers: rewrite?.headers ?? {} }
    }
  })
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return Object.assign(state, { port: (fastify.server.address() as { port: number }).port })
}

async function ask (t: Test, site: Running, { method = 'GET', url, headers = {}, https = false, answer, expect }: Asked): Promise<void> {
  const what = `${method} ${url}${https ? ' by https' : ''}`
  Object.assign(site, { seen: null, upstreamGot: null, answer })
  const given = { host: 'localhost', ...https && { 'x-forwarded-proto': 'https' }, ...headers }
  const got = await exchange({ port: site.port, host: '127.0.0.1', method, path: url, headers: given, agent: false }).catch(() => null)
  if (expect.abort === true) {
    t.equal(got, null, `${what} gets no answer`)
    return
  }
  if (expect.rewrite !== undefined) t.equal(site.seen?.url, expect.rewrite, `${what} becomes ${expect.rewrite}`)
  if (expect.none === true) {
    t.equal(site.seen, null, `${what} is left alone`)
    t.ok(site.upstreamGot, `${what} goes on as it is`)
  }
  if (expect.redirect !== undefined) t.strictSame([got?.status, got?.headers.location], expect.redirect, `${what} is redirected`)
  if (expect.status !== undefined) t.equal(got?.status, expect.status, `${what} gets ${expect.status}`)
  if (expect.body !== undefined) t.equal(got?.body, expect.body, `${what} is told why`)
  t.match(site.upstreamGot ?? {}, wanted(expect.headers), `${what}: the upstream's headers`)
  if (expect.response !== undefined) {
    if (expect.response.status !== undefined) t.equal(got?.status, expect.response.status, `${what}: the status`)
    t.match(got?.headers, wanted(expect.response.headers), `${what}: the answer's headers`)
    if (expect.response.body !== undefined) t.equal(got?.body, expect.response.body, `${what}: the answer's body`)
  }
}

/** An empty text stands for a header that is not there. */
function wanted (headers: Readonly<Record<string, string>> = {}): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value === '' ? undefined : value]))
}

async function exchange (options: RequestOptions): Promise<{ status: number, headers: IncomingHttpHeaders, body: string }> {
  return await new Promise((resolve, reject) => {
    send(options, response => { read(response).then(resolve, reject) })
      .on('upgrade', (response, socket) => {
        socket.destroy()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: '' })
      })
      .on('error', reject)
      .end()
  })
}

async function read (response: IncomingMessage): Promise<{ status: number, headers: IncomingHttpHeaders, body: string }> {
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}
