// Which sockets are looked at, when, and until when?
import { EventEmitter, once } from 'node:events'
import { createServer, request as ask, type IncomingMessage } from 'node:http'
import { connect, createServer as createHttp2Server, type Http2Server } from 'node:http2'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { ClientBytes } from '../src/gathering/client-bytes.ts'
import { until } from './watched-site.ts'

async function listening (server: Server | Http2Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

t.test('a client is known once by its connection, and forgotten when that closes', async t => {
  const bytes = new ClientBytes()
  const server = createServer((request, response) => { response.end(bytes.of(request).address) })
  t.teardown(() => { server.close(); server.closeAllConnections() })
  const port = await listening(server)
  const [answer] = await once(ask({ port, host: '127.0.0.1', agent: false, headers: { connection: 'close' } }).end(), 'response') as [IncomingMessage]
  const [body] = await once(answer, 'data') as [Buffer]
  t.equal(String(body), '127.0.0.1')
  await until(() => bytes.size === 0)
  t.ok(bytes.received > 0 && bytes.sent > 0, 'its last bytes count')
})

t.test('the streams of a session of HTTP/2 are one client, which is forgotten as well', async t => {
  const bytes = new ClientBytes()
  const server = createHttp2Server((request, response) => { bytes.of(request as never); response.end('page') })
  t.teardown(() => { server.close() })
  const session = connect(`http://127.0.0.1:${await listening(server)}`)
  for (let i = 0; i < 3; i++) await once(session.request({ ':path': '/' }).resume(), 'end')
  t.equal(bytes.size, 1)
  session.close()
  await until(() => bytes.size === 0)
  t.ok(bytes.received > 0 && bytes.sent > 0)
})

t.test('of many clients, few are looked at in a second while nobody looks, and all in a minute', async t => {
  const bytes = new ClientBytes()
  const sockets = Array.from({ length: 5_000 }, () => Object.assign(new EventEmitter(), { bytesRead: 0, bytesWritten: 0 }))
  for (const socket of sockets) bytes.of({ socket } as never)
  for (const socket of sockets) socket.bytesRead = 10
  t.equal(bytes.look(false), false)
  t.equal(bytes.received, 20_000)
  bytes.look(false)
  bytes.look(false)
  t.equal(bytes.received, 50_000, 'each once')
  for (const socket of sockets) socket.bytesWritten = 1
  t.equal(bytes.look(true), true, 'what is found when somebody begins to look is of before')
  t.equal(bytes.sent, 5_000)
  t.equal(bytes.look(true), false)
  for (const socket of [...sockets.slice(0, 2_000), ...sockets.slice(3_000)]) socket.emit('close')
  t.equal(bytes.size, 1_000)
  for (const socket of sockets) socket.bytesRead = 11
  t.equal(bytes.look(false), false)
  t.equal(bytes.received, 51_000, 'few clients are looked at all the time, and those that have closed no longer')
})
