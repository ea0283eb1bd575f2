// The article's two scenarios in a real browser: which way the WebSocket takes, and what the log has of it.
import Fastify, { type FastifyInstance } from 'fastify'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { backend } from '../backend/src/index.ts'
import { browser, withoutChromium } from './chromium.ts'
import { freePort, startSite, type Line } from './site.ts'

// The runner's time limit is for the whole file, which takes longer than that on a slow machine: here each test has a limit of its own.
t.beforeEach(() => { t.setTimeout(120_000) })

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** The backend, which records the requests that reach it. */
async function watchedBackend (t: Test): Promise<{ upstream: string, seen: Array<{ logId: string, upgrade: boolean }> }> {
  const seen: Array<{ logId: string, upgrade: boolean }> = []
  const fastify: FastifyInstance = Fastify({ forceCloseConnections: true })
  fastify.addHook('onRequest', async ({ headers }) => {
    seen.push({ logId: String(headers['x-arr-log-id']), upgrade: headers.upgrade !== undefined })
  })
  await fastify.register(backend, { pingInterval: 100 })
  await fastify.listen({ port: 0, host: 'localhost' })
  t.teardown(() => fastify.close())
  return { upstream: `http://localhost:${(fastify.server.address() as { port: number }).port}`, seen }
}

/** Waits until the page shows that it is connected, some pings, and the echo of what is typed into it. */
async function converse (page: Page): Promise<void> {
  await page.locator('#state[data-state=open]').waitFor()
  await page.locator('#messages li', { hasText: /ping 3$/ }).waitFor()
  await page.getByLabel('Message', { exact: true }).fill('hello from a person')
  await page.keyboard.press('Enter')
  await page.locator('#messages li', { hasText: '←' }).filter({ hasText: 'hello from a person' }).waitFor()
}

function wordsOf (line: Line | undefined): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(line?.['cs-uri-query']))
}

t.test('A: on localhost the page goes straight to the backend, and the log has one line', { skip: withoutChromium }, async t => {
  const { upstream, seen } = await watchedBackend(t)
  const site = await startSite(t, { upstream })
  const context = await browser(t)
  const page = await context.newPage()
  await page.goto(`https://localhost:${site.httpsPort}/`)
  await converse(page)
  t.equal(await page.locator('#url').textContent(), `${upstream.replace('http', 'ws')}/`)
  t.equal(await page.locator('#extensions').textContent(), 'permessage-deflate')
  t.ok(Number(await page.locator('#pings').textContent()) >= 3)
  await context.close()

  t.equal(seen.length, 2, 'the backend saw a page and a WebSocket')
  await site.fastify.close()
  const lines = await site.lines(1)
  t.equal(lines.length, 1)
  t.equal(lines[0]?.['sc-status'], '200')
  t.equal(lines[0]?.['s-port'], String(site.httpsPort))
})

for (const scheme of ['http', 'https'] as const) {
  t.test(`B: on reverseproxy.com by ${scheme} the page comes back through the proxy, and the log has a 200 and a 101`, { skip: withoutChromium }, async t => {
    const { upstream, seen } = await watchedBackend(t)
    const site = await startSite(t, { upstream })
    const port = scheme === 'http' ? site.httpPort : site.httpsPort
    const context = await browser(t, ['reverseproxy.com'])
    const page = await context.newPage()
    const url = `${scheme}://reverseproxy.com:${port}/`
    const begun = Date.now()
    const before = performance.now()
    await page.goto(url)
    await converse(page)
    const open = performance.now()
    await page.locator('#messages li', { hasText: /ping 8$/ }).waitFor()
    const heldOpen = performance.now() - open
    t.equal(await page.locator('#url').textContent(), url.replace('http', 'ws'))
    t.equal(await page.locator('#extensions').textContent(), 'permessage-deflate', 'the extensions pass')
    await page.close()

    const [first, second, ...more] = await site.lines(2)
    const all = performance.now() - before
    t.same(more, [])
    for (const line of [first, second]) {
      t.match(line?.date, /^\d{4}-\d\d-\d\d$/)
      t.match(line?.time, /^\d\d:\d\d:\d\d$/)
      const at = Date.parse(`${line?.date}T${line?.time}Z`)
      // The log has whole seconds.
      t.ok(at > begun - 1000 && at <= Date.now(), 'the time is UTC')
      t.match(line, {
        's-ip': '127.0.0.1',
        'cs-method': 'GET',
        'cs-uri-stem': '/',
        's-port': String(port),
        'cs-username': '-',
        'c-ip': '127.0.0.1',
        'cs(User-Agent)': /^Mozilla\/5\.0\+\([^ ]+Chrome\/[^ ]+$/,
        'sc-substatus': '0'
      })
      t.match(wordsOf(line)['X-ARR-LOG-ID'], GUID)
      t.equal(wordsOf(line)['X-ARR-CACHE-HIT'], '0')
    }
    t.match(first, { 'cs-version': scheme === 'http' ? 'HTTP/1.1' : 'HTTP/2', 'cs(Referer)': '-', 'sc-status': '200', 'sc-win32-status': '0' })
    t.match(second, { 'sc-status': '101' })
    t.equal(wordsOf(first)['SERVER-STATUS'], '200')
    t.equal(wordsOf(second)['SERVER-STATUS'], '101')
    t.match(seen, [
      { logId: wordsOf(first)['X-ARR-LOG-ID'], upgrade: false },
      { logId: wordsOf(second)['X-ARR-LOG-ID'], upgrade: true }
    ], 'the backend saw the GUIDs of the lines')
    const life = Number(second?.['time-taken'])
    t.ok(life >= heldOpen && life <= all, `time-taken (${life}) is the socket's life, between ${heldOpen} and ${all}`)
  })
}

t.test('on localhost the switch sends the WebSocket through the proxy, and the log has a 200 and a 101', { skip: withoutChromium }, async t => {
  const { upstream } = await watchedBackend(t)
  const site = await startSite(t, { upstream })
  const context = await browser(t)
  const page = await context.newPage()
  await page.goto(`http://localhost:${site.httpPort}/`)
  await converse(page)
  await page.getByRole('radio', { name: /Through the proxy/ }).check()
  await page.locator('#url', { hasText: `ws://localhost:${site.httpPort}/` }).waitFor()
  await page.locator('#state[data-state=open]').waitFor()
  await page.getByRole('button', { name: 'Disconnect' }).click()
  await page.locator('#state[data-state=closed]').waitFor()
  t.same((await site.lines(2)).map(line => line['sc-status']), ['200', '101'])
})

t.test('the page reconnects by itself when the backend is back', { skip: withoutChromium }, async t => {
  const port = await freePort(t)
  // An idle connection that the browser has opened ahead of need would delay the close.
  const first = Fastify({ forceCloseConnections: true })
  await first.register(backend)
  await first.listen({ port, host: 'localhost' })
  const site = await startSite(t, { upstream: `http://localhost:${port}` })
  const context = await browser(t)
  const page = await context.newPage()
  await page.goto(`http://localhost:${site.httpPort}/`)
  await page.locator('#state[data-state=open]').waitFor()
  await first.close()
  await page.locator('#messages li', { hasText: 'closed with 1001' }).first().waitFor()
  const second = Fastify({ forceCloseConnections: true })
  t.teardown(() => second.close())
  await second.register(backend)
  await second.listen({ port, host: 'localhost' })
  await page.locator('#state[data-state=open]').waitFor()
  t.equal(await page.locator('#word').textContent(), 'connected')
})
