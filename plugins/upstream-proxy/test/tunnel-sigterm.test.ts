// SIGTERM under `fastify start`, with a hundred open tunnels whose peers say nothing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Socket } from 'node:net'
import t from 'tap'
import { client, handshake, SWITCH, tcpUpstream, until } from './parts.ts'

const CLI = createRequire(import.meta.url).resolve('fastify-cli/cli.js')
const APP = join(import.meta.dirname, 'fixtures', 'drained-app.ts')

t.test('every client reads a Close frame with 1001, and the exit code is 0', { skip: process.platform === 'win32' && 'there is no SIGTERM' }, async t => {
  // Silent: it never answers the goodbye, and never ends.
  const goodbyes: Socket[] = []
  const { url } = await tcpUpstream(t, socket => {
    socket.once('data', () => {
      socket.write(SWITCH)
      socket.once('data', () => goodbyes.push(socket))
    })
  })
  const server = spawn(process.execPath, [
    '--import=tsx', '--conditions=@fastify-arr/source', CLI, 'start', '--address', '127.0.0.1', '--port', '0', '--log-level', 'info', '--close-grace-delay', '4500', APP
  ], { env: { ...process.env, UPSTREAM: url, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => server.kill('SIGKILL'))
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(await until(server.stdout, text => /127\.0\.0\.1:\d+/.test(text)))![1])
  server.stdout.resume()

  const clients = Array.from({ length: 100 }, () => client(t, port))
  await Promise.all(clients.map(async socket => {
    socket.write(handshake())
    await until(socket, text => text.endsWith('\r\n\r\n'))
  }))
  const read = Promise.all(clients.map(socket => until(socket, text => text.length >= 4)))
  const exited = once(server, 'exit')
  const asked = Date.now()
  server.kill('SIGTERM')
  const frames = await read
  t.ok(frames.every(frame => frame === '\x88\x02\x03\xe9'), 'all hundred say 1001')
  t.same(await exited, [0, null])
  t.ok(Date.now() - asked < 4500, `after ${Date.now() - asked} ms`)
  t.equal(goodbyes.length, 100, 'the upstream was told as well')
})
