// Metrics of a site with several processes: what was counted stays counted when a process ends, by a reload or killed.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { WebSocket } from 'ws'
import { root } from './packages.ts'
import { start } from './program.ts'

t.setTimeout(240_000)

t.test('counters do not fall when a worker leaves or is killed, and gauges are of those that live', { skip: process.platform === 'win32' ? 'Windows has no such signals' : false }, async t => {
  const program = start(t, { WORKERS: '2', METRICS_PORT: '0' })
  await program.says(/stop +Ctrl\+C/)
  const [, port] = await program.says(/http:\/\/localhost:(\d+)/)
  const [, metrics = ''] = await program.says(/metrics +(http:\/\/\S+)/)
  const command = join(root, 'plugins', 'workers', 'bin', 'arr-workers.js')
  const arrWorkers = async (word: string): Promise<string> => (await promisify(execFile)(process.execPath, [command, word, String(program.process.pid)])).stdout
  /** Sums over labels. */
  const read = async (): Promise<(name: string) => number> => {
    let answer = await fetch(metrics)
    // One of them has taken too long: Prometheus would ask again as well.
    while (answer.status === 503) answer = await fetch(metrics)
    const text = await answer.text()
    return name => text.split('\n').filter(line => line.startsWith(`${name}{`)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }
  for (let i = 0; i < 20; i++) t.equal((await fetch(`http://localhost:${port}/`, { headers: { connection: 'close' } })).status, 200)
  const socket = new WebSocket(`ws://localhost:${port}/`)
  t.teardown(() => { socket.terminate() })
  await once(socket, 'message')
  const closed = once(socket, 'close')
  socket.close()
  await closed
  const names = ['arr_requests_total', 'arr_websockets_opened_total', 'arr_websockets_closed_total', 'arr_request_duration_seconds_count', 'arr_websocket_messages_total']
  let before = await read()
  // Its end is counted a moment after the client has seen it.
  while (before('arr_websockets_closed_total') < 1) before = await read()
  const counted = names.map(before)
  t.equal(before('arr_websockets_opened_total'), 1)
  t.ok(before('arr_requests_total') >= 20)

  // Nobody asks for the metrics between these and the end of those who have counted them.
  for (let i = 0; i < 5; i++) await (await fetch(`http://localhost:${port}/`, { headers: { connection: 'close' } })).text()
  t.match(await arrWorkers('reload'), 'Generation 2 serves.')
  while (/ 1\/\d /.test(await arrWorkers('status'))) await new Promise(resolve => setTimeout(resolve, 50))
  const after = await read()
  const more = [5, 0, 0, 5, 0]
  t.same(names.map(after), counted.map((count, at) => count + more[at]!), 'what they had counted up to their end')
  t.equal(after('arr_websockets_open'), 0)

  // And while they end.
  t.match(await arrWorkers('reload'), 'Generation 3 serves.')
  let isOver = false
  while (!isOver) {
    isOver = !/ 2\/\d /.test(await arrWorkers('status'))
    const now = await read()
    t.same(names.filter(name => now(name) < after(name)), [], 'no counter falls')
  }
  for (let i = 0; i < 10; i++) await (await fetch(`http://localhost:${port}/`, { headers: { connection: 'close' } })).text()
  const asked = (await read())('arr_requests_total')
  t.equal(asked, counted[0]! + 15)
  const [, pid] = / 3\/1 +serving +pid (\d+)/.exec(await arrWorkers('status')) ?? []
  process.kill(Number(pid), 'SIGKILL')
  await program.says(/worker 1 is back/)
  const last = await read()
  t.equal(last('arr_requests_total'), asked, 'of one that was killed, what was asked for last is kept')

  const [, hanging, other] = [...(await arrWorkers('status')).matchAll(/pid (\d+)/g)].map(([, one]) => Number(one))
  t.type(hanging, 'number')
  t.equal(other, undefined)
  process.kill(hanging as number, 'SIGSTOP')
  t.teardown(() => { try { process.kill(hanging as number, 'SIGCONT') } catch {} })
  // Connections go to both in turn: the one that hangs takes every second one, and answers none.
  const answers: number[] = []
  while (answers.length === 0) await fetch(metrics, { signal: AbortSignal.timeout(10_000), headers: { connection: 'close' } }).then(({ status }) => { answers.push(status) }, () => {})
  t.same(answers, [503], 'without the counts of one that hangs there are no sums, which would look like a restart')
  process.kill(hanging as number, 'SIGCONT')
  t.equal((await read())('arr_requests_total'), asked)
})
