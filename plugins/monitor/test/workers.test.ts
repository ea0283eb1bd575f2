// One page for all workers: whichever of them a browser reaches, it is shown and can do what there is in all. Real processes.
import { once } from 'node:events'
import t, { type Test } from 'tap'
import type { WebSocket } from 'ws'
import type { ExchangesView, FarmsView, FramesView, HistoryView, NowView, SitesView, Story, WebSocketRow, WebSocketsView } from '../src/messages/index.ts'
import { browser, withoutChromium } from '../../../test/chromium.ts'
import { ACTION, ask } from './ask.ts'
import { listen, several, type Several } from './workers/several.ts'

t.beforeEach(() => { t.setTimeout(240_000) })

const post = async (url: string, path: string, body: object): Promise<any> => JSON.parse((await ask(`${url}${path}`, { method: 'POST', headers: ACTION, body: JSON.stringify(body) })).body)

interface Client { readonly socket: WebSocket, readonly row: WebSocketRow }

/** Opens so many, which are spread over both; each with its row. */
async function spread (t: Test, site: Several, count: number): Promise<Client[]> {
  const list = await listen<WebSocketsView>(t, site.url, 'view=webSockets&limit=500')
  const clients: Client[] = []
  for (let n = 1; n <= count; n++) {
    const socket = await site.open()
    const { rows } = await list.until(({ rows }) => rows.length === n)
    clients.push({ socket, row: rows.find(({ id }) => !clients.some(({ row }) => row.id === id)) as WebSocketRow })
  }
  t.equal(new Set(clients.map(({ row }) => row.worker?.pid)).size, 2)
  return clients
}

t.test('WebSockets of two workers are one list, are watched and closed from either, and counts are sums', async t => {
  const site = await several(t)
  const clients = await spread(t, site, 6)
  const list = await listen<WebSocketsView>(t, site.url, 'view=webSockets')
  const { workers } = await list.workers(({ workers }) => workers.length === 2 && workers.reduce((sum, { open }) => sum + open, 0) === 6)
  t.match(workers, [{ number: 1, generation: 1, leaving: false, answers: true }, { number: 2, generation: 1, leaving: false, answers: true }])
  const own = list.hello().process
  const other = clients.find(({ row }) => row.worker?.pid !== own) as Client
  const { rows } = await list.until(({ rows }) => rows.length === 6)
  t.same(rows.map(({ since }) => since), [...rows].map(({ since }) => since).sort((one, other) => one - other))
  const ofOne = await listen<WebSocketsView>(t, site.url, `view=webSockets&filter=worker:${other.row.worker?.number}`)
  t.match(await ofOne.until(({ rows }) => rows.length > 0), { open: 6, matching: 3 })
  t.equal(ofOne.told.flatMap(({ rows }) => rows).every(({ worker }) => worker?.pid === other.row.worker?.pid), true)
  const first = await listen<WebSocketsView>(t, site.url, 'view=webSockets&limit=2&sort=since&descending=true')
  t.same((await first.until(({ rows }) => rows.length > 0)).rows.map(({ id }) => id), clients.slice(-2).reverse().map(({ row }) => row.id))

  const frames = []
  for (const { row } of clients) frames.push(await listen<FramesView>(t, site.url, `view=frames&id=${row.id}`))
  for (const [n, { socket }] of clients.entries()) {
    socket.send(`hello ${n}`)
    await once(socket, 'message')
    t.ok(await frames[n]?.until(({ rows }) => rows.some(row => row.kind === 'frame' && row.side === 'upstream')))
  }
  await t.rejects(listen(t, site.url, 'view=frames&id=nothing'), { message: '404' })

  const now = await listen<NowView>(t, site.url, 'view=now')
  t.equal((await now.until(({ point }) => point.open === 6)).inFlight, 6)
  const farms = await listen<FarmsView>(t, site.url, 'view=farms')
  t.match(await farms.until(({ farms }) => farms[0]?.servers[0]?.tunnels === 6), { farms: [{ name: 'chat', servers: [{ chosen: 6 }] }] })

  const left = once(other.socket, 'close')
  t.same(await post(site.url, 'close', { ids: [other.row.id, 'nothing'], code: 4001, reason: 'moved' }), { closed: 1, unknown: ['nothing'] })
  const [code, reason] = await left
  t.same([code, String(reason)], [4001, 'moved'])
  const all = clients.filter(client => client !== other)
  const closed = all.map(async ({ socket }) => await once(socket, 'close'))
  t.same(await post(site.url, 'close-matching', { filter: '', code: 4002, reason: 'all' }), { closed: 5, unknown: [] })
  t.same((await Promise.all(closed)).map(([code, reason]) => [code, String(reason)]), Array(5).fill([4002, 'all']))
  t.match(await now.until(({ closes }) => closes.some(({ name, count }) => name === '4002' && count === 5)), { point: {} })
  const sites = await listen<SitesView>(t, site.url, 'view=sites')
  t.match(await sites.until(({ rules }) => rules.length > 0), { rules: [{ rule: 'all', matches: 6 }] })
})

t.test('exchanges of both are shown with their workers, each has its story, and a server is switched in both', async t => {
  const site = await several(t)
  const exchanges = await listen<ExchangesView>(t, site.url, 'view=exchanges')
  const got = (): ExchangesView['rows'] => exchanges.told.flatMap(({ rows }) => rows)
  for (let n = 0; n < 6; n++) await ask(`http://127.0.0.1:${site.port}/${n}`)
  await exchanges.until(() => got().length === 6)
  t.equal(new Set(got().map(({ id }) => id)).size, 6)
  t.equal(new Set(got().map(({ worker }) => worker?.pid)).size, 2)
  for (const row of got()) {
    const story = JSON.parse((await ask(`${site.url}story?id=${row.id}`)).body) as Story
    t.match(story.row, { id: row.id, path: row.path, worker: row.worker as object })
  }
  t.equal((await ask(`${site.url}story?id=1.1`)).status, 404)
  const ofOne = await listen<ExchangesView>(t, site.url, `view=exchanges&filter=worker:${got()[0]?.worker?.pid}`)
  t.equal((await ofOne.until(({ rows }) => rows.length > 0)).rows.length, 3)
  // A second is told when all have closed it.
  let history
  do history = JSON.parse((await ask(`${site.url}history`)).body) as HistoryView
  while (history.seconds.requests.reduce((sum, value) => sum + value, 0) < 6)
  t.equal(history.seconds.requests.reduce((sum, value) => sum + value, 0), 6)
  t.equal(history.minutes.at.length > 0, true)
  t.ok(history.seconds.p50.some(value => value !== null))
  await post(site.url, 'farms/state', { farm: 'chat', server: '127.0.0.1', state: 'unavailableGracefully' })
  const statuses = []
  for (let n = 0; n < 4; n++) statuses.push((await ask(`http://127.0.0.1:${site.port}/`)).status)
  t.same(statuses, [503, 503, 503, 503])
})

t.test('a worker that is killed, or hangs, is said to, and the page goes on with the other', { skip: process.platform === 'win32' ? 'Windows does not stop a process' : false }, async t => {
  const site = await several(t)
  const clients = await spread(t, site, 4)
  const list = await listen<WebSocketsView>(t, site.url, 'view=webSockets')
  await list.until(({ rows }) => rows.length === 4)
  const pid = clients.map(({ row }) => row.worker?.pid as number).find(pid => pid !== list.hello().process) as number
  process.kill(pid, 'SIGSTOP')
  await list.workers(({ workers }) => workers.some(one => one.pid === pid && !one.answers))
  await list.until(({ open }) => open === 2)
  process.kill(pid, 'SIGCONT')
  await list.workers(({ workers }) => workers.length === 2 && workers.every(({ answers }) => answers) && list.told.at(-1)?.open !== undefined)
  await list.until(() => list.told.at(-1)?.open === 4)
  process.kill(pid, 'SIGKILL')
  await list.until(() => list.told.at(-1)?.open === 2)
  t.match(await list.workers(({ workers }) => workers.length === 2 && !workers.some(one => one.pid === pid)), { workers: [{ answers: true }, { answers: true }] }, 'and the one in its place is there')
})

t.test('after a reload streams end at the old worker and come back at a new one; what has moved keeps its name and is there once', { skip: process.platform === 'win32' ? 'Windows moves no sockets' : false }, async t => {
  const site = await several(t)
  const clients = await spread(t, site, 6)
  const list = await listen<WebSocketsView>(t, site.url, 'view=webSockets')
  await list.until(({ rows }) => rows.length === 6)
  await site.reload()
  await list.over
  t.ok(list.told.every(({ rows }) => new Set(rows.map(({ id }) => id)).size === rows.length))
  const again = await listen<WebSocketsView>(t, site.url, 'view=webSockets')
  const { rows } = await again.until(({ open, rows }) => open === 6 && rows.length === 6)
  t.same(rows.map(({ id }) => id).sort(), clients.map(({ row }) => row.id).sort())
  const { workers } = await again.workers(({ workers }) => workers.every(({ generation }) => generation === 2))
  t.same(new Set(rows.map(({ worker }) => worker?.pid)), new Set(workers.map(({ pid }) => pid)))
  const [one] = clients as [Client]
  const exchanges = await listen<ExchangesView>(t, site.url, 'view=exchanges&filter=ws')
  one.socket.close(1000)
  const { rows: [row] } = await exchanges.until(({ rows }) => rows.some(({ webSocket }) => webSocket === 'closed'))
  t.equal(row?.tunnel, one.row.id)
})

t.test('in a browser: all are in one list with their workers, one of the other worker is closed, and the page goes on over a reload', { skip: withoutChromium || (process.platform === 'win32' && 'Windows moves no sockets') }, async t => {
  const site = await several(t)
  const clients = await spread(t, site, 4)
  const page = await (await browser(t)).newPage()
  const problems: string[] = []
  page.on('pageerror', error => { problems.push(String(error)) })
  await page.goto(site.url)
  await page.getByText(/^worker [12] of 2, pid \d+$/).waitFor()
  await page.getByRole('table', { name: 'Workers' }).locator('tbody tr').nth(1).waitFor()
  await page.goto(`${site.url}#/webSockets`)
  await page.getByText('4 open', { exact: true }).waitFor()
  for (const worker of ['1', '2']) t.equal(await page.locator('td.cell-worker', { hasText: new RegExp(`^${worker} `) }).count(), 2)
  const pid = Number(/pid (\d+)/.exec(await page.locator('p.process').innerText())?.[1])
  const other = clients.find(({ row }) => row.worker?.pid !== pid) as Client
  await page.locator(`tr[data-key="${other.row.id}"] input[type=checkbox]`).check()
  await page.getByRole('button', { name: 'Close 1 …' }).click()
  await page.locator('dialog[open]').getByRole('textbox').fill('moved to another table')
  const closed = once(other.socket, 'close')
  await page.locator('dialog[open]').getByRole('button', { name: 'Close 1 WebSocket' }).click()
  t.same((await closed).map(String), ['1001', 'moved to another table'])
  await page.getByText('3 open', { exact: true }).waitFor()
  await site.reload()
  await page.locator('p.process').filter({ hasNotText: `pid ${pid}` }).waitFor()
  await page.locator('p.process', { hasText: 'worker' }).waitFor()
  await page.getByText('3 open', { exact: true }).waitFor()
  t.equal(await page.locator('tbody tr').count(), 3)
  t.same(problems, [])
})
