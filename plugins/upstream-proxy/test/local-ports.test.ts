// What happens where no local port is left towards an upstream? In a network namespace that has a dozen of them.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { nameOf, systemCodeOf } from '../src/errors.ts'

/** What the program in the namespace has seen; see fixtures/few-ports.ts. */
interface Seen {
  readonly answers: readonly string[]
  readonly page: string
  readonly elsewhere: string
  readonly facts: ReadonlyArray<{ code: string, side: string, statusCode: number, systemCode: string }>
  readonly echoes: number
  readonly again: string
  readonly lines: ReadonlyArray<{ level: number, msg: string, count: number }>
}

const none = process.platform !== 'linux' || spawnSync('unshare', ['--net', 'true']).status !== 0 ? 'no network namespace can be made here' : false

t.test('handshakes and pages get 503, the log has one line, open WebSockets and other upstreams go on, and so does all when one ends', { skip: none }, async t => {
  const script = 'ip link set lo up && sysctl -qw net.ipv4.ip_local_port_range="40000 40011" && exec "$0" "$@"'
  const child = spawn('unshare', ['--net', 'sh', '-c', script, process.execPath, '--import=tsx', '--conditions=@fastify-arr/source', join(import.meta.dirname, 'fixtures', 'few-ports.ts')], { env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', chunk => { output += String(chunk) })
  t.same(await once(child, 'close'), [0, null])
  const seen = JSON.parse(output) as Seen
  const open = seen.answers.filter(status => status === '101').length
  t.ok(open > 3 && open <= 12, `${open} WebSockets have a port`)
  t.ok(seen.answers.length > open && seen.answers.every(status => status === '101' || status === '503'), 'and the others get 503')
  t.match(seen.page, /^HTTP\/1\.1 503 [^]*FST_ARR_PROXY_NO_LOCAL_PORT/)
  t.notMatch(seen.page, /127\.0\.0\.1|EADDRNOTAVAIL/, 'without what is internal')
  for (const fact of seen.facts) t.match(fact, { code: 'FST_ARR_PROXY_NO_LOCAL_PORT', side: 'proxy', statusCode: 503, systemCode: 'EADDRNOTAVAIL' })
  t.match(seen.elsewhere, /^HTTP\/1\.1 200 /, 'another port of the upstream has its own local ports')
  t.equal(seen.echoes, open, 'each open WebSocket goes on')
  t.match(seen.again, /^HTTP\/1\.1 101 /, 'a port that has become free is taken')
  t.equal(seen.lines.length, 1)
  t.match(seen.lines[0], { level: 50, count: seen.facts.length, msg: /no local port left.*ip_local_port_range/ })
})

t.test('of several addresses the one that there was a local address for says why', async t => {
  const failed = (...codes: string[]): AggregateError => new AggregateError(codes.map(code => Object.assign(new Error(code), { code })))
  t.equal(systemCodeOf(failed('EADDRNOTAVAIL', 'ECONNREFUSED')), 'ECONNREFUSED', '::1, where there is no IPv6')
  t.equal(nameOf(failed('EADDRNOTAVAIL', 'ECONNREFUSED')), 'Refused')
  t.equal(nameOf(failed('EADDRNOTAVAIL', 'EADDRNOTAVAIL')), 'NoLocalPort')
})
