// The image of deploy/Dockerfile, started as its user on a read-only root. Run by `.ci/image`, which builds it.
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { WebSocket } from 'ws'
import { startBackend } from '../../backend/src/index.ts'
import { image, megabytes, startContained } from './contained.ts'

const skip = image === null ? '.ci/image builds the image, and runs this' : false

async function freePort (): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return String(port)
}

t.test('the image has no compiler, no npm and no tests, and says how it is stopped and asked', { skip }, async t => {
  const { root, config } = image!
  t.match(config, { User: 'node', StopSignal: 'SIGTERM', WorkingDir: '/app' })
  t.equal(config.Entrypoint[0], 'node', 'and not npm, which passes no signal on')
  for (const path of ['node_modules/typescript', 'node_modules/tap', 'node_modules/playwright-core', 'plugins/arr-log/src', 'plugins/arr-log/test', 'start', 'logs', 'certificates']) {
    t.notOk(existsSync(join(root, 'app', path)), path)
  }
  for (const path of ['usr/local/bin/npm', 'node_modules', 'run/certificates.pem']) {
    const entry = join(root, path)
    t.ok(!existsSync(entry) || readFileSync(entry, 'utf8') === '', path)
  }
  t.notMatch(config.Env.join('\n'), /registry|cafile/i, 'npm\'s settings of the build are not in it')
  const whole = megabytes(root)
  const app = megabytes(join(root, 'app'))
  t.comment(`${whole} MB; ${app} MB of them are the site, its dependencies included`)
  t.ok(app < 60, 'the site has less than 60 MB')
})

t.test('it starts on a read-only root as its user, proxies a page and a WebSocket, and drains at SIGTERM', { skip }, async t => {
  t.setTimeout(120_000)
  // By its address: an engine writes /etc/hosts, and here nobody does.
  const backend = await startBackend({ port: 0, host: '127.0.0.1' })
  t.teardown(() => backend.close())
  const { port } = backend.server.address() as AddressInfo
  const environment = { UPSTREAM: `http://127.0.0.1:${port}`, HOSTS: '*', HTTP_PORT: await freePort(), METRICS_PORT: await freePort() }
  const container = startContained(t, image!, environment)
  await container.says(/stop +Ctrl\+C/)
  const site = `localhost:${environment.HTTP_PORT}`
  const metrics = `http://localhost:${environment.METRICS_PORT}`

  t.match(await (await fetch(`http://${site}/`, { headers: { host: 'chat.example' } })).text(), '<!doctype html>')
  const socket = new WebSocket(`ws://${site}/`)
  t.teardown(() => socket.terminate())
  t.equal(String((await once(socket, 'message'))[0]), 'ping 1')
  t.equal((await fetch(`${metrics}/readyz`)).status, 200)
  t.match(await (await fetch(`${metrics}/metrics`)).text(), /arr_websockets_open\{[^}]*\} 1/)

  const [kind, ...words] = image!.config.Healthcheck.Test
  t.equal(kind, 'CMD')
  t.same(await startContained(t, image!, environment, words).exit, [0, null], 'its own check says that it is well')
  t.same(await startContained(t, image!, { METRICS_PORT: await freePort() }, words).exit, [1, null], 'and that another is not')

  const closed = once(socket, 'close') as Promise<[number]>
  container.signal('SIGTERM')
  t.equal((await closed)[0], 1001)
  t.same(await container.exit, [0, null])
  t.match(container.output(), /SERVER-STATUS=101 /, 'and the WebSocket\'s line is on the console')
})

t.test('its root is read-only, and its volumes can be written by its user alone', { skip }, async t => {
  const look = startContained(t, image!, {}, ['node', '-e', 'const { writeFileSync } = require("node:fs"); const { argv, getuid, pid } = process; const could = path => { try { writeFileSync(path, ""); return true } catch { return false } }; console.log(JSON.stringify([getuid(), pid, ...argv.slice(1).map(could)]))', '/app/x', '/etc/x', '/var/log/fastify-arr/x'])
  await look.exit
  t.equal(look.output().trim(), '[1000,1,false,false,true]')
})
