// The view of sites, in a real browser: what is configured, and what the rules make of a URL.
import type { Browser } from 'playwright-core'
import t from 'tap'
import type { Explanation } from '@fastify-arr/facts'
import { browser, withoutChromium } from '../../../test/chromium.ts'
import type { Views } from '../src/views/views.ts'
import { madeUp } from './made-up.ts'
import { look } from './page-browser.ts'
import { pageSite } from './page-site.ts'

const DAY = 86_400_000
const hello: Views['hello'] = () => madeUp.hello()

t.test('in Chromium', { skip: withoutChromium }, async t => {
  const chromium = (await browser(t)).browser() as Browser

  t.test('sites, listeners, certificates and rules are shown, each with its links', async t => {
    const url = await pageSite(t, {
      ...madeUp,
      sites: () => ({
        sites: [{ name: 'My shop', id: 7, enabled: true, bindings: [{ protocol: null, host: '*.shop.example', port: 8443, address: '10.0.0.1' }] }, { name: 'Old', id: 8, enabled: false, bindings: [] }],
        listeners: [{ name: 'https', label: null, protocol: 'https', address: '127.0.0.1', port: 8443, url: 'https://127.0.0.1:8443' }],
        certificates: [[400, 'fine'], [20.5, 'soon'], [6.9, 'now'], [-1, 'late']].map(([daysLeft, name]) => ({ listener: 'https', names: [`${name}.example`], validTo: Date.now() + Number(daysLeft) * DAY, daysLeft: Number(daysLeft) })),
        rules: [{ rule: 'seldom', matches: 3, lastAt: Date.now() - 90_000 }, { rule: 'to the backend', matches: 12_345, lastAt: Date.now() }]
      })
    })
    const { page, errors } = await look(t, chromium, `${url}#/sites`)
    await page.locator('table').first().waitFor()
    t.match(await page.locator('tr', { hasText: 'My shop' }).innerText(), /My shop\s+7\s+●\s*served\s+http\(s\):\/\/\*\.shop\.example:8443 at 10\.0\.0\.1/)
    t.match(await page.locator('tr', { hasText: 'Old' }).innerText(), /off/)
    t.equal(await page.getByRole('link', { name: 'My shop', exact: true }).getAttribute('href'), '#/exchanges?filter=site%3A%22My+shop%22')
    t.equal(await page.getByRole('link', { name: 'to the backend' }).getAttribute('href'), '#/exchanges?filter=rule%3A%22to+the+backend%22')
    const certificates = page.locator('section', { has: page.getByRole('heading', { name: 'Certificates' }) })
    t.same(await certificates.locator('.badge').evaluateAll(badges => badges.map(badge => `${badge.className} ${badge.lastChild?.textContent?.trim()}`)), ['badge error expired', 'badge error 6 days left', 'badge warning 20 days left', 'badge ok 400 days left'], 'those that end first stand first')
    const rules = page.locator('section', { has: page.getByRole('heading', { name: 'Rules' }) })
    t.match(await rules.locator('tbody tr').allInnerTexts(), [/to the backend\s+12,345/, /seldom\s+3\s+1 min 30 s ago/])
    t.equal(await rules.locator('th', { hasText: 'Matches' }).getAttribute('aria-sort'), 'descending')
    await rules.getByRole('button', { name: 'Rule' }).press('Enter')
    t.equal(await rules.locator('th', { hasText: /^Rule/ }).getAttribute('aria-sort'), 'ascending')
    t.match(await rules.locator('tbody tr').allInnerTexts(), [/seldom/, /to the backend/])
    t.same(errors, [])
  })

  t.test('a URL that is tried shows what each rule did with it, and what came out', async t => {
    let asked: unknown
    const url = await pageSite(t, { ...madeUp, explain: async question => { asked = question; return await madeUp.explain(question) } })
    const { page, errors } = await look(t, chromium, `${url}#/sites`)
    await page.getByLabel('Path, or a whole URL').fill('https://reverseproxy.com/api/orders?id=7')
    await page.getByRole('button', { name: 'Add a header' }).click()
    await page.getByLabel('Name of header 2').fill('Cookie')
    await page.getByLabel('Value of header 2').fill('a=b')
    await page.getByLabel('Value of header 2').press('Enter')
    await page.locator('.step').nth(2).waitFor()
    t.same(asked, { method: 'GET', url: '/api/orders?id=7', headers: { host: 'reverseproxy.com', cookie: 'a=b' } }, 'the host of a whole URL is the header')
    t.match(await page.locator('.outcome').innerText(), /GET \/api\/orders\?id=7\s*→\s*●\s*Rewritten\s+http:\/\/localhost:8080\/api\/orders\?id=7\s+by to the backend/)
    t.same(await page.locator('.step .badge').evaluateAll(badges => badges.map(badge => badge.lastChild?.textContent?.trim())), ['no match', 'conditions failed', 'applied'])
    t.same(await page.locator('.step details').evaluateAll(all => all.map(one => (one as HTMLDetailsElement).open)), [false, false, true])
    t.match((await page.locator('.step').nth(2).innerText()).replace(/\s+/g, ' '), 'api/orders?id=7 must match (.*)')
    t.match((await page.locator('.step').nth(2).innerText()).replace(/\s+/g, ' '), '{HTTP_HOST} is reverseproxy.com, must match ^reverseproxy\\.com$')
    t.match((await page.locator('.step').nth(2).innerText()).replace(/\s+/g, ' '), 'Headers set sec-websocket-extensions: (removed)')
    t.match(decodeURIComponent(page.url()), 'url=/api/orders?id=7&host=reverseproxy.com', 'the link has the question')
    t.same(errors, [])
    await page.reload()
    await page.locator('.step').nth(2).waitFor()
  })

  for (const [type, outcome, words] of [
    ['a redirection', { type: 'Redirect', rule: 'r', status: 301, location: 'https://a/' }, /Redirected, 301\s+https:\/\/a\/\s+by r/],
    ['an answer', { type: 'CustomResponse', rule: 'r', status: 403, subStatus: 4, reason: 'Not for you', description: '' }, /Answered, 403\.4\s+Not for you\s+by r/],
    ['an end', { type: 'AbortRequest', rule: 'r' }, /Connection ended\s+by r/],
    ['a bad request', { type: 'BadRequest', rule: 'r' }, /Bad request, 400\s+The rule “r” makes no valid URL/],
    ['no rule', null, /No rule matched\s+The URL stays as it is\./]
  ] as ReadonlyArray<readonly [string, Explanation['outcome'], RegExp]>) {
    t.test(`an outcome is told in words: ${type}`, async t => {
      const url = await pageSite(t, { ...madeUp, hello, explain: async ({ method, url }) => ({ method, url, steps: [], outcome }) })
      const { page } = await look(t, chromium, `${url}#/sites?url=/a&host=b`)
      await page.locator('.outcome').waitFor()
      t.match(await page.locator('.outcome').innerText(), words)
    })
  }

  t.test('a question that can not be answered is told in words', async t => {
    const url = await pageSite(t, { ...madeUp, explain: async () => { throw Object.assign(new Error('The rules are being read again.'), { statusCode: 400 }) } })
    const { page } = await look(t, chromium, `${url}#/sites`)
    await page.getByRole('button', { name: 'Try' }).click()
    const mistake = page.locator('.try-answer .mistake')
    await mistake.waitFor()
    t.ok((await mistake.innerText()).length > 10)
    t.equal(await page.locator('.step').count(), 0)
    t.match(await page.locator('.try-answer').getAttribute('role'), 'status')
  })

  t.test('where the plugins are not there, the page says so', async t => {
    const url = await pageSite(t, { ...madeUp, hello: () => ({ ...madeUp.hello(), has: { webSockets: true, farms: false, sites: false, listeners: true, explain: false, traces: false } }), sites: () => ({ sites: [], listeners: [], certificates: [], rules: [] }) })
    const { page } = await look(t, chromium, `${url}#/sites`)
    await page.getByText('No table of sites').waitFor()
    t.ok(await page.getByText('No rules to try').isVisible())
    t.ok(await page.getByText('No listener is open').isVisible())
    t.same(await page.locator('nav a').allInnerTexts(), ['Now', 'Exchanges', 'WebSockets', 'Sites', 'Findings'], 'views without a plugin are left out')
  })

  t.test('a script in any text stays text', async t => {
    const script = '<script>document.title = "run"</script>'
    const url = await pageSite(t, {
      ...madeUp,
      sites: () => ({ sites: [{ name: script, id: 1, enabled: true, bindings: [{ protocol: 'http', host: script, port: null, address: null }] }], listeners: [], certificates: [{ listener: script, names: [script], validTo: 0, daysLeft: 3 }], rules: [{ rule: script, matches: 1, lastAt: 0 }] }),
      explain: async ({ method }) => ({ method, url: script, steps: [{ list: script, rule: script, pattern: script, patternSyntax: 'Wildcard', negate: true, input: script, query: script, logicalGrouping: 'MatchAny', stopProcessing: false, matched: true, applied: true, captures: { rule: [script], conditions: [script] }, url: script, headers: { [script]: script }, conditions: [{ input: script, value: script, pattern: script, matchType: 'Pattern', negate: true, held: true }] }], outcome: { type: 'Redirect', rule: script, status: 302, location: script } })
    })
    const { page } = await look(t, chromium, `${url}#/sites?url=/`)
    await page.locator('.step').waitFor()
    t.equal(await page.locator('.outcome-url').innerText(), script)
    t.equal(await page.title(), 'Sites · Monitor')
    t.equal(await page.locator('#app script').count(), 0)
  })
})
