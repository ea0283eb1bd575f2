// What may be configured, and a process that nobody supervises.
import Fastify from 'fastify'
import t from 'tap'
import { supervise, workers } from '../src/index.ts'
import { KeptCounts } from '../src/supervisor/passing/counts.ts'
import type { WorkerProcess } from '../src/supervisor/worker-process.ts'

t.test('all mistakes are in one error, each with the option\'s name', async t => {
  const app = Fastify()
  await t.rejects(async () => { await app.register(workers, { handOver: { atOnce: 0, timelimit: 1 }, goodbye: { code: 1006, window: -1 }, linger: 'long', drain: 1 } as never) }, {
    code: 'FST_ARR_WORKERS_INVALID_OPTIONS',
    message: /`drain` is no option.*`handOver\.timelimit` is no option; the nearest is `timeLimit`.*`handOver\.atOnce` must be.*`goodbye\.code` must be.*`goodbye\.window` must be.*`linger` must be/
  })
  t.throws(() => supervise({ exec: '', workers: 0, connections: 'turns', mostLeaving: 0, backOff: { frist: 1 }, control: true } as never), {
    code: 'FST_ARR_WORKERS_INVALID_OPTIONS',
    message: /`exec` must be a file; `workers` must be `auto` or a whole number from 1 to 1024; `connections` must be `shared` or `round-robin`; `mostLeaving` must be a whole number from 1 to 1000; `backOff\.frist` is no option.*`control` must be a folder or false/
  })
})

t.test('a process that nobody supervises is alone, and answers itself', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(workers)
  app.workers.answer('twice', question => Number(question) * 2)
  app.workers.answer('throws', () => { throw new Error('no') })
  t.throws(() => { app.workers.answer('twice', () => 1) }, { code: 'FST_ARR_WORKERS_UNASKABLE' })
  t.same(await app.workers.ask('twice', 21), { answers: [{ generation: 0, number: 1, pid: process.pid, value: 42 }], complete: true, counts: {} })
  t.same(await app.workers.ask('throws'), { answers: [], complete: true, counts: {} })
  t.equal(app.workers.supervised, false)
  const listener = { told: () => t.fail('nobody tells'), came: () => t.fail('nobody comes'), gone: () => t.fail('nobody goes') }
  app.workers.listen('told', listener)
  t.throws(() => { app.workers.listen('told', listener) }, { code: 'FST_ARR_WORKERS_UNASKABLE' })
  t.equal(app.workers.tell('told', 1), true)
  await app.listen({ port: 0, host: '127.0.0.1' })
  await app.workers.begun
})

t.test('what is no count is left out, whatever a plugin or another version says', async t => {
  const kept = new KeptCounts()
  const [one, two] = [{}, {}] as [WorkerProcess, WorkerProcess]
  kept.said(one, 'open', { opened: 2, closed: 'x', wrong: NaN } as never, false)
  kept.said(two, 'open', null as never, true)
  kept.said(two, 'other', undefined as never, false)
  kept.gone(one)
  kept.gone(two)
  t.same(kept.past('open'), { opened: 2 })
  t.same(kept.past('other'), {})
})
