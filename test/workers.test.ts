// The site with several processes: one banner, one log, metrics of all, a reload, and Close frames at the end.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { WebSocket } from 'ws'
import { root } from './packages.ts'
import { start } from './program.ts'

const noSignals = process.platform === 'win32' ? 'Windows has no such signals' : false
t.beforeEach(() => { t.setTimeout(200_000) })

t.test('WORKERS=2: one banner tells both, each has its share, metrics are of all, the log has whole lines with ids of their own, a reload starts new ones, and SIGINT ends it with code 0', { skip: noSignals }, async t => {
  // By turns, so that each has as many as the other.
  const program = start(t, { WORKERS: '2', METRICS_PORT: '0', NODE_CLUSTER_SCHED_POLICY: 'rr' })
  const [, logs = ''] = await program.says(/log +(\S+W3SVC1)/)
  await program.says(/workers +2 /)
  await program.says(/stop +Ctrl\+C/)
  const [, port] = await program.says(/http:\/\/localhost:(\d+)/)
  const [, metrics = ''] = await program.says(/metrics +(http:\/\/\S+)/)
  const codes: Array<Promise<[number]>> = []
  const open = async (): Promise<void> => {
    const socket = new WebSocket(`ws://localhost:${port}/`)
    t.teardown(() => { socket.terminate() })
    codes.push(once(socket, 'close') as Promise<[number]>)
    await once(socket, 'message')
  }
  for (let i = 0; i < 20; i++) await open()
  const command = join(root, 'plugins', 'workers', 'bin', 'arr-workers.js')
  const arrWorkers = async (word: string): Promise<string> => (await promisify(execFile)(process.execPath, [command, word, String(program.process.pid)])).stdout
  while (!/, 20 tunnels/.test(await arrWorkers('status'))) await new Promise(resolve => setTimeout(resolve, 100))
  t.same([...(await arrWorkers('status')).matchAll(/serving +pid \d+ +(\d+) tunnels/g)].map(([, count]) => count), ['10', '10'])
  const opened = async (): Promise<number> => [...(await (await fetch(metrics)).text()).matchAll(/^arr_websockets_open\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
  t.equal(await opened(), 20)
  t.match(await arrWorkers('reload'), 'Generation 2 serves.')
  await open()
  t.equal((program.output().match(/ is up\./g) ?? []).length, 1)
  program.process.kill('SIGINT')
  t.same(await program.exit, { code: 0, signal: null })
  t.same([...new Set((await Promise.all(codes)).map(([code]) => code))], [1001])
  const files = readdirSync(logs)
  t.equal(files.length, 1)
  const lines = readFileSync(join(logs, files[0] as string), 'utf8').split('\n').filter(line => line !== '' && !line.startsWith('#'))
  t.equal(lines.length, 21)
  t.same(lines.filter(line => !/^\S+ \S+ \S+ GET \/ X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=\S+&SERVER-STATUS=101 \d+ - \S+ HTTP\/1\.1 \S+ \S+ 101 \d+ \d+ \d+\r?$/.test(line)), [])
  t.equal(new Set(lines.map(line => /X-ARR-LOG-ID=([\w-]+)/.exec(line)?.[1])).size, 21)
})

t.test('a start that fails is one sentence and code 1 with workers, too', { skip: noSignals }, async t => {
  const program = start(t, { WORKERS: 'many' })
  t.same(await program.exit, { code: 1, signal: null })
  t.match(program.output(), /^WORKERS must be auto, or a whole number [^\n]+\n$/)
  const missing = start(t, { WORKERS: '2', WEB_CONFIG: 'nope.config' })
  t.same(await missing.exit, { code: 1, signal: null })
  t.match(missing.output(), /^WEB_CONFIG, or --web-config: there is no nope\.config\.$/m)
})
