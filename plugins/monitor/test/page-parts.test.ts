// The parts that views share, in a real browser, each rendered alone.
import type { Browser } from 'playwright-core'
import t from 'tap'
import { browser, withoutChromium } from '../../../test/chromium.ts'
import { madeUp } from './made-up.ts'
import { look } from './page-browser.ts'
import { pageSite } from './page-site.ts'

t.test('in Chromium', { skip: withoutChromium }, async t => {
  const chromium = (await browser(t)).browser() as Browser
  const url = await pageSite(t, madeUp)
  /** Runs the code in a page whose content is empty; `html`, `render`, `place` and the parts are at hand. */
  async function rendered (t: import('tap').Test, code: string) {
    const looked = await look(t, chromium, `${url}page/icon.svg`)
    await looked.page.goto(url)
    await looked.page.evaluate(`(async () => {
      const { html, render, useState } = await import('./page/preact.js')
      const { Table } = await import('./page/parts/table/table.js')
      const { Panel } = await import('./page/parts/panel.js')
      const { ViewLink } = await import('./page/parts/link.js')
      const { FilterBox } = await import('./page/parts/filter-box.js')
      const { follow, useMessages } = await import('./page/parts/stream.js')
      const numbers = await import('./page/parts/numbers.js')
      const place = document.createElement('div')
      document.body.replaceChildren(place)
      ${code}
    })()`)
    return looked.page
  }

  const TABLE = `
    const columns = [{ name: 'name', title: 'Name', by: row => row.name, cell: row => row.name }, { name: 'n', title: 'N', number: true, by: row => row.n, cell: row => html\`<\${ViewLink} to="now">\${row.n}<//>\` }]
    let set
    window.opened = []
    function View () {
      const [rows, setRows] = useState(Array.from({ length: 30 }, (_, n) => ({ name: 'row ' + n, n: n === 4 ? null : 100 - n })))
      const [selected, setSelected] = useState(new Set())
      window.setRows = setRows
      window.selected = [...selected]
      return html\`<\${Table} caption="Rows" columns=\${columns} rows=\${rows} keyOf=\${row => row.name} nameOf=\${row => row.name} onOpen=\${row => opened.push(row.name)} selected=\${selected} onSelect=\${setSelected} />\`
    }
    render(html\`<\${View} />\`, place)`

  t.test('a table is sorted by its head; what has no value stands last either way', async t => {
    const page = await rendered(t, TABLE)
    const first = (): Promise<string[]> => page.locator('tbody tr').evaluateAll(rows => [rows[0], rows.at(-1)].map(row => String((row as HTMLElement).dataset.key)))
    t.same(await first(), ['row 0', 'row 29'])
    await page.getByRole('button', { name: 'N', exact: true }).press('Enter')
    t.same(await first(), ['row 0', 'row 4'], 'numbers begin with the largest')
    t.equal(await page.locator('th.cell-n').getAttribute('aria-sort'), 'descending')
    await page.getByRole('button', { name: 'N', exact: true }).press('Enter')
    t.same(await first(), ['row 29', 'row 4'])
    await page.getByRole('button', { name: 'Name', exact: true }).press('Enter')
    t.same(await first(), ['row 0', 'row 29'], 'numbers in texts count as numbers')
  })

  t.test('arrow keys go from row to row, Enter opens, Space selects, and one row takes part in the order of Tab', async t => {
    const page = await rendered(t, TABLE)
    const at = (): Promise<string> => page.evaluate('document.activeElement.closest("tr")?.dataset.key')
    await page.getByRole('button', { name: 'row 0', exact: true }).focus()
    for (const [key, row] of [['ArrowDown', 'row 1'], ['PageDown', 'row 11'], ['End', 'row 29'], ['ArrowDown', 'row 29'], ['Home', 'row 0'], ['ArrowUp', 'row 0'], ['ArrowDown', 'row 1']] as const) {
      await page.keyboard.press(key)
      t.equal(await at(), row, key)
    }
    await page.keyboard.press('Enter')
    t.same(await page.evaluate('opened'), ['row 1'])
    await page.keyboard.press(' ')
    t.same(await page.evaluate('selected'), ['row 1'])
    t.same(await page.evaluate('opened'), ['row 1'], 'Space opens nothing')
    await page.keyboard.press('Tab')
    t.equal(await page.evaluate('document.activeElement.tagName'), 'A', 'the link of the row')
    await page.keyboard.press('Tab')
    t.not(await at(), 'row 2', 'and then what follows the table')
    await page.getByRole('checkbox', { name: 'Select all' }).check()
    t.equal(await page.evaluate('selected.length'), 30)
  })

  t.test('what comes to stand behind a table with its first rows stands behind it', async t => {
    const page = await rendered(t, `
      const columns = [{ name: 'id', title: 'Id', cell: row => row.id }]
      const { Empty } = await import('./page/parts/empty.js')
      function View () {
        const [rows, setRows] = useState([])
        window.setRows = setRows
        return html\`<h1>Rows</h1><\${Table} caption="Rows" columns=\${columns} rows=\${rows} keyOf=\${row => row.id} empty=\${html\`<\${Empty} title="None" />\`} />\${rows.length > 0 ? html\`<p class="more">More</p>\` : null}\`
      }
      function App () { return html\`<main><\${View} /></main>\` }
      render(html\`<\${App} />\`, place)`)
    t.ok(await page.getByText('None').isVisible())
    await page.evaluate('setRows([{ id: "1" }])')
    await page.locator('.more').waitFor()
    t.same(await page.locator('main > *').evaluateAll(parts => parts.map(part => part.className || part.tagName)), ['H1', 'table-frame', 'more'])
    await page.evaluate('setRows([])')
    await page.getByText('None').waitFor()
    t.equal(await page.locator('main > *').count(), 2)
  })

  t.test('a row that moves keeps the focus', async t => {
    const page = await rendered(t, TABLE)
    await page.getByRole('button', { name: 'row 3', exact: true }).focus()
    await page.evaluate('setRows(rows => [...rows].reverse())')
    await page.waitForFunction(() => document.querySelector('tbody tr')?.getAttribute('data-key') === 'row 29')
    t.equal(await page.evaluate('document.activeElement.closest("tr")?.dataset.key'), 'row 3')
  })

  t.test('a panel keeps the focus, and gives it back when it closes', async t => {
    const page = await rendered(t, `
      function View () {
        const [isOpen, setOpen] = useState(false)
        return html\`<button onClick=\${() => setOpen(true)}>Open</button>\${isOpen ? html\`<\${Panel} title="A panel" onClose=\${() => setOpen(false)}><a href="#/now">inside</a><//>\` : null}\`
      }
      render(html\`<\${View} />\`, place)`)
    for (const close of ['Escape', 'button', 'backdrop']) {
      await page.getByRole('button', { name: 'Open' }).press('Enter')
      await page.locator('dialog[open]').waitFor()
      for (let n = 0; n < 6; n++) {
        await page.keyboard.press('Tab')
        t.ok(await page.evaluate('document.activeElement === document.body || document.activeElement.closest("dialog") !== null'), 'inside')
      }
      if (close === 'Escape') await page.keyboard.press('Escape')
      else if (close === 'button') await page.getByRole('button', { name: 'Close' }).click()
      else await page.mouse.click(20, 400)
      await page.locator('dialog').waitFor({ state: 'detached' })
      t.equal(await page.evaluate('document.activeElement.textContent'), 'Open', close)
    }
  })

  t.test('a filter is told once typing has stopped, at once for Enter, and follows its link', async t => {
    const page = await rendered(t, `
      window.told = []
      function View () {
        const [filter, setFilter] = useState('')
        window.setFilter = setFilter
        return html\`<\${FilterBox} label="Filter" value=\${filter} onFilter=\${text => { told.push(text); setFilter(text) }} />\`
      }
      render(html\`<\${View} />\`, place)`)
    const box = page.getByRole('searchbox', { name: 'Filter' })
    // In one turn: between two keys of a keyboard typing may have stopped.
    await box.evaluate((element, text) => {
      for (let length = 1; length <= text.length; length++) {
        (element as HTMLInputElement).value = text.slice(0, length)
        element.dispatchEvent(new Event('input', { bubbles: true }))
      }
    }, 'site:Shop')
    await page.waitForFunction(() => (globalThis as unknown as { told: string[] }).told.length > 0)
    t.same(await page.evaluate('told'), ['site:Shop'])
    await box.press('End')
    await box.pressSequentially(' a')
    await box.press('Enter')
    t.equal(await page.evaluate('told.at(-1)'), 'site:Shop a')
    await page.evaluate('setFilter("status:502")')
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('[data-filter]')?.value === 'status:502')
    await box.press('Escape')
    t.equal(await page.evaluate('told.at(-1)'), '')
  })

  t.test('a thousand messages a second are drawn once per frame at most', async t => {
    const page = await rendered(t, `
      class Flood extends EventTarget {
        constructor () {
          super()
          this.readyState = 1
          let n = 0
          const begin = performance.now()
          const channel = new MessageChannel()
          channel.port1.onmessage = () => {
            const due = Math.floor(performance.now() - begin)
            while (n < due && n < 2000) { n++; this.dispatchEvent(new MessageEvent('exchanges', { data: JSON.stringify({ rows: [{ id: String(n) }], skipped: 0 }) })) }
            if (n < 2000) channel.port2.postMessage(null)
          }
          setTimeout(() => { this.dispatchEvent(new MessageEvent('hello', { data: JSON.stringify({ process: 1, startedAt: 1, has: {}, node: '', version: '' }) })); channel.port2.postMessage(null) })
        }
        close () {}
      }
      window.EventSource = Flood
      window.renders = 0
      window.frames_ = 0
      const columns = [{ name: 'id', title: 'Id', cell: row => row.id }]
      const count = () => { frames_++; requestAnimationFrame(count) }
      requestAnimationFrame(count)
      window.longest = 0
      new PerformanceObserver(list => { for (const entry of list.getEntries()) longest = Math.max(longest, entry.duration) }).observe({ entryTypes: ['longtask'] })
      function View () {
        const [rows, setRows] = useState([])
        renders++
        window.rows = rows
        useMessages('exchanges', {}, ({ rows: more }) => setRows(rows => [...more, ...rows].slice(0, 500)))
        return html\`<\${Table} caption="Rows" columns=\${columns} rows=\${rows} keyOf=\${row => row.id} />\`
      }
      render(html\`<\${View} />\`, place)`)
    await page.waitForFunction(() => (globalThis as unknown as { rows: Array<{ id: string }> }).rows[0]?.id === '2000')
    const { renders, frames, longest } = await page.evaluate<{ renders: number, frames: number, longest: number }>('({ renders, frames: frames_, longest })')
    t.ok(renders <= frames + 2, `${renders} renders in ${frames} frames`)
    t.comment(`${renders} renders in ${frames} frames, the longest task ${longest} ms`)
  })

  t.test('numbers are short', async t => {
    const page = await rendered(t, 'window.numbers = numbers')
    t.same(await page.evaluate('[0, 999, 999.6, 1000, 15_300, 153_000, 1e6, 2.5e12].map(numbers.bytes)'), ['0 B', '999 B', '1 KB', '1 KB', '15.3 KB', '153 KB', '1 MB', '2.5 TB'])
    t.same(await page.evaluate('[0.84, 48, 99.96, 999.7, 1204.5, 59_940, 59_990, 125_000, 11_040_000, 183_600_000].map(numbers.duration)'), ['0.8 ms', '48 ms', '100 ms', '1 s', '1.2 s', '59.9 s', '1 min', '2 min 5 s', '3 h 4 min', '2 d 3 h'])
    t.same(await page.evaluate('[null, 5, 1234, 1_234_567].map(numbers.count)'), ['–', '5', '1,234', '1.2M'])
  })
})
