// A reload as a browser sees it: on its connection of HTTP/2 what is open goes on, and what it asks for next comes from the new processes.
import { once } from 'node:events'
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
import { DRAIN_AFTER, freePort, startSite } from '../plugins/workers/test/site.ts'

t.setTimeout(240_000)

/** Answers `/slow` when it is let, and sends each message back. */
async function startUpstream (t: Test): Promise<{ port: number, letGo: () => void }> {
  let letGo = (): void => {}
  const isLet = new Promise<void>(resolve => { letGo = resolve })
  const server = createServer((request, response) => {
    if (request.method === 'POST') request.pipe(response)
    else {
      response.write('begun ')
      isLet.then(() => { response.end('ended') })
    }
  }).listen(0, '127.0.0.1')
  const sockets = new WebSocketServer({ server, perMessageDeflate: false })
  sockets.on('connection', socket => { socket.on('message', message => { socket.send(String(message)) }) })
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port, letGo }
}

async function session (t: Test, port: number): Promise<ClientHttp2Session> {
  const client = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  client.on('error', () => {})
  t.teardown(() => { client.destroy() })
  while (client.remoteSettings?.enableConnectProtocol !== true) await once(client, 'remoteSettings')
  return client
}

async function get (client: ClientHttp2Session, path: string): Promise<string> {
  const stream = client.request({ ':path': path })
  stream.setEncoding('utf8')
  let text = ''
  for await (const part of stream) text += String(part)
  return text
}

/** A text message of a client, RFC 6455 §5.2, with a mask that changes nothing. */
const message = (text: string): Buffer => Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])

t.test('at a reload the connection gets GOAWAY: a download, an upload and a WebSocket go on, and the next request comes from the new generation', async t => {
  const upstream = await startUpstream(t)
  const [http, https] = [await freePort(), await freePort()]
  const worker = join(import.meta.dirname, 'restarts', 'worker.ts')
  const site = await startSite(t, { version: '1' }, { exec: worker, args: [http, https, t.testdir({}), upstream.port].map(String), drainAfter: DRAIN_AFTER })
  t.equal(await site.started(), true)
  const client = await session(t, https)
  t.equal(await get(client, '/generation'), '1')

  const slow = client.request({ ':path': '/slow' })
  let downloaded = ''
  slow.on('data', chunk => { downloaded += String(chunk) })
  await once(slow, 'data')
  const upload = client.request({ ':path': '/', ':method': 'POST' })
  let uploaded = ''
  upload.on('data', chunk => { uploaded += String(chunk) })
  upload.write('one ')
  await once(upload, 'data')
  const socket = client.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', 'sec-websocket-version': '13' })
  let said = ''
  socket.on('data', (chunk: Buffer) => { said += chunk.toString('latin1') })
  const [headers] = await once(socket, 'response') as [IncomingHttpHeaders]
  t.equal(headers[':status'], 200)
  const say = async (text: string): Promise<void> => {
    said = ''
    socket.write(message(text))
    while (!said.endsWith(text)) await once(socket, 'data')
  }
  await say('before')

  const goaway = once(client, 'goaway')
  t.match(await site.reload(), { ok: true, generation: 2, moved: 0, stayed: 1 })
  t.equal((await goaway)[0], 0, 'without an error')
  t.equal(client.destroyed, false)
  const next = await session(t, https)
  t.equal(await get(next, '/generation'), '2')
  await say('after')
  upload.end('two')
  await once(upload, 'end')
  t.equal(uploaded, 'one two')
  upstream.letGo()
  await once(slow, 'end')
  t.equal(downloaded, 'begun ended')
  await say('and the WebSocket goes on')

  const closed = once(client, 'close')
  const ended = once(socket, 'end')
  said = ''
  await site.drain()
  while (said.length < 4) await once(socket, 'data')
  t.equal(Buffer.from(said, 'latin1').readUInt16BE(2), 1012)
  socket.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xf4]))
  await ended
  await closed
  while ((await site.status()).generations.length > 1) await new Promise(resolve => setTimeout(resolve, 50))
  t.equal(await get(next, '/generation'), '2')
})
