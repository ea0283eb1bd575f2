// Does the start say that the process may open too few files for `websocket.maxTunnels`?
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { descriptorLimit, limitIn, limitWarning } from '../src/sockets/descriptor-limit.ts'

const windows = process.platform === 'win32' ? 'Windows has no such limit' : false

t.test('the limit is that of the process, as a shell or /proc tells it', { skip: windows }, async t => {
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' })
  const expected = stdout.trim() === 'unlimited' ? Infinity : Number(stdout)
  t.equal(descriptorLimit(), expected)
  t.equal(descriptorLimit('darwin'), expected, 'by a shell, where there is no /proc')
  t.equal(descriptorLimit('win32'), null)
})

t.test('/proc tells a number, that there is no limit, or nothing', async t => {
  const line = (soft: string): string => `Limit                     Soft Limit           Hard Limit           Units     \nMax processes             95822                95822                processes \nMax open files            ${soft.padEnd(20)} 1048576              files     \n`
  t.equal(limitIn(line('1024')), 1024)
  t.equal(limitIn(line('unlimited')), Infinity)
  t.equal(limitIn(''), null)
})

t.test('two for each tunnel, and 512 for all else', async t => {
  t.equal(limitWarning(1000, 2512), null)
  t.match(limitWarning(1000, 2511), /`websocket\.maxTunnels` is 1000, and this process may have 2511 files open: 2512 are needed.*ulimit -n 2512.*lower `websocket\.maxTunnels` to 999$/)
  t.match(limitWarning(1000, 256), /to 0$/)
  t.equal(limitWarning(0, 256), null, 'any number may come')
  t.equal(limitWarning(1_000_000, null), null, 'nobody knows')
  t.equal(limitWarning(1_000_000, Infinity), null)
})

/** Starts a proxy in a process that may open 1024 files; resolves with its warnings. */
function started (maxTunnels: number): string[] {
  const program = `
    import Fastify from 'fastify'
    import { upstreamProxy } from '@fastify-arr/upstream-proxy'
    const fastify = Fastify({ logger: { level: 'warn' } })
    await fastify.register(upstreamProxy, { upstream: 'http://localhost:1', websocket: { maxTunnels: ${maxTunnels} } })
    await fastify.ready()
    await fastify.close()`
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -n 1024 && exec "$0" "$@"', process.execPath, '--import=tsx', '--conditions=@fastify-arr/source', '--input-type=module', '--eval', program], { encoding: 'utf8', cwd: join(import.meta.dirname, '..'), env: { ...process.env, NODE_OPTIONS: '' } })
  return stdout.split('\n').filter(line => line !== '').map(line => (JSON.parse(line) as { msg: string }).msg)
}

t.test('the log says so when the proxy is registered, and nothing where it is enough', { skip: windows }, async t => {
  t.match(started(5000), [/5000, and this process may have 1024 files open: 10512/])
  t.same(started(256), [])
})
