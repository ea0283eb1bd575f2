// What may clients of the metrics' own port hold open?
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { OwnListener } from '../src/serving/own-listener.ts'

async function listener (body: string, patience?: number): Promise<{ own: OwnListener, port: number }> {
  const own = new OwnListener(new Map([['/metrics', async () => ({ status: 200, type: 'text/plain', body })]]), () => {}, patience)
  t.teardown(async () => { await own.close() })
  return { own, port: (await own.listen(0, '127.0.0.1')).port }
}

function client (port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  return socket.on('error', () => {})
}

t.test('a client that does not read its answer is cut', { timeout: 60_000 }, async t => {
  const { port } = await listener('x'.repeat(50_000_000), 200)
  const served = new Promise<Socket>(resolve => {
    const onSocket = (message: unknown) => { resolve((message as { socket: Socket }).socket) }
    subscribe('net.server.socket', onSocket)
    t.teardown(() => { unsubscribe('net.server.socket', onSocket) })
  })
  client(port).pause().write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')
  const socket = await served
  await once(socket, 'close')
  t.ok(socket.bytesWritten > 0)
})

t.test('more than a hundred connections are not taken', async t => {
  const { port } = await listener('page')
  const first = Array.from({ length: 100 }, () => client(port))
  await Promise.all(first.map(async socket => { await once(socket, 'connect') }))
  const late = client(port)
  await once(late.resume(), 'close')
  t.notOk(first.some(({ destroyed }) => destroyed))
  first[0]?.destroy()
  for (;;) {
    const next = client(port)
    next.end('GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    const answer = await new Promise<string>(resolve => { let text = ''; next.setEncoding('utf8').on('data', part => { text += part }).on('close', () => { resolve(text) }) })
    if (answer.includes('200 OK')) break
  }
  t.pass('a place that is left is taken')
})
