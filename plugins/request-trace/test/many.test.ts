// Ten thousand exchanges that are all traced: the proxy serves on, and what is held, written and counted stays within its bounds.
import { readdirSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { proxyTo, serve, upstream } from './serving.ts'

const EXCHANGES = 10_000
const CONNECTIONS = 32
const MOST_FILES = 20
/** What the heap may have grown by, bytes: far more than the traces that are kept, far less than all of them, which are some 100 MB. */
const GROWTH = 24 * 1024 * 1024

t.test('ten thousand exchanges, all traced', async t => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const up = await upstream(t, (_, response) => { response.end('ok') })
  const server = await serve(t, { rules: [{ areas: { Rewrite: 'Verbose', RequestRouting: 'Verbose' } }], maxLogFiles: MOST_FILES, keep: 10 }, proxyTo(up.port))
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  t.teardown(() => { agent.destroy() })
  const one = (number: number): Promise<number> => new Promise((resolve, reject) => {
    request({ port: server.port, host: '127.0.0.1', path: `/a?token=${number}${'x'.repeat(200)}`, headers: { cookie: `sid=${number}${'y'.repeat(400)}` }, agent }, answer => {
      answer.resume().on('end', () => { resolve(answer.statusCode ?? 0) })
    }).on('error', reject).end()
  })
  const ask = async (count: number): Promise<Set<number>> => {
    const statuses = new Set<number>()
    let left = count
    await Promise.all(Array.from({ length: CONNECTIONS }, async () => { while (left-- > 0) statuses.add(await one(left)) }))
    return statuses
  }
  const heap = (): number => {
    collect()
    collect()
    return process.memoryUsage().heapUsed
  }
  await ask(500)
  const before = heap()
  t.same([...await ask(EXCHANGES)], [200], 'each is answered')
  const grown = heap() - before
  t.ok(grown < GROWTH, `the heap has grown by ${Math.round(grown / 1024)} KiB`)
  await server.app.close()
  const { traces } = server.app
  t.equal(traces.written + traces.lost, EXCHANGES + 500, 'each is written or counted')
  t.ok(traces.written > 0 && traces.lost > 0)
  t.ok(traces.size <= 10)
  const files = readdirSync(join(server.directory, 'W3SVC1'))
  t.ok(files.length <= MOST_FILES * 3, `${files.length} files`)
  t.equal(new Set(files.map(name => name.split('.', 1)[0])).size, MOST_FILES)
})
