// What is not HTTP does not reach the server, on any listener.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { connect, type Socket } from 'node:net'
import type { ListenerRefusal } from '@fastify-arr/facts'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import { handshake, portOf, start as startApp } from './server.ts'

/** A server with a listener for each protocol, what it publishes, and what its log says at warn and above. */
async function start (t: Test): Promise<{ app: FastifyInstance, told: string[], warnings: string[], requests: string[] }> {
  const told: string[] = []
  const warnings: string[] = []
  const requests: string[] = []
  const logger = { level: 'warn', stream: { write: (text: string) => { warnings.push(text) } } }
  const app = await startApp(t, { listeners: [{ name: 'one', port: 0, host: '127.0.0.1' }, { port: 0, host: '127.0.0.1', https: true }], certificate: 'development' }, { logger, forceCloseConnections: true } as FastifyServerOptions)
  const onRefusal = (message: unknown): void => {
    const { server, reason, request, status } = message as ListenerRefusal
    if (server === app.server) told.push(`${reason} ${request?.method} ${request?.url} ${status}`)
  }
  subscribe('fastify-arr:listeners.refused', onRefusal)
  t.teardown(() => unsubscribe('fastify-arr:listeners.refused', onRefusal))
  app.server.on('request', request => { requests.push(request.method as string) })
  return { app, told, warnings, requests }
}

async function answerTo (socket: Socket, bytes: string): Promise<string> {
  let answer = ''
  socket.setEncoding('latin1').on('data', text => { answer += text })
  socket.write(bytes, 'latin1')
  await once(socket, 'close')
  return answer
}

const OTHERS = [
  'GET / RTSP/1.0\r\n\r\n', 'POST / RTSP/1.0\r\n\r\n', 'OPTIONS * RTSP/1.0\r\n\r\n', 'ANNOUNCE / RTSP/1.0\r\n\r\n', 'SETUP rtsp://a/ RTSP/1.0\r\n\r\n', 'DESCRIBE / RTSP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n',
  'GET / RTSP/2.0\r\nHost: a\r\n\r\n', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 'SOURCE / ICE/1.0\r\n\r\n', 'TEARDOWN / RTSP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'
]

t.test('RTSP and ICE are a 400, on a plain listener and under TLS', async t => {
  const { app, told, warnings, requests } = await start(t)
  // Upgrades are looked at where somebody wants them.
  app.server.on('upgrade', () => t.fail('no upgrade arrives'))
  for (const bytes of OTHERS) {
    const [method, url] = bytes.split(' ')
    for (const socket of [connect(portOf(app, 'http'), '127.0.0.1'), await handshake(t, portOf(app, 'https'), 'localhost')]) {
      t.match(await answerTo(socket, bytes), /^HTTP\/1\.1 400 Bad Request\r\n/, bytes)
      t.equal(told.at(-1), `protocol ${method} ${url} 400`)
    }
  }
  t.equal(told.length, 2 * OTHERS.length)
  t.same(requests, [])
  t.same(warnings, [], 'no list of routes')
})

t.test('HTTP/1.0 is served, and so is a SOURCE of HTTP', async t => {
  const { app, told } = await start(t)
  for (const bytes of ['GET / HTTP/1.0\r\nUser-Agent: RTSP/1.0\r\n\r\n', 'SOURCE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 'POST / HTTP/1.0\r\n\r\n']) {
    t.match(await answerTo(connect(portOf(app, 'http'), '127.0.0.1'), bytes), /^HTTP\/1\.1 (?:200|404) /, bytes)
  }
  t.same(told, [])
})

t.test('a method of HTTP/2 that no route can have is a 501, and no list of routes is printed', async t => {
  const { app, told, warnings } = await start(t)
  const session = connectHttp2(`https://127.0.0.1:${portOf(app, 'https')}`, { rejectUnauthorized: false })
  t.teardown(() => session.destroy())
  for (const method of ['ANNOUNCE', 'X-MINE']) {
    const stream = session.request({ ':method': method })
    const [headers] = await once(stream, 'response') as [IncomingHttpHeaders]
    t.equal(headers[':status'], 501)
    stream.close()
  }
  t.same(told, ['method ANNOUNCE / 501', 'method X-MINE / 501'])
  t.same(warnings, [])
})

t.test('a CONNECT waits for the answers before it', async t => {
  const { app, told } = await start(t)
  const text = await answerTo(connect(portOf(app, 'http'), '127.0.0.1'), 'GET / HTTP/1.1\r\nHost: a\r\n\r\nCONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n')
  t.same(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 405'])
  t.same(told, ['method CONNECT b:443 405'])
})
