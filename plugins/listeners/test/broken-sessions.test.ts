// HTTP/2 connection errors (RFC 9113 §5.4.1): the connection is closed long before any of its limits, and its requests end. All kinds of errors: test/connection-errors.test.ts.
import type { FastifyInstance } from 'fastify'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import t from 'tap'
import { makeAuthority, makeCertificate } from '../src/certificates/authority.ts'
import { build, handshake, portOf, until, type Test } from './server.ts'

const certificate = await makeCertificate(await makeAuthority(['test'], 'authority of this test'), ['broken.test'])

const [DATA, HEADERS, SETTINGS, PING, GOAWAY] = [0, 1, 4, 6, 7] as const
const [END_STREAM, END_HEADERS] = [1, 4] as const

function frame (type: number, stream: number, payload: string, flags = 0): Buffer {
  const body = Buffer.from(payload, 'latin1')
  const head = Buffer.from([0, 0, body.length, type, flags, 0, 0, 0, stream])
  return Buffer.concat([head, body])
}

const HELLO = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0, '')])
const SLOW = frame(HEADERS, 1, '\x82\x87\x04\x05/slow\x01\x01a', END_STREAM | END_HEADERS)
/** DATA on stream 0 is a connection error. */
const ERROR = frame(DATA, 0, 'abc')

/** A server with a route that never responds, and counters of its requests that have come and that have ended. */
async function slow (t: Test) {
  const app = await build(t, { certificate, closeTimeout: 100_000, listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  const requests = { asked: 0, ended: 0 }
  app.get('/slow', async (_request, reply) => {
    requests.asked++
    reply.raw.once('close', () => { requests.ended++ })
    reply.hijack()
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, requests }
}

async function client (t: Test, app: FastifyInstance): Promise<{ socket: TLSSocket, has: (type: number) => boolean }> {
  const socket = await handshake(t, portOf(app, 'https'), 'broken.test', { ALPNProtocols: ['h2'] })
  let heard = Buffer.alloc(0)
  socket.on('data', chunk => { heard = Buffer.concat([heard, chunk]) })
  socket.write(HELLO)
  return {
    socket,
    has (type) {
      for (let at = 0; at + 9 <= heard.length; at += 9 + heard.readUIntBE(at, 3)) if (heard[at + 3] === type) return true
      return false
    }
  }
}

/** Far longer than the close takes, and far shorter than any other limit. */
async function ends (socket: TLSSocket): Promise<boolean> {
  const limit = AbortSignal.timeout(20_000)
  await until(() => socket.closed || limit.aborted)
  return socket.closed
}

t.test('after an HTTP/2 connection error the connection is closed and its requests end, though the client does not close it', async t => {
  const { app, requests } = await slow(t)
  const { socket, has } = await client(t, app)
  socket.write(SLOW)
  await until(() => requests.asked === 1)
  socket.write(ERROR)
  t.ok(await ends(socket))
  t.ok(has(GOAWAY), 'the client gets a GOAWAY')
  await until(() => requests.ended === 1)
})

t.test('after an HTTP/2 connection error on a connection without requests it is closed', async t => {
  const { app } = await slow(t)
  const { socket, has } = await client(t, app)
  socket.write(ERROR)
  t.ok(await ends(socket))
  t.ok(has(GOAWAY), 'the client gets a GOAWAY')
})

t.test('an HTTP/2 connection error while the server closes does not delay closing', async t => {
  const { app, requests } = await slow(t)
  const { socket, has } = await client(t, app)
  socket.write(SLOW)
  await until(() => requests.asked === 1)
  const down = app.close()
  await until(() => has(GOAWAY))
  socket.write(ERROR)
  t.ok(await ends(socket))
  await down
})

t.test('a silent HTTP/2 client gets one PING', async t => {
  const { app, requests } = await slow(t)
  const session = connectHttp2(`https://127.0.0.1:${portOf(app, 'https')}`, { rejectUnauthorized: false })
  t.teardown(() => session.destroy())
  let pings = 0
  session.on('ping', () => { pings++ })
  session.request({ ':path': '/slow' }).on('error', () => {})
  await until(() => requests.asked === 1 && pings === 1)
  // The PING of a later connection shows that the first one has been checked again.
  const { has } = await client(t, app)
  await until(() => has(PING))
  const again = once(session, 'ping')
  session.ping(() => {})
  await again
  t.equal(pings, 2, 'and again after it has said something')
  t.equal(requests.ended, 0)
})
