// A process of the proxy is killed with open WebSockets, and another one starts on the same folder: what do the files say is open?
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { AddressInfo } from 'node:net'

const CLI = fileURLToPath(new URL('../plugins/arr-log/src/reader/cli.ts', import.meta.url))
const PROXY = `
  import { arrLog } from '@fastify-arr/arr-log'
  import { upstreamProxy } from '@fastify-arr/upstream-proxy'
  import Fastify from 'fastify'
  const app = Fastify()
  await app.register(arrLog, { directory: process.argv[1], logOpening: true, flushInterval: 10 })
  await app.register(upstreamProxy, { upstream: process.argv[2] })
  await app.listen({ port: 0, host: '127.0.0.1' })
  process.stdin.on('data', async () => { await app.arrLog.flush(); console.log('flushed') })
  console.log(app.server.address().port)`

t.test('only what the living process has open is open', async t => {
  const directory = t.testdir()
  const upstream = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(upstream, 'listening')
  t.teardown(() => { for (const client of upstream.clients) client.terminate(); upstream.close() })
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`

  const start = async () => {
    const child = spawn(process.execPath, ['--import=tsx', '--conditions=@fastify-arr/source', '--input-type=module', '--eval', PROXY, directory, url], { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: ['pipe', 'pipe', 'inherit'] })
    t.teardown(() => child.kill('SIGKILL'))
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const port = Number((await lines.next()).value)
    const open = async (path: string): Promise<void> => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
      t.teardown(() => { socket.terminate() })
      socket.on('error', () => {})
      await once(socket, 'open')
    }
    const flushed = async (): Promise<void> => {
      child.stdin.write('flush\n')
      await lines.next()
    }
    return { child, open, flushed }
  }
  const openNow = (): string[] => execFileSync(process.execPath, ['--import=tsx', '--conditions=@fastify-arr/source', CLI, '--open', '--json', directory], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    .trim().split('\n').filter(text => text !== '').map(text => JSON.parse(text).path)

  const first = await start()
  await first.open('/killed/1')
  await first.open('/killed/2')
  await first.flushed()
  t.strictSame(openNow(), ['/killed/1', '/killed/2'])
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  const second = await start()
  await second.open('/alive')
  await second.flushed()
  t.strictSame(openNow(), ['/alive'])
})
