// How do connections come to the workers: by sockets that all share, and by turns?
import cluster from 'node:cluster'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, createServer, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Rests } from '../src/supervisor/listening/rests.ts'
import { Sockets } from '../src/supervisor/listening/sockets.ts'
import type { WorkerProcess } from '../src/supervisor/worker-process.ts'
import { Gates } from '../src/worker/doors/gates.ts'
import type { FromWorker } from '../src/exchange/messages.ts'
import { freePort, longConnection, startSite } from './site.ts'

t.beforeEach(() => { t.setTimeout(120_000) })

t.test('by turns each worker gets exactly as many connections as the others, however long they live', async t => {
  const site = await startSite(t, { version: '1' }, { workers: 3, connections: 'round-robin' })
  t.equal(await site.started(), true)
  const counts = new Map<number, number>()
  for (let i = 0; i < 60; i++) {
    const { pid } = await longConnection(t, site.port)
    counts.set(pid, (counts.get(pid) ?? 0) + 1)
  }
  t.same([...counts.values()], [20, 20, 20])
  const { generations, serving } = await site.status()
  t.equal(serving, 1)
  t.same(generations.map(({ number, workers }) => [number, workers.map(({ number, state }) => `${number} ${state}`)]), [[1, ['1 serving', '2 serving', '3 serving']]])
  t.same(generations[0]?.workers.map(({ pid }) => pid).sort(), [...counts.keys()].sort())
})

t.test('by turns a reload moves every connection to the new version', async t => {
  const site = await startSite(t, { version: '1' }, { connections: 'round-robin' })
  await site.started()
  site.write({ version: '2' })
  t.equal((await site.reload()).ok, true)
  for (let i = 0; i < 10; i++) t.equal((await (await fetch(site.url, { headers: { connection: 'close' } })).json() as { version: string }).version, '2')
})

const shared = { skip: process.platform !== 'linux' && 'sockets are shared on Linux' }

t.test('long connections spread over the workers that share a socket', shared, async t => {
  const site = await startSite(t, { version: '1' }, { workers: 3 })
  await site.started()
  const counts = new Map<number, number>()
  const most = (): number => Math.max(...counts.values()) - Math.min(...counts.values())
  // A worker that has many more rests until the others have as many, so that this comes true again and again.
  for (let i = 0; i < 60 || counts.size < 3 || most() > 16; i++) {
    if (i === 1000) throw new Error(`they do not: ${[...counts.values()].join(', ')}`)
    const { pid } = await longConnection(t, site.port)
    counts.set(pid, (counts.get(pid) ?? 0) + 1)
  }
  t.equal(counts.size, 3)
})

t.test('while a worker hangs, the other one takes every connection', shared, async t => {
  const site = await startSite(t, { version: '1' }, { workers: 2 })
  await site.started()
  const hung = Number(await (await fetch(`${site.url}/hang`)).text())
  const pids = new Set<number>()
  for (let i = 0; i < 20; i++) {
    const { pid } = await (await fetch(site.url, { headers: { connection: 'close' } })).json() as { pid: number }
    if (site.hasStopped(hung)) break
    pids.add(pid)
  }
  t.equal(pids.size, 1)
  t.notOk(pids.has(hung))
})

t.test('where the only worker has died, clients wait for the next one and are not refused', shared, async t => {
  const site = await startSite(t, { version: '1' }, { workers: 1, backOff: { first: 500, most: 500 } })
  await site.started()
  const [worker] = (await site.status()).generations[0]!.workers
  process.kill(worker!.pid, 'SIGKILL')
  await site.logs(/^warn: worker 1 has ended/)
  t.match(await (await fetch(site.url)).json(), { version: '1', generation: 1 })
})

t.test('a reload that listens on another port leaves nothing at the old one', shared, async t => {
  const site = await startSite(t, { version: '1' })
  await site.started()
  const port = await freePort()
  site.write({ version: '2', port })
  t.equal((await site.reload()).ok, true)
  t.match(await (await fetch(`http://127.0.0.1:${port}/`)).json(), { version: '2' })
  // The workers of before say that they have left it before the reload is over.
  const [error] = await once(connect(site.port, '127.0.0.1'), 'error') as [NodeJS.ErrnoException]
  t.equal(error.code, 'ECONNREFUSED')
})

t.test('a second server of each worker gets the same free port in all of them, and none where the port is taken', shared, async t => {
  const free = await startSite(t, { version: '1', second: 'free' })
  await free.started()
  const { answers } = await (await fetch(`${free.url}/ask/second`)).json() as { answers: Array<{ value: number }> }
  t.equal(answers.length, 2)
  t.equal(new Set(answers.map(({ value }) => value)).size, 1)
  t.not(answers[0]?.value, free.port)
  const same = await startSite(t, { version: '1', second: 'same' })
  t.same(await same.exit, { code: 1, signal: null })
  t.match(same.stderr(), /EADDRINUSE/)
})

t.test('a port that another process has is refused as ever', shared, async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => { other.close() })
  const site = await startSite(t, { version: '1', port: (other.address() as { port: number }).port })
  t.same(await site.exit, { code: 1, signal: null })
  t.match(site.stderr(), /EADDRINUSE/)
})

t.test('who has more than its share rests while others have time, and nobody where none has', async t => {
  const told: string[] = []
  const workers = ['a', 'b', 'c'].map(name => ({ send: ({ rests }: { rests: boolean }) => { told.push(`${name} ${rests ? 'rests' : 'goes on'}`); return true } }) as unknown as WorkerProcess)
  const [a, b, c] = workers as [WorkerProcess, WorkerProcess, WorkerProcess]
  let serving = workers
  const rests = new Rests(() => serving)
  const hear = (worker: WorkerProcess, open: number, busy = 0): string[] => {
    rests.heard(worker, { arrWorkers: 'load', open, busy })
    return told.splice(0)
  }
  t.same(hear(a, 20), [], 'alone')
  t.same(hear(b, 20), [])
  t.same(hear(c, 0), [], '6.7 more than its share are few')
  t.same(hear(a, 40), ['a rests'])
  t.same(hear(b, 30), [], 'a rests on, with 16.7 more than its share')
  t.same(hear(b, 30, 0.95), [], 'c has time')
  t.same(hear(c, 26, 0.95), ['a goes on'], 'no other one has time')
  t.same(hear(b, 30), [], '8 more are not too many')
  t.same(hear(a, 45), ['a rests'])
  serving = [a, b]
  rests.gone(c)
  t.same(told.splice(0), [], '7.5 more: less than half of the lead ends a rest')
  t.same(hear(b, 38), ['a goes on'])
  t.same(hear(a, NaN), [], 'what is no number is not heard')
})

t.test('a worker that has said nothing for half a second keeps nobody resting', async t => {
  const told: boolean[] = []
  const worker = (): WorkerProcess => ({ send: ({ rests }: { rests: boolean }) => { told.push(rests); return true } }) as unknown as WorkerProcess
  const [a, b] = [worker(), worker()]
  const rests = new Rests(() => [a, b])
  const { now } = performance
  t.teardown(() => { performance.now = now })
  let time = 0
  performance.now = () => time
  rests.heard(b, { arrWorkers: 'load', open: 0, busy: 0 })
  rests.heard(a, { arrWorkers: 'load', open: 100, busy: 0 })
  t.same(told, [true])
  time = 500
  rests.heard(a, { arrWorkers: 'load', open: 100, busy: 0 })
  t.same(told, [true])
  time = 600
  rests.decide()
  t.same(told, [true, false])
})

t.test('a unix socket leads to the new version after a reload, and to no other', shared, async t => {
  const path = join(tmpdir(), `fastify-arr-${process.pid}.sock`)
  const site = await startSite(t, { version: '1', path, linger: 600_000 })
  await site.started()
  const ask = async (): Promise<string> => {
    const asked = request({ socketPath: path, headers: { connection: 'close' } }).end()
    const [response] = await once(asked, 'response')
    return String((await response.toArray()).join(''))
  }
  t.equal(await ask(), '1')
  site.write({ version: '2', path })
  t.equal((await site.reload()).ok, true)
  for (let i = 0; i < 10; i++) t.equal(await ask(), '2')
})

/** A worker's gates without a supervisor: what they say, and a server that listens by them. */
function gatesOf (t: Test): { gates: Gates, said: FromWorker[], listen: (server: object) => unknown[] } {
  const asked = cluster as typeof cluster & { _getServer?: (server: unknown, wish: object, answer: (...values: unknown[]) => void) => void }
  asked._getServer = () => {}
  const said: FromWorker[] = []
  const gates = new Gates(message => { said.push(message); return true }, () => 0)
  t.teardown(() => {
    gates.release()
    delete asked._getServer
  })
  return {
    gates,
    said,
    listen (server) {
      const answered: unknown[] = []
      asked._getServer?.(server, { address: '127.0.0.1', port: 1, addressType: 4 }, (...values) => { answered.push(...values) })
      return answered
    }
  }
}

const socket = (): object => ({ listen: () => 0, close () {}, getsockname: () => 0, ref () {}, unref () {} })

t.test('a socket that is lost on its way to a worker is asked for again, and until it has come the worker is silent', async t => {
  const { gates, said, listen } = gatesOf(t)
  const answered = listen(new Server())
  gates.came({ arrWorkers: 'socket', id: 0, error: 0 }, socket() as never)
  t.equal(answered[0], 0)
  const gate = answered[1] as { listen: (backlog: number) => number }
  t.equal(gate.listen(511), 0)
  const open = gates.open()
  const asks = (): number => said.filter(({ arrWorkers }) => arrWorkers === 'socket').length
  while (asks() < 3) await new Promise(resolve => setTimeout(resolve, 20))
  t.notOk(said.some(({ arrWorkers }) => arrWorkers === 'load'))
  gates.came({ arrWorkers: 'socket', id: 0, error: 0 }, socket() as never)
  await open
  while (!said.some(({ arrWorkers }) => arrWorkers === 'load')) await new Promise(resolve => setTimeout(resolve, 20))
  gates.closing()
})

t.test('session tickets of a TLS server are of all workers: the first one gives the others its keys', async t => {
  const given: unknown[] = []
  const { gates, said, listen } = gatesOf(t)
  const tls = (keys: string): object => Object.assign(new Server(), { _getServerData: () => ({ keys }), _setServerData: (data: unknown) => { given.push(data) } })
  listen(tls('first'))
  listen(tls('second'))
  const [first, second] = said as Array<FromWorker & { readonly arrWorkers: 'socket' }>
  const sockets = new Sockets()
  const worker = (number: number): WorkerProcess => ({ generation: 1, number, send: (message: never) => { gates.came(message, socket() as never) } }) as unknown as WorkerProcess
  const [one, other] = [worker(1), worker(2)]
  const bind = { address: '127.0.0.1', port: 0, addressType: 4, flags: 0 } as const
  sockets.give(one, { ...first!, key: 'a', bind: { ...first!.bind!, ...bind } })
  sockets.give(other, { ...second!, key: 'a', bind: { ...second!.bind!, ...bind } })
  sockets.over(1)
  t.same(given, [{ keys: 'first' }, { keys: 'first' }])
})
