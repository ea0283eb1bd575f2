// A rolling update, rehearsed: three hosts (network namespaces) with the real program behind HAProxy, replaced one after the other while WebSockets are open and
// pages are asked for. More of them with REHEARSAL_SOCKETS.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { root } from './packages.ts'
import type { Told } from './rehearsal/stage.ts'

const SOCKETS = Number(process.env.REHEARSAL_SOCKETS || 3000)
const SECONDS = 300

/** Network, mounts and processes of its own: nothing is left when the first process in it ends. */
const APART = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']

function missing (): string | false {
  const PATH = `${process.env.PATH}:/usr/sbin:/sbin`
  const can = (command: string, ...words: string[]): boolean => spawnSync(command, words, { env: { ...process.env, PATH } }).status === 0
  if (process.platform !== 'linux') return 'only Linux has network namespaces'
  if (!can('haproxy', '-v')) return 'haproxy is not installed'
  if (!can('ip', '-V')) return 'ip (iproute2) is not installed'
  if (!can('unshare', ...APART, 'ip', 'link', 'add', 'street', 'type', 'bridge')) return 'no network namespace can be made here: that needs root'
  return false
}

t.test('a rolling update of three hosts loses nobody: each WebSocket is told goodbye and comes back to its server, and no page fails', { skip: missing() }, async t => {
  t.setTimeout(SECONDS * 1000)
  const child = spawn('unshare', [...APART, process.execPath, '--import=tsx', join(root, 'test', 'rehearsal', 'stage.ts'), String(SOCKETS)], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', chunk => { output += String(chunk) })
  t.same(await once(child, 'close'), [0, null])
  const told = JSON.parse(output) as Told

  t.comment(`${SOCKETS} WebSockets; ${told.pages} pages; goodbyes ${JSON.stringify(told.goodbyes)}; refused ${JSON.stringify(told.refused)}; s for the start, for all to come, and for each host ${told.seconds.join(', ')}`)
  t.same(told.exits, [0, 0, 0], 'each proxy ends by itself')
  t.same(Object.keys(told.goodbyes), ['1001'], 'whoever is closed is told so')
  t.ok(told.goodbyes['1001']! >= SOCKETS, 'and each is at least once')
  t.same(told.refused, {}, 'no handshake is refused')
  t.equal(told.open, SOCKETS, 'all are back')
  t.equal(told.echoes, SOCKETS, 'and are answered')
  t.equal(told.servers.length, 3)
  t.equal(told.strangers, 0, 'each by the server it had before')
  t.ok(told.pages > 100, `${told.pages} pages were asked for`)
  t.same(told.failedPages, {}, 'and none failed')
})
