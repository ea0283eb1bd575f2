// The page as a whole, in a real browser: for everybody, by keys, and by itself when the server has been away.
import type { Browser } from 'playwright-core'
import t from 'tap'
import { browser, withoutChromium } from '../../../test/chromium.ts'
import { madeUp } from './made-up.ts'
import { findingsOf, look, sidewaysOf } from './page-browser.ts'
import { pageSite } from './page-site.ts'
import { Relay } from './relay.ts'

t.test('in Chromium', { skip: withoutChromium }, async t => {
  const chromium = (await browser(t)).browser() as Browser
  const url = await pageSite(t, madeUp)

  for (const [view, ready] of [['now', '.counts li'], ['sites?url=/a&host=reverseproxy.com', '.step']] as const) {
    for (const width of [1280, 360]) {
      for (const dark of [false, true]) {
        t.test(`axe finds nothing in ${view}, ${width} px wide, ${dark ? 'dark' : 'light'}, and nothing sticks out`, async t => {
          const { page, errors } = await look(t, chromium, `${url}#/${view}`, { width, dark })
          await page.locator(ready).first().waitFor()
          t.same(await findingsOf(page), [])
          t.equal(await sidewaysOf(page), 0)
          await page.keyboard.press('?')
          await page.locator('dialog[open]').waitFor()
          t.same(await findingsOf(page), [], 'with the list of keys open')
          t.same(errors, [])
        })
      }
    }
  }

  t.test('one style sheet and one script are needed before anything is painted, the modules come afterwards, and each of the first view is asked for at once', async t => {
    const { page, errors } = await look(t, chromium, url)
    await page.locator('.chart canvas').first().waitFor()
    const files = await page.evaluate<Array<{ name: string, blocks: boolean, at: number }>>('performance.getEntriesByType("resource").filter(({ name }) => /\\.(js|css)$/.test(name)).map(({ name, renderBlockingStatus, startTime }) => ({ name: new URL(name).pathname, blocks: renderBlockingStatus === "blocking", at: startTime }))')
    t.same(files.filter(one => one.blocks).map(one => one.name).sort(), ['/page/all.css', '/page/first.js'])
    t.notOk(files.some(one => one.name === '/page/views/exchanges.js' && one.at < (files.find(one => one.name === '/page/views/now.js')?.at ?? 0)))
    const named = await page.evaluate<string[]>('[...document.querySelectorAll("link[rel=modulepreload]")].map(link => new URL(link.href).pathname)')
    for (const name of ['/page/app.js', '/page/views/now.js', '/page/parts/charts/chart.js', '/vendor/uPlot.js', '/vendor/htm-preact.js']) t.ok(named.includes(name), name)
    t.notOk(named.includes('/page/views/farms.js'), 'other views come later')
    t.equal(await page.evaluate('getComputedStyle(document.querySelector(".u-over")).position'), 'absolute', 'the style sheet of the charts is in it')
    const paint = await page.evaluate<number>('performance.getEntriesByName("first-contentful-paint")[0].startTime')
    t.comment(`first paint after ${Math.round(paint)} ms`)
    t.same(errors, [])
  })

  t.test('the head tells which process it is, and that it is there', async t => {
    const { page } = await look(t, chromium, url)
    await page.locator('.state.connected').waitFor()
    t.match(await page.locator('.process').innerText(), /pid 4711\s+v0\.1\.0\s+Node 20\.20\.2\s+up \d+ d/)
    t.equal(await page.locator('.state [role=status]').innerText(), 'Connected')
  })

  t.test('keys alone lead everywhere', async t => {
    const { page, errors } = await look(t, chromium, url)
    await page.locator('.state.connected').waitFor()
    await page.keyboard.press('Tab')
    t.equal(await page.evaluate('document.activeElement.textContent'), 'Go to the content', 'the first stop')
    await page.keyboard.press('Enter')
    t.equal(await page.evaluate('document.activeElement.id'), 'main')
    t.match(page.url(), /\/(#\/now)?$/, 'the link stays that of the view')
    for (const [key, title] of [['5', 'Sites'], ['2', 'Exchanges'], ['1', 'Now']] as const) {
      await page.keyboard.press(key)
      await page.locator('main h1', { hasText: title }).waitFor()
      t.equal(await page.locator('nav [aria-current=page]').innerText(), title)
      t.equal(await page.evaluate('document.activeElement.id'), 'main', 'the focus is at the view')
      t.equal(await page.title(), `${title} · Monitor`)
    }
    await page.keyboard.press('?')
    t.equal(await page.locator('dialog[open] h2').innerText(), 'Keyboard')
    await page.keyboard.press('5')
    t.equal(await page.locator('main h1').innerText(), 'Now', 'no view behind a dialog')
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })
    t.equal(await page.evaluate('document.activeElement.id'), 'main', 'the focus is back')
    t.same(errors, [])
  })

  t.test('every link, button and box of a view is reached by Tab', async t => {
    const { page } = await look(t, chromium, `${url}#/sites?url=/a&host=reverseproxy.com`)
    await page.locator('.step').first().waitFor()
    const wanted = await page.evaluate<number>('[...document.querySelectorAll("a, button, input, select, summary")].filter(one => one.checkVisibility() && !(one.type === "radio" && !one.checked)).length')
    const reached = new Set<string>()
    for (let n = 0; n < wanted + 10; n++) {
      await page.keyboard.press('Tab')
      reached.add(await page.evaluate<string>('(window.seen ??= new Map()).get(document.activeElement) ?? (seen.set(document.activeElement, String(seen.size)), document.activeElement.matches("a, button, input, select, summary") ? String(seen.size - 1) : "")'))
    }
    reached.delete('')
    t.equal(reached.size, wanted)
  })

  t.test('single keys can be switched off, and that is kept', async t => {
    const { page } = await look(t, chromium, url)
    await page.locator('.state.connected').waitFor()
    await page.keyboard.press('?')
    await page.getByRole('switch', { name: 'Single keys act' }).click()
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })
    await page.reload()
    await page.locator('.state.connected').waitFor()
    await page.keyboard.press('5')
    await page.keyboard.press('?')
    t.equal(await page.locator('main h1').innerText(), 'Now')
    t.equal(await page.locator('dialog').count(), 0)
  })

  t.test('light and dark can be chosen, and that is kept before anything is painted', async t => {
    const { page } = await look(t, chromium, url)
    const background = (): Promise<string> => page.evaluate('getComputedStyle(document.documentElement).backgroundColor')
    const light = await background()
    await page.getByRole('radio', { name: 'Dark' }).check()
    const dark = await background()
    t.not(dark, light)
    await page.reload({ waitUntil: 'commit' })
    await page.locator('.brand').waitFor()
    t.equal(await background(), dark)
    await page.locator('.state.connected').waitFor()
    t.ok(await page.getByRole('radio', { name: 'Dark' }).isChecked())
    await page.keyboard.press('t')
    t.equal(await background(), light, 'automatic again, which is light here')
  })

  t.test('a server that is away is told, what is shown is old, and a new one is found without a hand', async t => {
    const relay = new Relay(t)
    await relay.come(url)
    const { page } = await look(t, chromium, relay.url)
    await page.locator('.tile-value', { hasText: 'MB/s' }).or(page.locator('.tile-value', { hasText: 'KB/s' })).first().waitFor()
    await relay.leave()
    await page.locator('.state.away').waitFor()
    t.match(await page.locator('.state').innerText(), /The server is away: connecting again …\s*\d+ s old/)
    t.ok(await page.locator('main.old').count(), 'the values look old')
    t.same(await findingsOf(page), [], 'axe finds nothing then either')
    const other = await pageSite(t, { ...madeUp, hello: () => ({ ...madeUp.hello(), process: 4712, startedAt: Date.now() }), now: () => ({ ...madeUp.now(), inFlight: 3 }) })
    await relay.come(other)
    await page.locator('.state.connected').waitFor()
    await page.locator('.process', { hasText: 'pid 4712' }).waitFor()
    await page.locator('.tile', { hasText: 'In flight' }).locator('.tile-value', { hasText: /^3$/ }).waitFor()
    t.equal(await page.locator('main.old').count(), 0)
  })

  t.test('nothing is asked for while the page is paused or hidden', async t => {
    let isFollowed = false
    const followed = (): Promise<void> => page.waitForFunction(() => document.querySelector('main h1') !== null).then(() => {})
    const watching = await pageSite(t, { ...madeUp, sites: () => { isFollowed = true; return madeUp.sites() } })
    const { page } = await look(t, chromium, `${watching}#/sites`)
    const streams = (): Promise<number> => page.evaluate('window.open_')
    await page.addInitScript('window.open_ = 0; window.EventSource = class extends EventSource { constructor (url) { super(url); open_++ } close () { if (this.readyState !== 2) open_--; super.close() } }')
    await page.reload()
    await page.locator('.state.connected').waitFor()
    await followed()
    t.ok(isFollowed)
    t.equal(await streams(), 1)
    await page.keyboard.press('p')
    await page.locator('.state.paused').waitFor()
    t.equal(await streams(), 0)
    await page.keyboard.press('p')
    await page.locator('.state.connected').waitFor()
    t.equal(await streams(), 1)
    await page.evaluate('Object.defineProperty(document, "hidden", { value: true, configurable: true }); document.dispatchEvent(new Event("visibilitychange"))')
    t.equal(await streams(), 0)
    await page.evaluate('delete document.hidden; document.dispatchEvent(new Event("visibilitychange"))')
    t.equal(await streams(), 1)
    await page.keyboard.press('2')
    await page.locator('h1', { hasText: 'Exchanges' }).waitFor()
    t.ok(await streams() <= 1, 'the stream of the view before is closed')
  })
})
