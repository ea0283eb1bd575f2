// Limits of tunnels hold over all workers together.
import t from 'tap'
import type { WebSocket } from 'ws'
import { sharedSite, webSocketServer, type Answers, type SharedSite } from './shared-site.ts'

t.beforeEach(() => { t.setTimeout(240_000) })
const noMoves = process.platform === 'win32' ? 'Windows does not pass a socket on that is in use' : false

interface Known { readonly own: number, readonly elsewhere: number, readonly ofKey: number }

/** Waits until every worker knows of so many, and of no more. */
async function known (shared: SharedSite, count: number): Promise<Answers<Known>> {
  return await shared.until<Known>('tunnels', answers => answers.every(({ value: { own, elsewhere, ofKey } }) => own + elsewhere === count && ofKey === elsewhere))
}

/** So many clients of one key, one after the other: those that are let in, and what the others get. */
async function come (shared: SharedSite, count: number, before: number): Promise<{ open: WebSocket[], refused: number[] }> {
  const open: WebSocket[] = []
  const refused: number[] = []
  for (let i = 0; i < count; i++) {
    const one = await shared.open({ 'x-key': 'a' })
    if (typeof one === 'number') refused.push(one)
    else await known(shared, before + open.push(one))
  }
  return { open, refused }
}

t.test('a key has its limit over 4 workers, and again when its tunnels have closed; those of a worker that is killed no longer count', async t => {
  const shared = await sharedSite(t, { mostPerKey: 5 }, 4, await webSocketServer(t))
  await known(shared, 0)
  const first = await come(shared, 40, 0)
  t.equal(first.open.length, 5)
  t.same(first.refused, Array.from({ length: 35 }, () => 429))
  t.equal(typeof await shared.open({ 'x-key': 'b' }), 'object', 'another key has its own')
  for (const socket of first.open) socket.terminate()
  await shared.until<Known>('tunnels', answers => answers.every(({ value: { ofKey, own, elsewhere } }) => ofKey === 0 && own + elsewhere === 1))
  const again: WebSocket[] = []
  for (let i = 0; i < 12; i++) {
    const one = await shared.open({ 'x-key': 'a' })
    if (typeof one === 'number') continue
    again.push(one)
    await shared.until<Known>('tunnels', answers => answers.every(({ value: { own, elsewhere } }) => own + elsewhere === again.length + 1))
  }
  t.equal(again.length, 5)
  const answers = await shared.ask<Known>('tunnels')
  const killed = answers.find(({ value }) => value.own > 0) as Answers<Known>[number]
  process.kill(killed.pid, 'SIGKILL')
  // Not before: what a process that was killed has accepted is answered by nobody.
  await shared.site.logs(/^info: worker \d is back$/)
  await shared.until<Known>('tunnels', answers => answers.length === 4 && answers.every(({ pid, value: { own, elsewhere } }) => pid !== killed.pid && own + elsewhere === 6 - killed.value.own))
  let isLetIn = 0
  const open = again.filter(socket => socket.readyState === socket.OPEN).length
  for (let i = 0; i < 8; i++) {
    if (typeof await shared.open({ 'x-key': 'a' }) === 'number') continue
    isLetIn++
    await shared.until<Known>('tunnels', answers => answers.every(({ value: { own, elsewhere } }) => own + elsewhere === 6 - killed.value.own + isLetIn))
  }
  t.equal(open + isLetIn, 5)
})

t.test('tunnels that move to the workers of a new generation count once', { skip: noMoves }, async t => {
  const shared = await sharedSite(t, { mostPerKey: 5 }, 2, await webSocketServer(t))
  await known(shared, 0)
  const { open } = await come(shared, 5, 0)
  t.match(await shared.site.reload(), { ok: true, moved: 5, stayed: 0 })
  while ((await shared.site.status()).generations.length > 1) await new Promise(resolve => setTimeout(resolve, 20))
  await known(shared, 5)
  t.equal(await shared.open({ 'x-key': 'a' }), 429)
  open[0]?.terminate()
  await known(shared, 4)
  const more = await come(shared, 3, 4)
  t.same([more.open.length, more.refused], [1, [429, 429]])
})

t.test('of many that come at once, maxTunnels lets in no more than one for each further worker above it, and all that wait get their turn', async t => {
  const port = await webSocketServer(t)
  const shared = await sharedSite(t, { websocket: { maxTunnels: 12 } }, 4, port)
  await shared.until<Known>('tunnels', answers => answers.length === 4)
  const all = await Promise.all(Array.from({ length: 80 }, async () => await shared.open()))
  const open = all.filter(one => typeof one !== 'number')
  t.ok(open.length >= 4 && open.length <= 15, `${open.length} of 80 are let in`)
  t.same([...new Set(all.filter(one => typeof one === 'number'))], [503])
  const waiting = await sharedSite(t, { websocket: { maxTunnels: 4, admission: { wait: 200_000 } } }, 4, port)
  const turns = await Promise.all(Array.from({ length: 24 }, async () => {
    const one = await waiting.open()
    if (typeof one !== 'number') one.close()
    return typeof one
  }))
  t.same([...new Set(turns)], ['object'])
})
