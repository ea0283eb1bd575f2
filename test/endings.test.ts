// However an exchange ends, it has one true line in the log, and the process goes on.
import { once } from 'node:events'
import { get, request } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect, createServer, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { inbox } from './conversation.ts'
import { freePort, startSite, type Line, type Site } from './site.ts'

/** The one line there is, by status, sub-status and win32 status. */
async function ending (site: Site, count = 1): Promise<string> {
  const line = (await site.lines(count)).at(-1) as Line
  return `${line['sc-status']} ${line['sc-substatus']} ${line['sc-win32-status']}`
}

async function stillThere (t: Test, site: Site, backendIsThere = true): Promise<void> {
  const response = await fetch(`http://localhost:${site.httpPort}/`)
  t.equal(response.status, backendIsThere ? 200 : 502, 'the next request is answered')
  await response.text()
}

const HANDSHAKE = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

t.test('a backend that is not there: 502.3 and 12029, for the page and for the WebSocket, and no address for the client', async t => {
  const port = await freePort(t)
  const site = await startSite(t, { upstream: `http://127.0.0.1:${port}` })
  const response = await fetch(`http://localhost:${site.httpPort}/`)
  t.equal(response.status, 502)
  t.notMatch(await response.text(), new RegExp(`${port}|127\\.0\\.0\\.1|ECONN`))
  t.equal(await ending(site), '502 3 12029')
  const socket = new WebSocket(`ws://localhost:${site.httpPort}/`)
  const [, refusal] = await once(socket, 'unexpected-response')
  t.equal(refusal.statusCode, 502)
  refusal.resume()
  await ending(site, 2)
  const lines = await site.lines(2)
  t.ok(lines.every(line => !line['cs-uri-query']?.includes('SERVER-STATUS')), 'no SERVER-STATUS: it never answered')
  t.equal(await ending(site, 2), '502 3 12029')
  await stillThere(t, site, false)
})

t.test('an unknown host: 400 Invalid Hostname, and no line in the site\'s log', async t => {
  const site = await startSite(t)
  const response = await fetch(`http://127.0.0.1:${site.httpPort}/`)
  t.equal(response.status, 400)
  t.match(await response.text(), 'Bad Request - Invalid Hostname')
  await stillThere(t, site)
  const lines = await site.lines(1)
  t.equal(lines.length, 1)
  t.equal(lines[0]?.['sc-status'], '200')
})

t.test('a URL that cannot be decoded: 400 Invalid URL, on both protocols, without anything internal', async t => {
  const site = await startSite(t)
  for (const host of ['localhost', 'elsewhere.example']) {
    const [response] = await once(get({ host: '127.0.0.1', port: site.httpPort, path: '/%zz', headers: { host }, agent: false }), 'response')
    t.equal(response.statusCode, 400)
    let page = ''
    for await (const chunk of response) page += chunk
    t.match(page, 'Bad Request - Invalid URL')
    t.notMatch(page, /FST|%zz/)
  }
  const session = connectHttp2(`https://127.0.0.1:${site.httpsPort}`, { rejectUnauthorized: false })
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': '/%zz', ':authority': 'localhost' })
  const [headers] = await once(stream, 'response')
  t.equal(headers[':status'], 400)
  stream.resume()
  await once(stream, 'close')
  await stillThere(t, site)
})

t.test('a Host with an empty port is valid', async t => {
  const site = await startSite(t)
  for (const host of ['localhost:', 'reverseproxy.com.:']) {
    const [response] = await once(get({ host: '127.0.0.1', port: site.httpPort, headers: { host }, agent: false }), 'response')
    response.resume()
    t.equal(response.statusCode, 200, host)
  }
})

t.test('a client that resets during the handshake: a line with 499 and win32 status 64', async t => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const held = new Set<{ destroy: () => void }>()
  silent.on('connection', socket => { held.add(socket); socket.on('error', () => {}) })
  t.teardown(() => { for (const socket of held) socket.destroy(); silent.close() })
  const site = await startSite(t, { upstream: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` })
  const client = connect(site.httpPort, '127.0.0.1')
  await once(client, 'connect')
  const dialled = once(silent, 'connection')
  client.write(HANDSHAKE)
  await dialled
  client.resetAndDestroy()
  t.equal(await ending(site), '499 0 64')
})

t.test('a download that the client aborts: its status, and win32 status 64', async t => {
  const endless = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n')
      const timer = setInterval(() => socket.write(Buffer.alloc(65536)), 5)
      socket.on('close', () => clearInterval(timer))
    })
  }).listen(0, '127.0.0.1')
  await once(endless, 'listening')
  t.teardown(() => endless.close())
  const site = await startSite(t, { upstream: `http://127.0.0.1:${(endless.address() as AddressInfo).port}` })
  const outgoing = request({ host: '127.0.0.1', port: site.httpPort, headers: { host: 'localhost' } })
  outgoing.on('error', () => {})
  outgoing.end()
  const [response] = await once(outgoing, 'response')
  await once(response, 'data')
  const [upstreamSocket] = await new Promise<unknown[]>(resolve => endless.getConnections((_error, count) => resolve([count])))
  t.equal(upstreamSocket, 1)
  outgoing.destroy()
  t.equal(await ending(site), '200 0 64')
  while (await new Promise(resolve => endless.getConnections((_error, count) => resolve(count > 0)))) {
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  t.pass('and the upstream\'s connection is closed')
})

t.test('two hundred WebSockets, opened and closed in every way: two hundred lines with 101', async t => {
  const site = await startSite(t)
  const sockets = await Promise.all(Array.from({ length: 200 }, async () => {
    const socket = new WebSocket(`ws://localhost:${site.httpPort}/`)
    socket.on('error', () => {})
    await inbox(socket)()
    return socket
  }))
  t.equal(site.fastify.tunnels.size, 200)
  for (const [index, socket] of sockets.entries()) {
    if (index % 3 === 0) socket.close(1000)
    else if (index % 3 === 1) socket.terminate()
    else (socket as unknown as { _socket: import('node:net').Socket })._socket.resetAndDestroy()
  }
  const lines = await site.lines(200)
  t.equal(lines.length, 200)
  t.ok(lines.every(line => line['sc-status'] === '101'))
  t.equal(site.fastify.tunnels.size, 0, 'and none is left open')
  await stillThere(t, site)
})
