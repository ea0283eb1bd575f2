// What the log's columns hold of exchanges that go through the proxy: the headers that the client got, refused WebSockets, and silence.
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { arrLog } from '@fastify-arr/arr-log'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify, { LogController, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'

async function backend (t: Test): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(request.headers.upgrade === undefined ? 200 : 403, [['Cache-Control', 'max-age=5'], ['X-Two', 'a'], ['X-Two', 'b']].flat())
    response.end('page')
  })
  const webSockets = new WebSocketServer({ noServer: true })
  webSockets.on('headers', headers => { headers.push('Cache-Control: of-the-101') })
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/refused') server.emit('request', ...refusalOf(request, socket))
    else webSockets.handleUpgrade(request, socket, head, () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const client of webSockets.clients) client.terminate()
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function refusalOf (request: object, socket: { end (text: string): void }): [object, object] {
  const head = 'HTTP/1.1 403 Forbidden\r\nCache-Control: max-age=5\r\nX-Two: a\r\nX-Two: b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
  return [request, { writeHead () {}, end () { socket.end(head) } }]
}

async function site (t: Test, before: (app: FastifyInstance) => void = () => {}): Promise<{ port: number, rows: () => Promise<string[]> }> {
  const directory = t.testdir()
  const app = Fastify({ logController: new LogController({ disableRequestLogging: true }) })
  t.teardown(() => app.close())
  before(app)
  await app.register(arrLog, {
    directory,
    period: 'none',
    fields: ['cs-uri-stem', 'sc-status', 'x-ws-attempt', 'x-ws-idle-received', 'x-ws-idle-sent'],
    customFields: [{ logFieldName: 'Cache', sourceType: 'ResponseHeader', sourceName: 'cache-control' }, { logFieldName: 'Two', sourceType: 'ResponseHeader', sourceName: 'X-Two' }]
  })
  await app.register(upstreamProxy, { upstream: await backend(t) })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    port: (app.server.address() as AddressInfo).port,
    async rows () {
      await app.close()
      const folder = join(directory, 'W3SVC1')
      return readFileSync(join(folder, readdirSync(folder)[0] as string), 'utf8').split('\r\n').filter(line => line !== '' && !line.startsWith('#'))
    }
  }
}

const ways: Readonly<Record<string, (app: FastifyInstance) => void>> = {
  'that goes to the client directly': () => {},
  'that passes onSend hooks': app => { app.addHook('onSend', async () => {}) }
}

for (const [way, before] of Object.entries(ways)) {
  t.test(`a custom field has the headers that the client got, of an answer ${way}; so has a refused WebSocket and a 101`, async t => {
    const { port, rows } = await site(t, before)
    const response = await fetch(`http://127.0.0.1:${port}/page`)
    await response.text()
    const refused = new WebSocket(`ws://127.0.0.1:${port}/refused`)
    const [, refusal] = await once(refused, 'unexpected-response')
    refusal.resume()
    await once(refusal, 'end')
    const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`)
    await once(socket, 'open')
    socket.close(1000)
    await once(socket, 'close')
    const lines = (await rows()).map(line => line.split(' '))
    t.strictSame(lines.map(([path, status, attempt, , , cache, two]) => [path, status, attempt, cache, two]), [
      ['/page', '200', '-', 'max-age=5', 'a,+b'],
      ['/refused', '403', 'yes', 'max-age=5', 'a,+b'],
      ['/chat', '101', 'yes', 'of-the-101', '-']
    ])
  })
}

t.test('a WebSocket\'s line says how long each side was silent when it ended', async t => {
  const { port, rows } = await site(t)
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`)
  await once(socket, 'open')
  const began = Date.now()
  // Until the system's clock has gone on by so much.
  while (Date.now() - began < 50) await new Promise(resolve => setTimeout(resolve, 10))
  socket.send('only the client speaks')
  while (Date.now() - began < 100) await new Promise(resolve => setTimeout(resolve, 10))
  socket.terminate()
  await once(socket, 'close')
  const [[, , , received, sent] = []] = (await rows()).map(line => line.split(' '))
  t.ok(Number(sent) >= 99, `the upstream has said nothing since the opening: ${sent}`)
  t.ok(Number(received) < Number(sent), `the client has: ${received}`)
})
