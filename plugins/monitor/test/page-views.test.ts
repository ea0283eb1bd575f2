// What do the views show of exchanges, open WebSockets, farms, traces and findings, and what do they ask the server for? In real Chromium.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { BrowserContext, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { browser, withoutChromium } from '../../../test/chromium.ts'
import type { ExchangeRow, ExchangesView, WebSocketQuestion } from '../src/messages/index.ts'
import type { Views } from '../src/views/views.ts'
import { madeUp } from './made-up.ts'
import { pageSite } from './page-site.ts'

const AXE = createRequire(import.meta.url).resolve('axe-core')
const EVIL = '<script>document.title = "evil"</script><img src=x onerror="document.title = \'evil\'">'

let context: BrowserContext

/** What the server would answer to what is done. */
const ANSWERS = { close: { closed: 2 }, 'close-matching': { closed: 1500 }, 'farms/state': {}, 'farms/rebalance': { over: 3 } }

interface Shown {
  readonly page: Page
  /** What the page has sent, by path. */
  readonly posted: Array<{ readonly path: string, readonly body: unknown }>
  /** What went wrong in the page. */
  readonly problems: string[]
}

async function show (t: Test, link: string, views: Partial<Views> = {}): Promise<Shown> {
  const url = await pageSite(t, { ...madeUp, ...views })
  const page = await context.newPage()
  t.teardown(() => page.close())
  const problems: string[] = []
  page.on('pageerror', error => { problems.push(String(error)) })
  page.on('console', message => { if (message.type() === 'error') problems.push(message.text()) })
  const posted: Shown['posted'] = []
  for (const [path, json] of Object.entries(ANSWERS)) {
    await page.route(`${url}${path}`, async route => {
      posted.push({ path, body: route.request().postDataJSON() })
      await route.fulfill({ json })
    })
  }
  await page.goto(`${url}#/${link}`)
  return { page, posted, problems }
}

t.test('the views', { skip: withoutChromium }, async t => {
  context = await browser(t)

  t.test('an exchange has its row, the newest first, and its story at the side', async t => {
    const { page, problems } = await show(t, 'exchanges')
    const rows = page.locator('tbody tr')
    await rows.nth(39).waitFor()
    t.match(await rows.first().innerText(), /GET[^]*200|101|502/)
    const ids = await rows.evaluateAll(all => all.map(row => Number((row as HTMLElement).dataset.key)))
    t.same(ids, [...ids].sort((a, b) => b - a))
    await page.locator('tr[data-key="10"] button.row-open').click()
    const panel = page.locator('dialog[open]')
    await panel.locator('dl.facts').waitFor()
    const text = await panel.innerText()
    t.match(text, /The server refused the connection\./)
    t.match(text, /http:\/\/10\.0\.0\.9:8080 UPSTREAM_REFUSED at connect, after 1\.2 ms/)
    t.match(text, /to the backend → http:\/\/localhost:8080\//)
    t.match(await panel.frameLocator('iframe').locator('body').innerText(), /The whole story\./)
    t.equal(await panel.locator('iframe').getAttribute('sandbox'), '', 'without scripts and without an origin')
    await panel.getByRole('link', { name: 'to the backend' }).click()
    await page.waitForFunction(() => location.hash === '#/exchanges?filter=rule%3A%22to+the+backend%22')
    t.same(problems, [])
  })

  t.test('the keyboard alone opens a story and goes back to its row', async t => {
    const { page } = await show(t, 'exchanges', { exchanges: () => ({ read: once([row({ id: '2' }), row({ id: '1' })]), end () {} }) })
    await page.locator('tbody tr').nth(1).waitFor()
    await page.locator('tbody button.row-open').first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.locator('dialog[open] dl.facts').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })
    t.equal(await page.evaluate(() => document.activeElement?.closest('tr')?.dataset.key), '2')
  })

  t.test('a filter is asked of the server as it is typed, and is in the link', async t => {
    const asked: string[] = []
    const { page } = await show(t, 'exchanges', { exchanges (filter) { asked.push(filter); return madeUp.exchanges(filter) } })
    await page.locator('tbody tr').first().waitFor()
    await page.getByRole('searchbox').fill('status:5xx host:shop')
    await page.waitForFunction(() => location.hash.includes('status'))
    await page.locator('tbody tr').first().waitFor()
    t.equal(await page.evaluate(() => new URLSearchParams(location.hash.split('?')[1]).get('filter')), 'status:5xx host:shop')
    t.equal(asked.at(-1), 'status:5xx host:shop')
  })

  t.test('a WebSocket that has ended takes the place of its opening', async t => {
    const read = inTurn([{ rows: [row({ id: '7', tunnel: 't7', webSocket: 'open', status: 101 })], skipped: 0 }, { rows: [row({ id: '8', tunnel: 't7', webSocket: 'closed', closeCode: 1008, status: 101 })], skipped: 3 }])
    const { page } = await show(t, 'exchanges', { exchanges: () => ({ read, end () {} }) })
    await page.locator('tr[data-key="8"]', { hasText: 'closed 1008' }).waitFor()
    t.equal(await page.locator('tbody tr').count(), 1)
    t.match(await page.locator('.view-head').innerText(), /3 more were not shown/)
  })

  t.test('rows are bounded, however many come', async t => {
    let n = 0
    const { page } = await show(t, 'exchanges', { exchanges: () => ({ read: () => ({ rows: Array.from({ length: 400 }, () => row({ id: String(++n) })), skipped: 0 }), end () {} }) })
    await page.waitForFunction(() => Number(document.querySelector<HTMLElement>('tbody tr')?.dataset.key) > 1_200)
    t.equal(await page.locator('tbody tr').count(), 500)
  })

  t.test('open WebSockets are sorted and filtered by the server', async t => {
    const asked: WebSocketQuestion[] = []
    const { page } = await show(t, 'webSockets?filter=client:10.', { webSockets (question) { asked.push(question); return madeUp.webSockets(question) } })
    await page.locator('tbody tr').nth(99).waitFor()
    t.same(asked[0], { filter: 'client:10.', sort: 'since', descending: false, limit: 100 })
    await page.getByRole('button', { name: 'To client' }).click()
    await page.waitForFunction(() => location.hash.includes('sort=sent'))
    await page.locator('th[aria-sort=descending]', { hasText: 'To client' }).waitFor()
    await page.getByRole('button', { name: 'Show 500' }).click()
    await page.locator('tbody tr').nth(499).waitFor()
    t.same(asked.at(-1), { filter: 'client:10.', sort: 'sent', descending: true, limit: 500 })
  })

  t.test('the selected ones are closed, and no others, with the code and the reason that were typed', async t => {
    const { page, posted } = await show(t, 'webSockets')
    await page.locator('tr[data-key=t2]').waitFor()
    await page.locator('tr[data-key=t2] input[type=checkbox]').check()
    // By the keyboard alone.
    await page.locator('tr[data-key=t3] button.row-open').focus()
    await page.keyboard.press(' ')
    await page.getByRole('button', { name: 'Close 2 …' }).press('Enter')
    const dialog = page.locator('dialog[open]')
    await dialog.getByRole('combobox').selectOption('1008')
    await dialog.getByRole('textbox').fill('ü'.repeat(62))
    await dialog.getByText('The reason has 124 bytes').waitFor()
    t.equal(await dialog.getByRole('button', { name: 'Close 2 WebSockets' }).isDisabled(), true)
    await dialog.getByRole('textbox').fill('not here')
    await dialog.getByRole('textbox').press('Enter')
    await page.getByText('2 WebSockets told goodbye with 1008').waitFor()
    t.same(posted, [{ path: 'close', body: { ids: ['t2', 't3'], code: 1008, reason: 'not here' } }])
  })

  t.test('all that a filter names are closed by the filter', async t => {
    const { page, posted } = await show(t, 'webSockets?filter=site:Shop')
    await page.getByRole('button', { name: 'Close all 1,500 …' }).click()
    await page.locator('dialog[open]').getByRole('button', { name: 'Close 1,500 WebSockets' }).click()
    await page.getByText('1,500 WebSockets told goodbye').waitFor()
    t.same(posted, [{ path: 'close-matching', body: { filter: 'site:Shop', code: 1001, reason: '' } }])
  })

  t.test('the frames of one are told as they pass, with silences and its end', async t => {
    const at = Date.UTC(2026, 0, 1)
    const webSocket = madeUp.webSockets({ filter: '', sort: 'since', descending: false, limit: 1 }).rows[0]!
    const read = inTurn([
      { webSocket, rows: [{ kind: 'frame', at, side: 'client', opcode: 1, fin: false, rsv: 0x40, length: 42, masked: true }, { kind: 'frame', at: at + 61_000, side: 'upstream', opcode: 9, fin: true, rsv: 0, length: 0, masked: false }] },
      { webSocket: null, rows: [{ kind: 'close', at: at + 61_001, side: 'upstream', code: 1011, reason: EVIL }, { kind: 'ended', at: at + 61_002, side: 'client', how: 'reset', systemCode: 'ECONNRESET' }] }
    ] as const)
    const { page } = await show(t, 'webSockets?open=t1', { frames: () => ({ read, end () {} }) })
    const panel = page.locator('dialog[open]')
    await panel.getByText('This WebSocket has ended.').waitFor()
    const lines = (await panel.locator('ol.frames > li').allInnerTexts()).map(line => line.replace(/\s+/g, ' '))
    t.match(lines, [/was reset \(ECONNRESET\)/, /Close 1011, internal error: <script>/, /ping 0 B/, /1 min 1 s of silence/, /text 42 B to be continued compressed/])
    t.equal(await page.title(), 'WebSockets · Monitor', 'a reason is text')
  })

  t.test('a state that ends WebSockets is asked for once more', async t => {
    const { page, posted } = await show(t, 'farms')
    await page.locator('tr[data-key="10.0.0.1"]').getByRole('radio', { name: 'Draining' }).click()
    await page.getByText('10.0.0.1 of chat is draining now.').waitFor()
    await page.locator('tr[data-key="10.0.0.1"]').getByRole('radio', { name: 'Out' }).click()
    const dialog = page.locator('dialog[open]')
    t.match(await dialog.innerText(), /10\.0\.0\.1 of chat has 500 open WebSockets now/)
    t.equal(posted.length, 1)
    await dialog.getByRole('button', { name: 'End 500 WebSockets' }).click()
    await page.getByText('is unavailableImmediately now').waitFor()
    await page.getByRole('button', { name: 'Rebalance' }).click()
    await page.getByText('3 WebSockets of chat will be told goodbye.').waitFor()
    t.same(posted, [
      { path: 'farms/state', body: { farm: 'chat', server: '10.0.0.1', state: 'draining' } },
      { path: 'farms/state', body: { farm: 'chat', server: '10.0.0.1', state: 'unavailableImmediately' } },
      { path: 'farms/rebalance', body: { farm: 'chat' } }
    ])
    t.match(await page.locator('tr[data-key="10.0.0.3"]').innerText(), /out connect ECONNREFUSED/)
    t.equal(await page.locator('tr[data-key="10.0.0.1"] a').first().getAttribute('href'), '#/webSockets?filter=farm%3Achat+server%3A10.0.0.1')
  })

  t.test('where nothing may be done, there is nothing to press, and a sentence says why', async t => {
    const hello = () => ({ ...madeUp.hello(), actions: false })
    const farms = await show(t, 'farms', { hello })
    await farms.page.getByText('actions: true').waitFor()
    t.equal(await farms.page.locator('main button:not(.sort)').count(), 0)
    const sockets = await show(t, 'webSockets', { hello })
    await sockets.page.getByText('actions: true').waitFor()
    await sockets.page.locator('tbody tr').first().waitFor()
    t.equal(await sockets.page.locator('main input[type=checkbox], main .buttons').count(), 0)
  })

  t.test('a trace opens at the side', async t => {
    const { page } = await show(t, 'traces')
    await page.locator('tbody button.row-open').click()
    t.match(await page.locator('dialog[open]').frameLocator('iframe').locator('body').innerText(), /The trace\./)
    t.equal(await page.locator('dialog[open] iframe').getAttribute('src'), 'traces/W3SVC1/fr000001.html')
  })

  t.test('a finding says what happened and what helps, and leads to its exchanges', async t => {
    const { page } = await show(t, 'findings')
    const card = page.locator('article')
    await card.waitFor()
    t.match(await card.innerText(), /12 WebSockets of site ReverseProxy were cut after 60 s of silence\./)
    t.equal(await page.locator('figure svg').getAttribute('aria-label'), 'Silences before the end: 12 after 60 s')
    t.equal(await card.getByRole('link', { name: 'Exchanges like these' }).getAttribute('href'), '#/exchanges?filter=close%3Anone')
  })

  t.test('a view whose plugin is not there says which it is', async t => {
    const hello = () => ({ ...madeUp.hello(), has: { webSockets: false, farms: false, sites: false, listeners: false, explain: false, traces: false } })
    for (const [link, name] of [['webSockets', 'upstream-proxy'], ['farms', 'server-farm'], ['traces', 'request-trace'], ['findings', 'upstream-proxy']]) {
      const { page } = await show(t, link as string, { hello })
      await page.getByText(`@fastify-arr/${name as string}`).waitFor()
    }
  })

  t.test('what comes from outside is text', async t => {
    const evil = row({ id: '1', userAgent: EVIL, path: `/${EVIL}`, host: EVIL, rule: EVIL, site: EVIL, error: EVIL, client: EVIL })
    const { page, problems } = await show(t, 'exchanges', {
      exchanges: () => ({ read: once([evil]), end () {} }),
      story: () => ({ ...madeUp.story('1')!, row: evil, rewritten: EVIL, findings: [{ code: 'X', severity: 'error', sentence: EVIL, remedy: EVIL }] })
    })
    await page.locator('tbody button.row-open').click()
    await page.locator('dialog[open] dl.facts').waitFor()
    t.match(await page.locator('dialog[open]').innerText(), EVIL)
    t.equal(await page.locator('main img, main script').count(), 0)
    t.equal(await page.title(), 'Exchanges · Monitor')
    t.same(problems, [])
  })

  t.test('axe finds nothing, in light and dark, wide and narrow', async t => {
    const axe = await readFile(AXE, 'utf8')
    for (const [scheme, width] of [['light', 1280], ['dark', 1280], ['light', 360]] as const) {
      for (const [link, wait] of [['exchanges', 'tbody tr'], ['webSockets', 'tbody tr'], ['webSockets?open=t3', 'dialog ol.frames li'], ['farms', 'tbody tr'], ['traces', 'tbody tr'], ['findings', 'article']] as const) {
        const { page } = await show(t, link)
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
        await page.setViewportSize({ width, height: 800 })
        await page.locator(wait).first().waitFor()
        await page.evaluate(axe)
        t.same(await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html.slice(0, 200)))'), [], `${link}, ${scheme}, ${width}`)
        t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${link} fits into ${width}`)
        await page.close()
      }
    }
  })
})

function row (given: Partial<ExchangeRow>): ExchangeRow {
  return { ...madeUp.exchanges('').read().rows[0]!, ...given }
}

/** The rows, and then none. */
function once (rows: readonly ExchangeRow[]): () => ExchangesView {
  return inTurn([{ rows, skipped: 0 }, { rows: [], skipped: 0 }])
}

/** One after the other; the last one from then on, without its rows. */
function inTurn<View extends { readonly rows: readonly unknown[] }> (views: readonly View[]): () => View {
  let n = 0
  return () => n < views.length ? views[n++] as View : { ...views.at(-1) as View, rows: [], skipped: 0 }
}
