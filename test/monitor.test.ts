// The page of the monitor in front of a site under load: what the test does is what it shows, and what is done there reaches the clients. In real Chromium.
import { once } from 'node:events'
import { connect } from 'node:net'
import { monitor } from '@fastify-arr/monitor'
import { requestTrace } from '@fastify-arr/request-trace'
import { serverFarm } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { browser, withoutChromium } from './chromium.ts'
import { farmServers } from './farm-servers.ts'
import { startSite } from './site.ts'

t.setTimeout(400_000)

const EVIL = '<script>document.title="evil"</script>'

async function open (t: Test, port: number, headers: Readonly<Record<string, string>> = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { host: 'reverseproxy.com', ...headers } })
  socket.on('error', () => {})
  t.teardown(() => { socket.terminate() })
  await once(socket, 'open')
  return socket
}

t.test('the site of the article: 100 WebSockets, 7 of them closed with 1008, are what the page says, and it closes one with the reason that is typed', { skip: withoutChromium }, async t => {
  const { fastify, httpPort } = await startSite(t, { monitorPort: 0, pingInterval: 600_000 })
  const { url } = fastify.monitor
  const context = await browser(t)
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', error => { problems.push(String(error)) })
  page.on('console', message => { if (message.type() === 'error') problems.push(message.text()) })

  await page.goto(`${url ?? ''}#/exchanges`)
  await page.getByRole('heading', { name: 'Exchanges' }).waitFor()
  const answered = await fetch(`http://localhost:${httpPort}/?token=topsecret`, { headers: { 'user-agent': EVIL, authorization: 'Bearer topsecret' } })
  t.equal(answered.status, 200)
  await answered.text()
  const sockets: WebSocket[] = []
  for (let n = 0; n < 100; n++) sockets.push(await open(t, httpPort))

  // The exchange has its whole story, without what is secret in it.
  await page.locator('tbody tr', { hasText: '/?…' }).locator('button.row-open').click()
  const story = page.locator('dialog[open]')
  await story.locator('dl.facts').waitFor()
  t.match(await story.innerText(), EVIL, 'the User-Agent is text')
  const whole = await story.frameLocator('iframe.story').locator('body').innerText()
  t.match(whole, /X-ARR-LOG-ID/i, 'the headers as they left for the upstream')
  t.notMatch(whole, /topsecret/)
  await page.keyboard.press('Escape')

  const goodbyes = sockets.splice(0, 7)
  for (const socket of goodbyes) {
    socket.close(1008)
    await once(socket, 'close')
  }
  await page.goto(`${url ?? ''}#/now`)
  await page.locator('main').getByText(/^93$/).first().waitFor()
  const ended = page.locator('main li, main tr', { hasText: '1008' }).first()
  await ended.waitFor()
  t.match(await ended.innerText(), /7/)

  // One is watched while frames pass, and closed.
  const [first] = sockets as [WebSocket]
  await page.goto(`${url ?? ''}#/webSockets?sort=since`)
  await page.getByText('93 open').waitFor()
  await page.locator('tbody tr').first().locator('button.row-open').click()
  await page.locator('dialog[open] dl.facts').waitFor()
  const echoed = once(first, 'message')
  first.send('hello')
  await echoed
  await page.locator('dialog[open] ol.frames li', { hasText: 'text' }).first().waitFor()
  t.notMatch(await page.locator('dialog[open]').innerText(), /hello/, 'no payload')
  await page.keyboard.press('Escape')
  await page.locator('tbody tr').first().locator('input[type=checkbox]').check()
  await page.getByRole('button', { name: 'Close 1 …' }).click()
  const dialog = page.locator('dialog[open]')
  await dialog.getByRole('textbox').fill('moved to another table')
  const closed = once(first, 'close')
  await dialog.getByRole('button', { name: 'Close 1 WebSocket' }).click()
  const [code, reason] = await closed as [number, Buffer]
  t.equal(code, 1001)
  t.equal(String(reason), 'moved to another table')
  await page.getByText('92 open').waitFor()
  t.same(problems, [])
})

/** What a hostile client sends, whole or cut off. */
const HOSTILE = [
  'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  `GET /${EVIL} HTTP/1.1\r\nHost: ${EVIL}\r\nUser-Agent: ${EVIL}\r\nConnection: close\r\n\r\n`,
  'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n',
  `GET /?q=${'a'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  'GET /ws HTTP/1.1\r\nHost: reverseproxy.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: no\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: reverseproxy.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\xff\xff\xff\xff\xff',
  'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n',
  '\x16\x03\x01\x00\xff\x01'
]

t.test('hostile requests while the page is open harm neither the page nor the site', { skip: withoutChromium }, async t => {
  const { fastify, httpPort } = await startSite(t, { monitorPort: 0, pingInterval: 600_000 })
  const context = await browser(t)
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', error => { problems.push(String(error)) })
  page.on('console', message => { if (message.type() === 'error') problems.push(message.text()) })
  await page.goto(`${fastify.monitor.url ?? ''}#/exchanges`)
  await page.getByRole('heading', { name: 'Exchanges' }).waitFor()
  for (let round = 0; round < 3; round++) {
    for (const request of HOSTILE) {
      const socket = connect(httpPort, '127.0.0.1').on('error', () => {})
      await once(socket, 'connect')
      socket.write(request, 'latin1')
      if (round === 0) await once(socket.resume().setTimeout(2_000, () => { socket.destroy() }), 'close')
      else if (round === 1) socket.end(() => { socket.destroy() })
      else socket.resetAndDestroy()
    }
  }
  const socket = await open(t, httpPort)
  await page.locator('tbody tr', { hasText: 'open' }).first().waitFor()
  t.match(await page.title(), /Monitor/)
  t.equal(await page.locator('main script, main img').count(), 0)
  socket.close(1000)
  await once(socket, 'close')
  await page.goto(`${fastify.monitor.url ?? ''}#/now`)
  await page.getByText('Connected').waitFor()
  t.same(problems, [])
})

t.test('a server of a farm that is killed is out on the page, and one that is switched there says goodbye to its WebSockets', { skip: withoutChromium }, async t => {
  const servers = await farmServers(t, 2)
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(monitor, { listen: { port: 0 }, actions: true })
  await app.register(requestTrace, { directory: null })
  await app.register(serverFarm, { farms: [{ name: 'chat', servers: servers.map(({ port }) => ({ address: '127.0.0.1', httpPort: port })), health: { url: '/health', interval: 1_000, timeout: 1_000 } }] })
  await app.register(upstreamProxy, { upstream: 'http://chat' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const sockets = [await open(t, port), await open(t, port), await open(t, port), await open(t, port)]
  const context = await browser(t)
  const page = await context.newPage()
  await page.goto(`${app.monitor.url ?? ''}#/farms`)
  await page.locator('tbody tr', { hasText: 'healthy' }).nth(1).waitFor()
  servers[0]?.kill()
  const out = page.locator('tbody tr', { hasText: /\bout\b/ })
  await out.first().waitFor()
  t.match(await out.first().innerText(), new RegExp(String(servers[0]?.port)))
  const left = sockets.filter(({ readyState }) => readyState === WebSocket.OPEN)
  const goodbyes = left.map(async socket => await once(socket, 'close') as [number, Buffer])
  await page.locator('tbody tr', { hasText: String(servers[1]?.port) }).getByRole('radio', { name: 'Out' }).click()
  const confirm = page.locator('dialog[open] button.danger')
  await confirm.click()
  for (const [code] of await Promise.all(goodbyes)) t.equal(code, 1012)
  t.ok(left.length > 0)
})
