// SIGTERM under `fastify start`, with a hundred open tunnels whose peers say nothing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Socket } from 'node:net'
import t from 'tap'
import { compile } from '../src/options.ts'
import { client, handshake, SWITCH, tcpUpstream, until } from './parts.ts'

const CLI = createRequire(import.meta.url).resolve('fastify-cli/cli.js')
// The goodbye's deadline, and what is to be over by then and a half; a slow machine is no reason to fail.
const DEADLINE = 8000
const GRACE = 15_000
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
    '--import=tsx', '--conditions=@fastify-arr/source', CLI, 'start', '--address', '127.0.0.1', '--port', '0', '--log-level', 'info', '--close-grace-delay', String(GRACE), APP
  ], { env: { ...process.env, UPSTREAM: url, DEADLINE: String(DEADLINE), NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'inherit'] })
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
  server.kill('SIGTERM')
  const frames = await read
  t.ok(frames.every(frame => frame === '\x88\x02\x03\xe9'), 'all hundred say 1001')
  // Who is not over by the end of his grace is ended, with 1.
  t.same(await exited, [0, null])
  t.equal(goodbyes.length, 100, 'the upstream was told as well')
})

t.test('where nothing is said the goodbye leaves a second of the grace of `npm start`', async t => {
  const { scripts } = createRequire(import.meta.url)('../../../package.json') as { scripts: { start: string } }
  const grace = Number(/--close-grace-delay (\d+)/.exec(scripts.start)![1])
  t.ok(compile({ upstream: 'http://localhost' }).tunnel.drain.deadline <= grace - 1000)
})
