// What does the log say of a body that is too large, and of a tunnel that is no WebSocket?
import { arrLog } from '@fastify-arr/arr-log'
import { upstreamProxy, type UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'

/** The numbers of the lines that a proxy has written when it has closed. */
async function numbers (t: Test, upstream: (socket: Socket) => void, options: UpstreamProxyOptions, converse: (port: number) => Promise<void>, server: object = {}): Promise<string[]> {
  const behind = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => {})
    upstream(socket)
  }).listen(0, '127.0.0.1')
  await once(behind, 'listening')
  t.teardown(() => behind.close())
  const directory = t.testdir()
  const fastify = Fastify(server) as unknown as FastifyInstance
  await fastify.register(arrLog, { directory })
  await fastify.register(upstreamProxy, { upstream: `http://127.0.0.1:${(behind.address() as AddressInfo).port}`, ...options })
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  await converse((fastify.server.address() as AddressInfo).port)
  await fastify.close()
  const files = readdirSync(directory, { recursive: true }) as string[]
  const text = readFileSync(join(directory, files.find(file => /u_ex.*\.log$/.test(file))!), 'utf8')
  const fields = /^#Fields: (.*)/m.exec(text)![1]!.trim().split(' ')
  return text.split('\r\n').filter(line => line !== '' && !line.startsWith('#')).map(line => {
    const values = line.split(' ')
    return ['sc-status', 'sc-substatus', 'sc-win32-status'].map(name => values[fields.indexOf(name)]).join(' ')
  })
}

const talk = (text: string) => async (port: number): Promise<void> => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume().write(text)
  await new Promise(resolve => socket.on('close', resolve))
}

t.test('a body that is too large is 413.1, announced or not; an answer that it cuts keeps its status', async t => {
  t.same(await numbers(t, () => {}, { maxBodySize: 1 }, talk('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxx')), ['413 1 0'])
  t.same(await numbers(t, () => {}, { maxBodySize: 1 }, talk('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxx\r\n')), ['413 1 0'])
  t.same(await numbers(t, socket => { socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx')) }, { maxBodySize: 1 }, async port => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n')
    await once(socket, 'data')
    socket.write('1\r\nx\r\n')
    await new Promise(resolve => socket.on('close', resolve))
  }), ['200 0 1236'])
})

t.test('over HTTP/2 too', async t => {
  for (const headers of [{ 'content-length': '2' }, {}]) {
    t.same(await numbers(t, () => {}, { maxBodySize: 1 }, async port => {
      const session = connectHttp2(`http://127.0.0.1:${port}`)
      const stream = session.request({ ':method': 'POST', ...headers }, { endStream: false })
      stream.on('error', () => {})
      stream.resume().write('xx')
      await once(stream, 'close')
      session.close()
      await once(session, 'close')
    }, { http2: true }), ['413 1 0'])
  }
})

t.test('a tunnel that is no WebSocket is 101, with 0 where it ends in order', async t => {
  t.same(await numbers(t, socket => {
    socket.once('data', () => socket.end('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello'))
  }, { upgrades: ['tcp'] }, talk('POST /attach HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')), ['101 0 0'])
})
