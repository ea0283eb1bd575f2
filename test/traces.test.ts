// The article's section on Failed Request Tracing and Fiddler, as a test: the page and the WebSocket of scenario B have a trace each,
// and whoever opens them in a browser reads there what the article shows.
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { arrLog } from '@fastify-arr/arr-log'
import { hostRouting } from '@fastify-arr/host-routing'
import { requestTrace, type Trace } from '@fastify-arr/request-trace'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import Fastify, { LogController } from 'fastify'
import t, { type Test } from 'tap'
import { startBackend } from '../backend/src/index.ts'
import { articlesSite } from '../start/site/article.ts'
import { browser, withoutChromium } from './chromium.ts'

t.beforeEach(() => { t.setTimeout(120_000) })

/** The article's site with a rule for 200 and 101, as the article sets it in IIS. */
async function tracedSite (t: Test): Promise<{ port: number, directory: string, upstream: string, traces: (count: number) => Promise<Trace[]> }> {
  const backend = await startBackend({ port: 0, host: '127.0.0.1', pingInterval: 100 })
  t.teardown(() => backend.close())
  const upstream = `http://localhost:${(backend.server.address() as AddressInfo).port}`
  const site = articlesSite(upstream)
  const directory = join(t.testdir(), 'FailedReqLogFiles')
  const app = Fastify({ logController: new LogController({ disableRequestLogging: true }) })
  t.teardown(() => app.close())
  await app.register(arrLog, { ...site.arrLog, directory: join(t.testdirName, 'logs') })
  await app.register(requestTrace, { directory, rules: [{ path: '*', statusCodes: '200,101' }] })
  await app.register(hostRouting, site.hostRouting as never)
  await app.register(urlRewrite, site.urlRewrite as never)
  await app.register(upstreamProxy, {})
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    port: (app.server.address() as AddressInfo).port,
    directory,
    upstream,
    async traces (count) {
      while (app.traces.written < count) await new Promise(resolve => setTimeout(resolve, 20))
      return [...app.traces].reverse()
    }
  }
}

const events = (trace: Trace | undefined, name: string) => (trace?.events ?? []).filter(event => event.name === name)

t.test('on reverseproxy.com the page and its WebSocket have a trace each, which Chromium shows without a network', { skip: withoutChromium }, async t => {
  const { port, directory, upstream, traces } = await tracedSite(t)
  const context = await browser(t, ['reverseproxy.com'])
  const page = await context.newPage()
  await page.goto(`http://reverseproxy.com:${port}/`)
  await page.locator('#messages li', { hasText: /ping 3$/ }).waitFor()
  await page.close()

  const [first, second] = await traces(2)
  t.match(first, { url: `http://reverseproxy.com:${port}/`, verb: 'GET', status: 200, failureReason: 'STATUS_CODE', trigger: '200', siteName: 'ReverseProxy' })
  t.match(second, { url: `http://reverseproxy.com:${port}/`, verb: 'GET', status: 101, failureReason: 'STATUS_CODE', trigger: '101', siteName: 'ReverseProxy' })

  // The GET with its upgrade headers.
  const [asked] = events(second, 'GENERAL_REQUEST_HEADERS')
  for (const header of [`Host: reverseproxy.com:${port}`, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Extensions: permessage-deflate']) {
    t.ok(String(asked?.data.Headers).includes(header), header)
  }
  // The rewrite to the backend.
  t.match(events(second, 'PATTERN_MATCH')[0]?.data, { Pattern: '(.*)', Matched: true })
  t.match(events(second, 'CONDITION_EVALUATION')[0]?.data, { Input: '{HTTP_HOST}', ExpandedInput: `reverseproxy.com:${port}`, Succeeded: true })
  t.match(events(second, 'URL_REWRITE_END')[0]?.data, { RequestURL: `${upstream}/` })
  // The handshake as it left, and the 101 and its headers.
  t.match(String(events(second, 'ARR_REQUEST_HEADERS_START')[0]?.data.Headers), /^Upgrade: websocket\r$/m)
  const [answered] = events(second, 'ARR_RESPONSE_HEADERS_END')
  t.match(answered?.data, { HttpStatus: 101 })
  t.match(String(answered?.data.Headers), /^Sec-WebSocket-Accept: \S+\r$/m)
  t.match(String(events(second, 'GENERAL_RESPONSE_HEADERS')[0]?.data.Headers), /^Sec-WebSocket-Accept: \S+\r$/m)
  t.match(events(second, 'WEBSOCKET_CLOSED')[0]?.data, { ClosedBy: 'client' })

  const [name] = second === undefined ? [''] : [second.id]
  const xml = await readFile(join(directory, 'W3SVC1', `${name}.xml`), 'utf8')
  t.match(xml, /<failedRequest url="http:\/\/reverseproxy\.com:\d+\/"/)

  // What a person reads.
  await context.setOffline(true)
  const shown = await context.newPage()
  const asks: string[] = []
  shown.on('request', request => { asks.push(request.url()) })
  const file = pathToFileURL(join(directory, 'W3SVC1', `${name}.html`)).href
  for (const colorScheme of ['light', 'dark'] as const) {
    await shown.emulateMedia({ colorScheme })
    await shown.goto(file)
    const text = await shown.locator('body').innerText()
    for (const words of ['101', 'reverseproxy.com', 'Sec-WebSocket-Accept', 'permessage-deflate', `${upstream}/`]) t.ok(text.includes(words), `${colorScheme}: ${words}`)
  }
  t.ok(asks.every(url => url === file || url.startsWith('data:')), asks.join(', '))
})

t.test('the log names the trace of an exchange', async t => {
  const { port, traces } = await tracedSite(t)
  const answer = await fetch(`http://localhost:${port}/`)
  await answer.text()
  const [trace] = await traces(1)
  t.match(trace, { id: 'fr000001', status: 200 })
})
