// A farm that has no server, and one whose servers all refuse: what a page, a WebSocket and a browser get, and that log, trace and error page agree.
import { once } from 'node:events'
import { readFile, readdir } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { arrLog } from '@fastify-arr/arr-log'
import { errorPages } from '@fastify-arr/error-pages'
import { requestTrace } from '@fastify-arr/request-trace'
import { serverFarm, type FarmOptions } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify, { LogController, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { browser, withoutChromium } from './chromium.ts'
import { freePort } from './site.ts'

t.beforeEach(() => { t.setTimeout(120_000) })

const PAGES = { 503: { text: '<h1>Back soon</h1>' }, 502.3: { text: '<h1>It refuses</h1>' }, 502.4: { text: '<h1>No server</h1>' } }

interface Subject {
  readonly app: FastifyInstance
  readonly port: number
  /** Status, substatus and win32 number of each exchange, in the log and in the trace. */
  readonly numbers: () => Promise<{ log: string[], traces: string[] }>
}

async function subject (t: Test, farm: Partial<FarmOptions> & Pick<FarmOptions, 'servers'>, before = (_: FastifyInstance): void => {}): Promise<Subject> {
  const directory = join(t.testdir(), 'logs')
  const app = Fastify({ logController: new LogController({ disableRequestLogging: true }) })
  t.teardown(() => app.close())
  before(app)
  await app.register(arrLog, { directory, period: 'none', fields: ['cs-uri-stem', 'cs-uri-query', 'sc-status', 'sc-substatus', 'sc-win32-status'] })
  await app.register(requestTrace, { directory: null, rules: [{ path: '*', statusCodes: '400-999' }] })
  await app.register(errorPages, { pages: PAGES })
  await app.register(serverFarm, { farms: [{ name: 'chat', ...farm }] })
  await app.register(upstreamProxy, { upstream: 'http://chat' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    app,
    port: (app.server.address() as AddressInfo).port,
    async numbers () {
      await app.close()
      const files = (await readdir(directory, { recursive: true })).filter(name => name.endsWith('.log'))
      const text = (await Promise.all(files.map(name => readFile(join(directory, name), 'utf8')))).join('')
      return {
        log: text.split('\r\n').filter(line => line.startsWith('/')).map(line => line.split(' ').slice(2).join(' ')),
        traces: [...app.traces].map(({ status, subStatus, events }) => `${status} ${subStatus} ${events.find(({ name }) => name === 'GENERAL_FLUSH_RESPONSE_END')?.data.ErrorCode}`)
      }
    }
  }
}

/** The refusal of a handshake. */
async function refused (port: number): Promise<IncomingMessage & { text: string }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  socket.on('error', () => {})
  const [, answer] = await once(socket, 'unexpected-response') as [unknown, IncomingMessage]
  let text = ''
  answer.setEncoding('utf8').on('data', (part: string) => { text += part })
  await once(answer, 'end')
  return Object.assign(answer, { text })
}

t.test('no server: page and handshake get a 503 with the page of that status and a Retry-After of some seconds, the log and the traces 503.0', async t => {
  const { port, numbers } = await subject(t, { servers: [{ address: '127.0.0.1', state: 'unavailableImmediately' }] })
  const answer = await fetch(`http://127.0.0.1:${port}/`)
  t.equal(answer.status, 503)
  t.match(answer.headers.get('retry-after'), /^[1-5]$/)
  t.equal(await answer.text(), PAGES[503].text)
  const handshake = await refused(port)
  t.equal(handshake.statusCode, 503)
  t.match(handshake.headers['retry-after'], /^[1-5]$/)
  t.equal(handshake.text, PAGES[503].text)
  t.strictSame(await numbers(), { log: ['503 0 0', '503 0 0'], traces: ['503 0 0', '503 0 0'] })
})

t.test('where an error handler answers 502, all of them have ARR\'s 502.4', async t => {
  const { port, numbers } = await subject(t, { servers: [{ address: '127.0.0.1', state: 'unavailableImmediately' }] }, app => {
    app.setErrorHandler(error => { throw Object.assign(error as Error, { statusCode: 502 }) })
  })
  const answer = await fetch(`http://127.0.0.1:${port}/`)
  t.equal(answer.status, 502)
  t.equal(await answer.text(), PAGES[502.4].text)
  t.match(await refused(port), { statusCode: 502, text: PAGES[502.4].text })
  t.strictSame(await numbers(), { log: ['502 4 0', '502 4 0'], traces: ['502 4 0', '502 4 0'] })
})

t.test('a server that is full, and one that the client is bound to and that is gone, are no fault of the network either', async t => {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', socket => { socket.on('error', () => {}) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  const { port, numbers, app } = await subject(t, {
    servers: [{ address: '127.0.0.1', httpPort: (server.address() as AddressInfo).port }],
    limits: { tunnels: 1, wait: 0 },
    affinity: { cookie: 'ARRAffinity', onLost: 'refuse' }
  })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  const [{ headers }] = await once(socket, 'upgrade') as [IncomingMessage]
  t.match(await refused(port), { statusCode: 503, text: PAGES[503].text }, 'it is full')
  app.farms.farm('chat').setState('127.0.0.1', 'unavailableGracefully', { window: 0 })
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie: (headers['set-cookie']?.[0] ?? '').split(';')[0] as string } })
  t.equal(answer.status, 503, 'it is gone')
  t.match(answer.headers.get('retry-after'), /^[1-5]$/)
  await once(socket, 'close')
  const { log, traces } = await numbers()
  t.strictSame(log.filter(line => !line.startsWith('101')), ['503 0 0', '503 0 0'])
  t.strictSame(traces, ['503 0 0', '503 0 0'])
})

t.test('servers that all refuse connections are tried, and the last one\'s refusal is a 502.3 without Retry-After', async t => {
  const servers = [await freePort(t), await freePort(t)].map(httpPort => ({ address: '127.0.0.1', httpPort }))
  const { port, numbers } = await subject(t, { servers })
  const answer = await fetch(`http://127.0.0.1:${port}/`)
  t.equal(answer.status, 502)
  t.equal(answer.headers.get('retry-after'), null)
  t.equal(await answer.text(), PAGES[502.3].text)
  t.match(await refused(port), { statusCode: 502, text: PAGES[502.3].text })
  t.strictSame(await numbers(), { log: ['502 3 12029', '502 3 12029'], traces: ['502 3 12029', '502 3 12029'] })
})

t.test('Chromium shows the page, and its WebSocket ends with 1006', { skip: withoutChromium }, async t => {
  const { port } = await subject(t, { servers: [{ address: '127.0.0.1', state: 'unavailableImmediately' }] })
  const page = await (await browser(t)).newPage()
  const answer = await page.goto(`http://127.0.0.1:${port}/`)
  t.equal(answer?.status(), 503)
  t.match(await answer?.headerValue('retry-after'), /^[1-5]$/)
  t.equal(await page.locator('h1').textContent(), 'Back soon')
  t.equal(await page.evaluate(async () => await new Promise(resolve => { new WebSocket(`ws://${location.host}/`).onclose = ({ code }) => { resolve(code) } })), 1006)
})
