// The view of now, in a real browser: it shows what the server tells, and goes on by itself.
import type { Browser, Page } from 'playwright-core'
import t from 'tap'
import { browser, withoutChromium } from '../../../test/chromium.ts'
import type { Point } from '../src/messages/index.ts'
import { madeUp } from './made-up.ts'
import { look } from './page-browser.ts'
import { pageSite } from './page-site.ts'

const SECOND = Math.floor(Date.now() / 1000) * 1000
const POINT: Point = { at: SECOND, requests: 1234, handshakes: 5.25, closed: 2, received: 20_480, sent: 1_500_000, open: 98_765, p50: 2.14, p95: 12, p99: 1480, clientErrors: 1, serverErrors: 0 }

const tile = (page: Page, title: string): Promise<string> => page.locator('.tile', { has: page.getByText(title, { exact: true }) }).locator('.tile-value').innerText()

t.test('in Chromium', { skip: withoutChromium }, async t => {
  const chromium = (await browser(t)).browser() as Browser

  t.test('the tiles show the numbers of this second', async t => {
    const url = await pageSite(t, { ...madeUp, now: () => ({ ...madeUp.now(), point: POINT, inFlight: 98_770 }) })
    const { page, errors } = await look(t, chromium, url)
    await page.locator('.counts li').first().waitFor()
    t.same(await Promise.all(['Requests/s', 'Handshakes/s', 'WebSockets', 'In flight', 'Received', 'Sent', 'p50', 'p95', 'p99'].map(title => tile(page, title))),
      ['1,234', '5.3', '98,765', '98,770', '20.5 KB/s', '1.5 MB/s', '2.1 ms', '12 ms', '1.5 s'])
    t.equal(await page.locator('.tile .sparkline path').count(), 9)
    t.same(errors, [])
  })

  t.test('errors and ends are linked to their exchanges', async t => {
    const url = await pageSite(t, { ...madeUp, now: () => ({ ...madeUp.now(), errors: [{ name: '502', count: 9 }, { name: 'FST_ARR_UPSTREAM_REFUSED', count: 4 }], closes: [{ name: '1001', count: 12 }, { name: 'none', count: 3 }] }) })
    const { page } = await look(t, chromium, url)
    await page.locator('.counts li').first().waitFor()
    t.same(await page.locator('.counts a').evaluateAll(links => links.map(link => decodeURIComponent(String(link.getAttribute('href'))))), [
      '#/exchanges?filter=status:502', '#/exchanges?filter=error:FST_ARR_UPSTREAM_REFUSED', '#/exchanges?filter=close:1001', '#/exchanges?filter=close:none'
    ])
    t.same(await page.locator('.counts li').evaluateAll(lines => lines.map(line => (line as HTMLElement).innerText.replace(/\s+/g, ' '))), ['502 Bad Gateway 9', 'FST_ARR_UPSTREAM_REFUSED 4', '1001 going away 12', 'none without a Close 3'])
  })

  t.test('the charts say what they show to those who do not see it, and in a table', async t => {
    const url = await pageSite(t, madeUp)
    const { page, errors } = await look(t, chromium, url)
    await page.locator('.chart canvas').nth(4).waitFor()
    await page.waitForFunction(() => /between/.test(document.querySelector('.chart-place')?.getAttribute('aria-label') ?? ''))
    const labels = (): Promise<string[]> => page.locator('.chart-place').evaluateAll(places => places.map(place => String(place.getAttribute('aria-label'))))
    t.match((await labels())[0], /^Requests per second: Requests between [\d.]+ and [\d.]+, at last [\d.]+; Handshakes between/)
    t.match((await labels())[3], /^Times: p50 between [\d.]+ ms and [\d.]+ ms, at last/)
    await page.getByRole('button', { name: 'Show as a table' }).press('Enter')
    t.ok(await page.locator('dialog tbody tr').count() >= 30, 'five minutes, by 10 seconds')
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })
    t.equal(await page.evaluate('document.activeElement.textContent'), 'Show as a table', 'the focus is back')
    await page.getByRole('radio', { name: '24 hours' }).check()
    t.match(page.url(), /span=24h/, 'the link has it')
    await page.getByRole('button', { name: 'Show as a table' }).click()
    t.match(await page.locator('dialog h2').innerText(), 'The last 24 hours, by the hour')
    t.ok(await page.locator('dialog tbody tr').count() >= 24)
    t.same(errors, [])
  })

  t.test('the history is asked for once, and the points of the stream are added to it', async t => {
    let asked = 0
    let n = 0
    const history = madeUp.history()
    const last = history.seconds.at.at(-1) as number
    const url = await pageSite(t, { ...madeUp, history: () => { asked++; return history }, now: () => ({ ...madeUp.now(), point: { ...POINT, at: last + 1000 * ++n, requests: 5000 + n } }) })
    const { page } = await look(t, chromium, url)
    await page.waitForFunction(() => /between \d{2} and 5,003/.test(document.querySelector('.chart-place')?.getAttribute('aria-label') ?? ''))
    t.equal(asked, 1)
  })

  t.test('the colours of the charts follow light and dark', async t => {
    const url = await pageSite(t, madeUp)
    const { page } = await look(t, chromium, url)
    await page.locator('.chart canvas').first().waitFor()
    // The colour that most of a line has: the line of open WebSockets is of one colour.
    const line = (): Promise<string> => page.evaluate(`(() => {
      const canvas = document.querySelectorAll('.chart canvas')[1]
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      const counts = new Map()
      for (let n = 0; n < data.length; n += 4) if (data[n + 3] === 255) { const name = [data[n], data[n + 1], data[n + 2]].join(); counts.set(name, (counts.get(name) ?? 0) + 1) }
      return [...counts].sort((a, b) => b[1] - a[1]).slice(0, 3).map(([name]) => name).join(' ')
    })()`)
    await page.waitForFunction(() => /between/.test(document.querySelector('.chart-place')?.getAttribute('aria-label') ?? ''))
    const light = await line()
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.waitForFunction(() => matchMedia('(prefers-color-scheme: dark)').matches)
    await page.locator('.legend-value').first().evaluate(() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))))
    t.not(await line(), light)
  })

  t.test('a script in any text stays text', async t => {
    const script = '<script>document.title = "run"</script><img src=x onerror="document.title = \'run\'">'
    const url = await pageSite(t, { ...madeUp, hello: () => ({ ...madeUp.hello(), version: script, node: script }), now: () => ({ ...madeUp.now(), errors: [{ name: script, count: 1 }], closes: [{ name: script, count: 1 }] }) })
    const { page } = await look(t, chromium, url)
    await page.locator('.counts li').first().waitFor()
    t.equal(await page.locator('.counts-name').first().innerText(), script)
    t.match(await page.locator('.process').innerText(), script)
    t.equal(await page.title(), 'Now · Monitor')
  })
})
