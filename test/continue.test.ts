// `Expect: 100-continue`: the upstream's answer decides whether the client sends its body, on http and on https.
import { listeners } from '@fastify-arr/listeners'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { once } from 'node:events'
import { request as httpRequest, type ClientRequest } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'

interface Heard {
  readonly status: number
  readonly body: string
  /** How many 100 answers the client got. */
  readonly continues: number
}

type Client = (t: Test, app: FastifyInstance) => Promise<Heard>

const HEADERS = { expect: '100-continue', 'content-length': 5 }

/** An upstream that answers a head with `first`, and the body that follows with a 200. */
async function upstreamThat (t: Test, first: string): Promise<{ url: string, received: () => string }> {
  let received = ''
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', chunk => {
      const before = received
      received += chunk.toString('latin1')
      if (!before.includes('\r\n\r\n') && received.includes('\r\n\r\n')) socket.write(first)
      if (received.endsWith('\r\n\r\nhello')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthanks')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received: () => received }
}

async function start (t: Test, upstream: string): Promise<FastifyInstance> {
  const app = Fastify({ forceCloseConnections: true }) as unknown as FastifyInstance
  t.teardown(() => app.close())
  await app.register(listeners, {
    certificate: 'development',
    development: { folder: t.testdir() },
    listeners: [{ port: 0, host: '127.0.0.1' }, { port: 0, host: '127.0.0.1', https: true }]
  })
  await app.register(upstreamProxy, { upstream })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}

const portOf = (app: FastifyInstance, protocol: string): number => app.listeners.addresses.find(address => address.protocol === protocol)?.port as number

async function hearHttp1 (request: ClientRequest): Promise<Heard> {
  let continues = 0
  request.on('continue', () => {
    continues++
    request.end('hello')
  })
  request.on('error', () => {})
  request.flushHeaders()
  const [response] = await once(request, 'response')
  let body = ''
  for await (const part of response) body += String(part)
  request.destroy()
  return { status: response.statusCode, body, continues }
}

const clients: Record<string, Client> = {
  'the server\'s own port': (_t, app) => hearHttp1(httpRequest({ method: 'POST', port: (app.server.address() as AddressInfo).port, host: '127.0.0.1', headers: HEADERS })),
  http: (_t, app) => hearHttp1(httpRequest({ method: 'POST', port: portOf(app, 'http'), host: '127.0.0.1', headers: HEADERS })),
  https: (_t, app) => hearHttp1(httpsRequest({ method: 'POST', port: portOf(app, 'https'), host: '127.0.0.1', headers: HEADERS, rejectUnauthorized: false })),
  async 'HTTP/2' (t, app) {
    const session = connectHttp2(`https://127.0.0.1:${portOf(app, 'https')}`, { rejectUnauthorized: false })
    t.teardown(() => session.destroy())
    const stream = session.request({ ':method': 'POST', ':path': '/', ...HEADERS })
    let continues = 0
    stream.on('continue', () => {
      continues++
      stream.end('hello')
    })
    const [headers] = await once(stream, 'response')
    let body = ''
    for await (const part of stream) body += String(part)
    return { status: headers[':status'], body, continues }
  }
}

for (const [name, ask] of Object.entries(clients)) {
  t.test(`${name}: a body that the upstream does not want is not asked for`, async t => {
    const refusing = await upstreamThat(t, 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno')
    t.same(await ask(t, await start(t, refusing.url)), { status: 401, body: 'no', continues: 0 })
    t.match(refusing.received(), /\r\nExpect: 100-continue\r\n/i)
    t.ok(refusing.received().endsWith('\r\n\r\n'), 'and the upstream got none')
  })

  t.test(`${name}: a client is told to go on once, when the upstream says so`, async t => {
    const willing = await upstreamThat(t, 'HTTP/1.1 100 Continue\r\n\r\n')
    t.same(await ask(t, await start(t, willing.url)), { status: 200, body: 'thanks', continues: 1 })
    t.match(willing.received(), /\r\nExpect: 100-continue\r\n/i)
  })
}
