// Real Chromium: the page and its WebSocket come over one HTTP/2 connection (RFC 8441), compressed end to end.
import { createSecureServer } from 'node:http2'
import { generate } from 'selfsigned'
import t from 'tap'
import { browser, withoutChromium } from '../../../test/chromium.ts'
import { echo, eventually, listen, proxy } from './parts.ts'

const PAGE = `<!doctype html><title>page</title><script>
const ws = new WebSocket('wss://' + location.host + '/chat', ['v1', 'v2'])
ws.onopen = () => ws.send('a'.repeat(100000))
ws.onmessage = ({ data }) => {
  document.title = [ws.protocol, ws.extensions, data.length].join(' ')
  ws.close(4001, 'seen')
}
ws.onclose = ({ code }) => { document.title += ' ' + code }
ws.onerror = () => { document.title = 'error' }
</script>`

t.test('page and WebSocket share one HTTP/2 connection', { skip: withoutChromium }, async t => {
  const upstream = await echo(t, { perMessageDeflate: { threshold: 0 }, handleProtocols: () => 'v2' })
  const { app, closed, requests } = await proxy(t, { upstream: upstream.url }, {
    after: app => app.get('/page', async (_, reply) => reply.type('text/html').send(PAGE))
  })
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' } as never)
  const server = createSecureServer({ key, cert, allowHTTP1: true, settings: { enableConnectProtocol: true } }, app.routing as never)
  let sessions = 0
  server.on('session', () => sessions++)
  server.on('sessionError', () => {})
  server.on('connect', (request, response) => app.server.emit('connect', request, response))
  server.on('upgrade', (request, socket, head) => app.server.emit('upgrade', request, socket, head))
  const port = await listen(t, server as never)

  const page = await (await browser(t)).newPage()
  // How fast a browser is on a busy machine is not the question.
  page.setDefaultTimeout(120_000)
  await page.goto(`https://localhost:${port}/page`)
  await page.waitForFunction(() => / \d{4}$|error/.test(document.title))
  t.equal(await page.title(), 'v2 permessage-deflate 100000 4001')
  await eventually(() => closed.some(fact => fact?.tunnel != null), 'the tunnel ends')
  t.match(closed.find(fact => fact?.tunnel != null), {
    status: 101,
    tunnel: { http: '2', extensions: /permessage-deflate/, subprotocol: 'v2', received: { text: 1 }, sent: { text: 1 }, observed: true, closedBy: 'client', closeCode: 4001, closeReason: 'seen' }
  })
  t.ok(closed.find(fact => fact?.tunnel != null)!.tunnel!.received.bytes < 5000, 'compressed')
  t.same([...new Set(requests.map(request => request.raw.httpVersion))], ['2.0'])
  t.equal(sessions, 1)
})
