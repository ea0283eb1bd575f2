// Fastify listens on every address of `localhost`, with a separate server for each but the first; the plugin makes them behave as one.
import dns from 'node:dns'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { FastifyInstance } from 'fastify'
import { build, until } from './server.ts'

const ADDRESSES = [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }]

const probe = createServer()
const hasIPv6 = await new Promise<boolean>(resolve => {
  probe.once('error', () => resolve(false)).listen(0, '::1', () => { probe.close(() => resolve(true)) })
})

// The hosts file may have one address for localhost: the lookup is answered here instead of by the system.
const { lookup } = dns
dns.lookup = ((host: string, ...rest: unknown[]) => {
  if (host !== 'localhost') return Reflect.apply(lookup, dns, [host, ...rest])
  const done = rest.at(-1) as (...result: unknown[]) => void
  const isForAll = (rest[0] as { all?: boolean }).all === true
  process.nextTick(() => { isForAll ? done(null, ADDRESSES) : done(null, ADDRESSES[0]!.address, 4) })
}) as never
t.teardown(() => { dns.lookup = lookup })

const skip = hasIPv6 ? false : 'this machine has no ::1'

async function start (t: Test, prepare: (app: FastifyInstance) => unknown = () => {}): Promise<{ app: FastifyInstance, open: () => Promise<Socket> }> {
  let app: FastifyInstance
  let attempts = 0
  do {
    app = await build(t, { closeTimeout: 30_000, listeners: [{ port: 0, host: '127.0.0.1' }] })
    await prepare(app)
    await app.listen({ port: 0 })
    // The port that the system chooses on the first address may be taken on the second; Fastify then goes without the second.
  } while (app.addresses().length < 2 && ++attempts < 10)
  t.match(app.addresses().map(at => (at as AddressInfo).address).sort(), ['127.0.0.1', '::1'])
  const { port } = app.server.address() as AddressInfo
  return {
    app,
    async open () {
      const socket = connect(port, '::1')
      socket.on('error', () => {})
      t.teardown(() => socket.destroy())
      await once(socket, 'connect')
      return socket
    }
  }
}

t.test('the first server emits what comes in on the second: connections, requests, Expect and invalid HTTP', { skip }, async t => {
  const heard: string[] = []
  const { app, open } = await start(t, app => {
    app.server.on('connection', () => { heard.push('connection') })
    app.server.on('request', () => { heard.push('request') })
    app.server.prependListener('clientError', () => { heard.push('clientError') })
    app.server.on('checkContinue', (_request, response) => {
      heard.push('checkContinue')
      response.writeHead(413).end()
    })
  })
  for (const [words, answer] of [
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 200 /],
    ['POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n', /^HTTP\/1\.1 413 /],
    ['no HTTP\r\n\r\n', /^HTTP\/1\.1 400 /]
  ] as const) {
    const socket = await open()
    socket.write(words)
    t.match(String((await once(socket, 'data'))[0]), answer)
  }
  t.same(heard, ['connection', 'request', 'connection', 'checkContinue', 'connection', 'clientError'])
  await app.close()
})

t.test('closing answers its requests, and does not wait for its idle or silent connections', { skip }, async t => {
  let answer = (): void => {}
  const { app, open } = await start(t, app => app.get('/slow', async () => { await new Promise<void>(resolve => { answer = resolve }); return 'done' }))
  const [silent, idle, busy] = [await open(), await open(), await open()]
  idle.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(idle, 'data')
  busy.write('GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  const original = answer
  await until(() => answer !== original)
  const gone = Promise.all([silent, idle].map(async socket => await once(socket.resume(), 'close')))
  let closed = false
  const closing = app.close().then(() => { closed = true })
  await gone
  t.notOk(closed)
  answer()
  t.match(String((await once(busy, 'data'))[0]), /^HTTP\/1\.1 200 /)
  await closing
})
