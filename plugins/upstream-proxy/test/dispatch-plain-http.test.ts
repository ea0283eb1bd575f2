// A request with an `Upgrade` to another protocol is served as plain HTTP, body included, and the connection is kept.
import { createServer } from 'node:http'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { client, echo, handshake, listen, proxy, until } from './parts.ts'

const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n'

async function subject (t: Parameters<typeof proxy>[0], server?: object): Promise<{ port: number, connections: () => number }> {
  const upstream = createServer(async (request, response) => {
    let body = ''
    try {
      for await (const chunk of request) body += String(chunk)
    } catch {
      return // it was cut
    }
    response.end(`${request.method} ${request.url} ${request.headers.upgrade} ${request.headers.connection} ${request.headers['http2-settings']} ${body}`)
  })
  const url = `http://127.0.0.1:${await listen(t, upstream)}`
  let connections = 0
  const { port } = await proxy(t, { upstream: url }, {
    after: (app: FastifyInstance) => {
      app.server.on('connection', () => connections++)
      app.post('/own', async request => request.body)
    },
    ...(server === undefined ? {} : { server })
  })
  return { port, connections: () => connections }
}

const ends = (text: string) => (answer: string) => answer.endsWith(text)

t.test('a GET, a sized body, a chunked body and a body in pieces, on one connection', async t => {
  const { port, connections } = await subject(t)
  const socket = client(t, port)
  socket.write(`GET /a HTTP/1.1\r\nHost: a\r\n${H2C}\r\n`)
  t.match(await until(socket, ends('GET /a undefined undefined undefined ')), /^HTTP\/1\.1 200 /)

  socket.write(`POST /b HTTP/1.1\r\nHost: a\r\n${H2C}Content-Length: 5\r\n\r\nhello`)
  t.match(await until(socket, ends('hello')), /POST \/b undefined/)

  socket.write(`POST /c HTTP/1.1\r\nHost: a\r\n${H2C}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`)
  t.match(await until(socket, ends('hello world')), /POST \/c undefined/)

  socket.write(`POST /d HTTP/1.1\r\nHost: a\r\n${H2C}Content-Length: 10\r\n\r\nhello`)
  setTimeout(() => socket.write('WORLD'), 20)
  t.match(await until(socket, ends('helloWORLD')), /POST \/d undefined/)

  socket.write('GET /e HTTP/1.1\r\nHost: a\r\n\r\n')
  t.match(await until(socket, ends('GET /e undefined undefined undefined ')), /200/)
  t.equal(connections(), 1, 'to the server\'s other listeners it is one connection')
})

t.test('the server\'s own routes read the body as ever', async t => {
  const { port } = await subject(t)
  const socket = client(t, port)
  socket.write(`POST /own HTTP/1.1\r\nHost: a\r\n${H2C}Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}`)
  t.match(await until(socket, ends('{"a":1}')), /^HTTP\/1\.1 200 /)
})

t.test('a request pipelined behind it is served too', async t => {
  const { port } = await subject(t)
  const socket = client(t, port)
  socket.write(`GET /a HTTP/1.1\r\nHost: a\r\n${H2C}\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n`)
  const answer = await until(socket, text => text.includes('GET /b undefined'))
  t.match(answer, /GET \/a undefined[^]*GET \/b undefined/)
})

t.test('a WebSocket may follow on the same connection', async t => {
  const upstream = await echo(t)
  const { port } = await proxy(t, { upstream: upstream.url }, { after: app => app.get('/own', async () => 'own') })
  const socket = client(t, port)
  socket.write(`GET /own HTTP/1.1\r\nHost: a\r\n${H2C}\r\n`)
  await until(socket, ends('own'))
  socket.write(handshake())
  t.match(await until(socket, ends('\r\n\r\n')), /^HTTP\/1\.1 101 /)
})

t.test('a reset in the middle of such a body ends that connection and nothing else', async t => {
  const { port } = await subject(t)
  const socket = client(t, port)
  socket.write(`POST /a HTTP/1.1\r\nHost: a\r\n${H2C}Content-Length: 10\r\n\r\nhel`)
  await new Promise(resolve => setTimeout(resolve, 20))
  socket.resetAndDestroy()
  const next = client(t, port)
  next.write(`GET /a HTTP/1.1\r\nHost: a\r\n${H2C}\r\n`)
  t.match(await until(next, ends('GET /a undefined undefined undefined ')), /200/)
})
