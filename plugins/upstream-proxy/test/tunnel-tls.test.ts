// TLS on either side: verified towards the upstream, and the same bytes through a wss client.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import { ask, echo, eventually, handshake, listen, proxy } from './parts.ts'

const pair = async (name: string) => generate([{ name: 'commonName', value: name }], {
  keyType: 'ec', algorithm: 'sha256', extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }, { name: 'basicConstraints', cA: true }]
} as never) as Promise<{ private: string, cert: string }>

const localhost = await pair('localhost')
const elsewhere = await pair('elsewhere.example')
const person = await pair('proxy')

/** An echo behind TLS. */
async function secureEcho (t: Test, { private: key, cert }: { private: string, cert: string }, options: object = {}): Promise<{ port: number, names: unknown[], clients: unknown[] }> {
  const names: unknown[] = []
  const clients: unknown[] = []
  const server = createServer({ key, cert, ...options })
  const wss = new WebSocketServer({ server })
  wss.on('connection', (socket, request) => {
    names.push((request.socket as TLSSocket & { servername?: unknown }).servername)
    clients.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN)
    socket.on('error', () => {})
    socket.on('message', (message, binary) => socket.send(message, { binary }))
  })
  server.on('tlsClientError', () => {})
  return { port: await listen(t, server), names, clients }
}

t.test('an https upstream is verified: with its own CA it is spoken to, by its name', async t => {
  const upstream = await secureEcho(t, localhost)
  const { port } = await proxy(t, { upstream: `https://localhost:${upstream.port}`, tls: { ca: localhost.cert } })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`)
  await once(ws, 'open')
  const data = randomBytes(1_000_000)
  ws.send(data)
  t.ok(((await once(ws, 'message'))[0] as Buffer).equals(data))
  t.same(upstream.names, ['localhost'])
  ws.close()
  await once(ws, 'close')
})

t.test('a certificate that is unknown, or another\'s, is a 502 that does not name it', async t => {
  for (const [certificate, tls] of [[localhost, {}], [elsewhere, { ca: elsewhere.cert }]] as const) {
    const upstream = await secureEcho(t, certificate)
    const { port, closed } = await proxy(t, { upstream: `https://localhost:${upstream.port}`, tls })
    const answer = await ask(t, port, handshake())
    t.match(answer, /^HTTP\/1\.1 502 /)
    t.notMatch(answer, /elsewhere|certificate|localhost/i)
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { error: { code: 'FST_ARR_UPSTREAM_TLS', moment: 'connect', side: 'upstream', systemCode: /CERT|TLS/ } })
    t.same(upstream.names, [])
  }
})

t.test('verification can be turned off, SNI can be set, and a client certificate is shown', async t => {
  const upstream = await secureEcho(t, elsewhere, { requestCert: true, ca: person.cert })
  const { port } = await proxy(t, {
    upstream: `https://127.0.0.1:${upstream.port}`,
    tls: { rejectUnauthorized: false, servername: 'elsewhere.example', key: person.private, cert: person.cert }
  })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`)
  await once(ws, 'open')
  t.same(upstream.names, ['elsewhere.example'])
  t.same(upstream.clients, ['proxy'])
  ws.terminate()
})

t.test('an upstream that never finishes its TLS handshake is a 504', async t => {
  const { createServer: createTcp } = await import('node:net')
  const port = await listen(t, createTcp(socket => { socket.on('error', () => {}) }))
  const subject = await proxy(t, { upstream: `https://127.0.0.1:${port}`, timeouts: { connect: 100 } })
  t.match(await ask(t, subject.port, handshake()), /^HTTP\/1\.1 504 /)
  t.match(subject.requests[0]!.upstream!.error, { code: 'FST_ARR_UPSTREAM_CONNECT_TIMEOUT', moment: 'connect' })
})

t.test('a wss client: large messages both ways at once, a slow reader, a clean end', async t => {
  const upstream = await echo(t)
  const { port, closed } = await proxy(t, { upstream: upstream.url }, { server: { https: { key: localhost.private, cert: localhost.cert } } })
  const ws = new WebSocket(`wss://localhost:${port}/`, { ca: localhost.cert, perMessageDeflate: false })
  await once(ws, 'open')
  const sent = Array.from({ length: 60 }, (_, i) => randomBytes([1, 100, 5000, 20_000, 70_000, 300_000][i % 6] as number))
  const got: Buffer[] = []
  ws.on('message', message => got.push(message as Buffer))
  for (const message of sent) ws.send(message)
  ws.pause()
  await new Promise(resolve => setTimeout(resolve, 200))
  ws.resume()
  await eventually(() => got.length === sent.length, 'everything comes back')
  t.ok(sent.every((message, i) => message.equals(got[i] as Buffer)))
  ws.close(1000)
  await once(ws, 'close')
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0]!.tunnel, { observed: true, received: { messages: 60 }, sent: { messages: 60 }, closeCode: 1000 })
})

t.test('an upgrade to something else over TLS is plain HTTP', async t => {
  const { port } = await proxy(t, { upstream: 'http://127.0.0.1:1' }, {
    server: { https: { key: localhost.private, cert: localhost.cert } },
    after: app => app.post('/own', async request => request.body)
  })
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: localhost.cert })
  t.teardown(() => socket.destroy())
  socket.write('POST /own HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello')
  let answer = ''
  socket.on('data', chunk => { answer += String(chunk) })
  await eventually(() => answer.endsWith('hello'), 'the answer comes')
  t.match(answer, /^HTTP\/1\.1 200 /)
})
