// What a worker tells, all others hear; who comes is told what holds, and who goes is known.
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { startSite, type Site } from './site.ts'
import type { Heard } from './worker.ts'

t.beforeEach(() => { t.setTimeout(240_000) })
const noSignals = process.platform === 'win32' ? 'Windows has no such signals' : false

const ask = async (site: Site, name: string, question: unknown = null, agent?: Agent): Promise<Map<number, Heard>> => {
  const asking = request(`${site.url}/ask/${name}`, { method: 'POST', headers: { 'content-type': 'application/json' }, ...agent !== undefined && { agent } })
  asking.end(JSON.stringify(question))
  const [response] = await once(asking, 'response') as [IncomingMessage]
  const { answers } = await json(response) as { answers: ReadonlyArray<{ readonly pid: number, readonly value: Heard }> }
  return new Map(answers.map(({ pid, value }) => [pid, value]))
}
/** With one connection, to the worker with this process. */
async function agentOf (t: Test, site: Site, pid: number): Promise<Agent> {
  for (;;) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.teardown(() => { agent.destroy() })
    const [response] = await once(request(site.url, { agent }).end(), 'response') as [IncomingMessage]
    if ((await json(response) as { pid: number }).pid === pid) return agent
  }
}
const pidsOf = async (site: Site): Promise<number[]> => (await site.status()).generations.flatMap(({ workers }) => workers.map(({ pid }) => pid))
/** Asks all until it is so. */
const until = async (site: Site, isSo: (heard: Map<number, Heard>) => boolean): Promise<Map<number, Heard>> => {
  for (;;) {
    const heard = await ask(site, 'heard')
    if (isSo(heard)) return heard
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
const texts = (heard: Heard | undefined, pid: number): string[] => heard?.told.filter(told => told.pid === pid).map(({ data }) => data) ?? []

t.test('all others hear what a worker tells, once and in order, and it does not hear itself; each is told something for it alone when it comes', async t => {
  const site = await startSite(t, { version: '1' }, { workers: 3 })
  await site.started()
  const [one, two, three] = await pidsOf(site) as [number, number, number]
  await ask(site, 'say', { pid: one, text: 'a', times: 3 })
  await ask(site, 'say', { pid: one, text: 'b', times: 1 })
  const heard = await until(site, heard => [two, three].every(pid => texts(heard.get(pid), one).includes('b')))
  for (const pid of [two, three]) t.same(texts(heard.get(pid), one), [`for ${pid}`, 'a', 'a', 'a', 'b'])
  t.same(texts(heard.get(one), one), [])
  t.same(texts(heard.get(one), two), [`for ${one}`])
  for (const [pid, { came, gone }] of heard) {
    t.same(came.sort(), [one, two, three].filter(other => other !== pid).sort())
    t.same(gone, [])
  }
})

t.test('a worker that is killed is gone for the others, and the one in its place comes', { skip: noSignals }, async t => {
  const site = await startSite(t, { version: '1' }, { workers: 2, backOff: { first: 10 } })
  await site.started()
  const [one, two] = await pidsOf(site) as [number, number]
  process.kill(one, 'SIGKILL')
  await site.logs(/^info: worker 1 is back$/)
  const again = (await pidsOf(site)).find(pid => pid !== two) as number
  const heard = await until(site, heard => texts(heard.get(again), two).length > 0)
  t.same(heard.get(two)?.gone, [one])
  t.same(heard.get(two)?.came, [one, again])
  t.same(texts(heard.get(again), two), [`for ${again}`])
})

t.test('the workers of a new generation and those that leave hear of each other', async t => {
  const site = await startSite(t, { version: '1', linger: 60_000 }, { workers: 1, endAfter: 1000 })
  await site.started()
  const [old] = await pidsOf(site) as [number]
  t.equal((await site.reload()).ok, true)
  const next = (await pidsOf(site)).find(pid => pid !== old) as number
  await ask(site, 'say', { pid: next, text: 'new', times: 1 })
  const heard = await until(site, heard => texts(heard.get(old), next).includes('new'))
  t.same(texts(heard.get(next), old), [`for ${next}`])
})

t.test('a worker that does not read costs the supervisor a bounded part of what others tell; when it reads again, it comes again', { skip: noSignals }, async t => {
  const site = await startSite(t, { version: '1' }, { workers: 3 })
  await site.started()
  const [one, two, three] = await pidsOf(site) as [number, number, number]
  await until(site, heard => [one, two, three].every(pid => heard.get(pid)?.came.length === 2))
  // A connection of its own to a worker that goes on: further ones would be given to the one that stands still as well.
  const agent = await agentOf(t, site, two)
  process.kill(three, 'SIGSTOP')
  t.teardown(() => { process.kill(three, 'SIGCONT') })
  const said = (): Promise<Map<number, Heard>> => ask(site, 'heard', null, agent)
  let heard = await said()
  const long = (pid: number): number => texts(heard.get(pid), two).filter(text => text.startsWith('long')).length
  for (let round = 1; round <= 4; round++) {
    await ask(site, 'say', { pid: two, text: 'long', length: 500_000, times: 8 }, agent)
    do heard = await said()
    while (long(one) < round * 8)
  }
  t.equal(heard.get(two)?.refused, 0)
  process.kill(three, 'SIGCONT')
  heard = await until(site, heard => heard.get(two)?.came.filter(pid => pid === three).length === 2 && texts(heard.get(three), two).filter(text => text === `for ${three}`).length === 2)
  t.equal(long(one), 32)
  t.ok(long(three) < 16, `it has missed some: it has heard ${long(three)}`)
  await ask(site, 'say', { pid: two, text: 'long', length: 500_000, times: 20 })
  heard = await until(site, heard => (heard.get(two)?.refused ?? 0) > 0)
  t.equal(heard.get(two)?.refused, 12, 'and what one worker has on its way is bounded as well')
})
