// The page, in a real browser, from a disk: without a network, without scripts, and for everybody.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { browser, withoutChromium } from '../../../test/chromium.ts'
import { toHtml } from '../src/files/to-html.ts'
import { readXml } from '../src/reader/read-xml.ts'
import { toXml } from '../src/files/to-xml.ts'
import type { Trace } from '../src/trace/trace.ts'
import { HOSTILE, hostileTrace, nameable, refusedTrace, webSocketTrace } from './traces.ts'

t.test('an ordinary trace is less than 60 KB, and needs nothing from elsewhere', async t => {
  const page = toHtml(webSocketTrace)
  t.ok(Buffer.byteLength(page) < 60_000, `${Buffer.byteLength(page)} bytes`)
  t.match(page, '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'; img-src data:; base-uri \'none\'; form-action \'none\'">')
  t.match(page, '<html lang="en">')
  t.notMatch(page, /<script|<img|<iframe|@import|url\(/i)
})

for (const text of HOSTILE) {
  t.test(`what a client sends is text in the page: ${nameable(text)}`, async t => {
    const tags = (page: string): string => [...new Set(Array.from(page.matchAll(/<\/?([a-z][a-z0-9]*)/g), ([, tag]) => tag))].sort().join()
    const page = toHtml(hostileTrace(text))
    t.equal(tags(page), tags(toHtml(hostileTrace('harmless'))), 'no element that a trace without it has not')
    // eslint-disable-next-line no-control-regex
    t.notMatch(page, /[\x00-\x08\x0B\x0C\x0E-\x1F\x7F\u202A-\u202E\u2066-\u2069]/, 'no character that hides or turns what follows')
    t.equal(Buffer.from(page).toString(), page)
  })
}

t.test('a trace of IIS and one that was read back have a page, too', async t => {
  t.equal(toHtml(readXml(toXml(webSocketTrace, 0))), toHtml(webSocketTrace))
  t.match(toHtml(readXml('<failedRequest url="http://a:80/" statusCode="404.7" failureReason="STATUS_CODE"/>', 'fr000003')), /fr000003[^]*404\.7/)
})

t.test('what stands in backquotes in a remedy is code', async t => {
  const withRemedy = (remedy: string): string => toHtml({ ...refusedTrace, findings: [{ code: 'X', severity: 'error', sentence: 'It failed.', evidence: [], remedy }] })
  t.match(withRemedy('Set `websocket.ping` and `a<b`.'), 'What to do: Set <code>websocket.ping</code> and <code>a&lt;b</code>.')
  t.match(withRemedy('An odd ` is one.'), 'What to do: An odd ` is one.')
})

t.test('without a finding the page says so, and never that an error is right', async t => {
  t.match(toHtml(refusedTrace), 'No cause was found. Status: 502.3.')
  t.match(toHtml({ ...refusedTrace, status: 200, subStatus: 0 }), 'Nothing wrong was found. Status: 200.')
})

t.test('in Chromium', { skip: withoutChromium }, async t => {
  const chromium = (await browser(t)).browser() as Browser
  const folder = await mkdtemp(join(tmpdir(), 'trace-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))

  /** Opens a trace's page from the disk, offline; `asked` is all that it wanted to load. */
  async function open (t: Test, trace: Trace, { width = 1280, dark = false, scripts = false } = {}): Promise<{ page: Page, asked: string[] }> {
    const file = join(folder, `${trace.id}.html`)
    await writeFile(file, toHtml(trace))
    const context = await chromium.newContext({ offline: true, javaScriptEnabled: scripts, bypassCSP: scripts, viewport: { width, height: 800 }, colorScheme: dark ? 'dark' : 'light' })
    t.teardown(() => context.close())
    const page = await context.newPage()
    const asked: string[] = []
    page.on('request', request => { if (!request.url().startsWith('data:')) asked.push(request.url()) })
    await page.goto(pathToFileURL(file).href)
    return { page, asked }
  }

  t.test('a person reads what went wrong, offline and without scripts', async t => {
    const { page, asked } = await open(t, webSocketTrace)
    t.equal(await page.locator('main section').first().locator('p').first().innerText(), 'The upstream closed the WebSocket with 1011 (Internal Error): database went away.')
    t.same(await page.locator('h2').allInnerTexts(), ['What went wrong', 'Summary', 'Time line', 'Headers side by side', 'Rules', 'Farm and attempts', 'WebSocket frames', 'How it ended', 'All events'])
    const row = async (name: string): Promise<string[]> => await page.locator('table', { hasText: 'Sent by the client' }).locator('tbody tr').filter({ has: page.getByRole('rowheader', { name, exact: true }) }).locator('td').allInnerTexts()
    t.same(await row('Host'), ['chat.example', 'localhost:8080', '≠ changed'])
    t.same(await row('Sec-WebSocket-Extensions'), ['permessage-deflate; client_max_window_bits', '', '− removed'])
    t.same(await row('X-Forwarded-For'), ['', '192.0.2.7:53120', '+ added'])
    t.same(await row('Upgrade'), ['websocket', 'websocket', '= same'])
    const text = await page.locator('main').innerText()
    for (const part of ['to the farm: ✓ applied', 'acme: ✗ did not apply', 'FST_ARR_UPSTREAM_REFUSED (ECONNREFUSED)', '{"join":"7"}', 'RSV1', '3 frames from the client and 1200 from the upstream were not kept',
      '1011 Internal Error', '61.2 s: The socket of the client was reset, or failed (ECONNRESET).', 'Wait for the first byte', '11.6 ms']) t.match(text, part, part)
    t.same(asked, [page.url()], 'nothing else was asked for')
  })

  t.test('a keyboard reaches the trace and opens an event', async t => {
    const { page } = await open(t, webSocketTrace)
    await page.keyboard.press('Tab')
    t.equal(await page.locator(':focus').innerText(), 'Skip to the trace')
    await page.getByRole('link', { name: 'WEBSOCKET_CLOSED (38)' }).click()
    t.ok(page.url().endsWith('#e38'))
    await page.locator('#e38 summary').focus()
    await page.keyboard.press('Enter')
    t.ok(await page.locator('#e38 dl').isVisible())
    t.match(await page.locator('#e38 dl').innerText(), /CloseCode\s+1011 Internal Error/)
  })

  for (const dark of [false, true]) {
    for (const width of [360, 1280]) {
      t.test(`axe finds nothing, and nothing is wider than the page: ${dark ? 'dark' : 'light'}, ${width} px`, async t => {
        for (const trace of [webSocketTrace, refusedTrace, { ...hostileTrace('x'.repeat(3000)), id: 'fr000004' }]) {
          const { page } = await open(t, trace, { dark, width, scripts: true })
          t.equal(await page.evaluate(() => document.documentElement.scrollWidth), width)
          await page.evaluate(() => { for (const one of document.querySelectorAll('details')) one.open = true })
          t.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, 'nor with all details open')
          await page.addScriptTag({ content: await readFile(createRequire(import.meta.url).resolve('axe-core'), 'utf8') })
          const found = await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html.slice(0, 200)))')
          t.same(found, [], trace.id)
        }
      })
    }
  }

  t.test('a script in a URL, a header or a close reason is text, also where scripts may run', async t => {
    const { page, asked } = await open(t, hostileTrace('<script>document.title="taken"</script><img src=x onerror="document.title=1">'), { scripts: true })
    t.match(await page.title(), '<script>document.title="taken"</script>')
    t.equal(await page.locator('script, img').count(), 0)
    t.match(await page.locator('#e1').textContent(), '<script>')
    t.same(asked, [page.url()])
  })

  t.test('on paper every event is open', async t => {
    const { page } = await open(t, webSocketTrace)
    await page.emulateMedia({ media: 'print' })
    t.ok(await page.locator('#e3 dl').isVisible())
    t.notOk(await page.locator('nav').isVisible())
  })
})
