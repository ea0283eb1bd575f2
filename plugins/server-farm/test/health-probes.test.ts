// Probes by HTTP, of real servers of all kinds: each fails or succeeds within its time, and says why in words.
import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import t from 'tap'
import { Probing } from '../src/health/probes/probing.ts'
import { compileHealth } from '../src/health/compile-health.ts'
import { closedPort, firstProbe, httpServer, tcpServer } from './health-parts.ts'

const url = '/health?deep=1'

t.test('a probe is a GET on a connection of its own, under the server\'s own host', async t => {
  let seen: { method?: string | undefined, url?: string | undefined, headers: IncomingHttpHeaders } | undefined
  const port = await httpServer(t, (request, response) => {
    seen = { method: request.method, url: request.url, headers: request.headers }
    response.end('well')
  })
  const before = Date.now()
  const probe = await firstProbe(t, { url }, { port })
  t.match(probe, { succeeded: true, status: 200, why: null, time: Number })
  t.ok(probe.at >= before && probe.at <= Date.now())
  t.match(seen, { method: 'GET', url, headers: { host: `127.0.0.1:${port}`, connection: 'close', 'user-agent': 'fastify-arr (health of chat)' } })
})

t.test('under the host of an absolute URL each server is asked; else under its hostName', async t => {
  const hosts: Array<string | undefined> = []
  const port = await httpServer(t, (request, response) => {
    hosts.push(request.headers.host)
    response.end()
  })
  await firstProbe(t, { url: 'http://chat/health' }, { port })
  await firstProbe(t, { url: 'http://chat:81/health' }, { port, hostName: 'inner.example' })
  await firstProbe(t, { url: '/health' }, { port, hostName: 'inner.example' })
  t.same(hosts, ['chat', 'chat:81', 'inner.example'])
})

t.test('healthHost and healthPort are asked in the place of the server', async t => {
  let host: string | undefined
  const port = await httpServer(t, (request, response) => {
    host = request.headers.host
    response.end()
  })
  t.match(await firstProbe(t, { url }, { address: '192.0.2.1', port: 1, healthHost: 'localhost', healthPort: port }), { succeeded: true })
  t.equal(host, `localhost:${port}`)
})

t.test('a server that refuses has failed', async t => {
  t.match(await firstProbe(t, { url }, { port: await closedPort() }), { succeeded: false, status: null, why: 'connect ECONNREFUSED' })
})

t.test('a name that does not exist has failed', async t => {
  t.match(await firstProbe(t, { url }, { address: 'nobody.invalid', port: 80 }), { succeeded: false, status: null, why: /^getaddrinfo E/ })
})

t.test('a status outside the ranges has failed, and one inside them has not; a redirect is not followed', async t => {
  const asked: Array<string | undefined> = []
  const port = await httpServer(t, (request, response) => {
    asked.push(request.url)
    response.writeHead(Number(request.url?.slice(1)), { Location: '/200' }).end()
  })
  t.match(await firstProbe(t, { url: '/503' }, { port }), { succeeded: false, status: 503, why: 'status 503 is not in 200-399' })
  t.match(await firstProbe(t, { url: '/302' }, { port }), { succeeded: true, status: 302 })
  t.match(await firstProbe(t, { url: '/302', statusCodes: '200' }, { port }), { succeeded: false, status: 302, why: 'status 302 is not in 200' })
  t.match(await firstProbe(t, { url: '/503', statusCodes: '200,500-' }, { port }), { succeeded: true, status: 503 })
  t.same(asked, ['/503', '/302', '/302', '/503'])
})

t.test('a text is found in the body, also where it comes in two parts, and the rest is not waited for', async t => {
  const port = await httpServer(t, (_request, response) => {
    response.write('all is we')
    setImmediate(() => response.write('ll here'))
  })
  t.match(await firstProbe(t, { url, contains: 'well' }, { port }), { succeeded: true, status: 200 })
})

t.test('a body without the text has failed', async t => {
  const port = await httpServer(t, (_request, response) => { response.end('ill') })
  t.match(await firstProbe(t, { url, contains: 'well' }, { port }), { succeeded: false, status: 200, why: 'its body does not contain "well"' })
})

t.test('of a body of 10 MB the first 64 KiB are read, and the connection is cut', async t => {
  let sent = 0
  const port = await tcpServer(t, socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n')
      const send = (): void => {
        while (sent < 10_000_000 && !socket.destroyed) {
          sent += 10_000
          if (!socket.write('x'.repeat(10_000))) break
        }
      }
      socket.on('drain', send)
      send()
    })
  })
  t.match(await firstProbe(t, { url }, { port }), { succeeded: true, status: 200 })
  t.match(await firstProbe(t, { url, contains: 'well' }, { port }), { succeeded: false, why: 'the first 64 KiB of its body do not contain "well"' })
})

t.test('the text at the very end of the 64 KiB is found, and behind it is not', async t => {
  const port = await httpServer(t, (request, response) => { response.end('x'.repeat(request.url === '/in' ? 65_532 : 65_533) + 'well') })
  t.match(await firstProbe(t, { url: '/in', contains: 'well' }, { port }), { succeeded: true })
  t.match(await firstProbe(t, { url: '/out', contains: 'well' }, { port }), { succeeded: false })
})

for (const [what, speak, why] of [
  ['says nothing', '', 'no answer within 200 ms'],
  ['begins its head and goes no further', 'HTTP/1.1 200 OK\r\nX-Slow: ', 'no answer within 200 ms'],
  ['sends interim answers only', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100), 'no answer within 200 ms'],
  ['does not end its body', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nwell', 'no end of the answer within 200 ms'],
  ['sends a head of 1 MB', `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(1_000_000)}\r\n\r\n`, /^no answer: Parse Error: Header overflow/],
  ['speaks no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', /^no answer: Parse Error: Expected HTTP/],
  ['switches protocols that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', 'status 101 is not in 200-399'],
  ['gives a bare 101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'status 101 is not in 200-399']
] as const) {
  t.test(`a server that ${what} has failed`, async t => {
    const port = await tcpServer(t, socket => { socket.once('data', () => { if (speak !== '') socket.write(speak) }) })
    t.match(await firstProbe(t, { url, timeout: 200 }, { port }), { succeeded: false, why })
  })
}

t.test('a connection that is lost before or in the answer has failed', async t => {
  const ways = [
    ['', /^no answer: (?:read ECONNRESET|socket hang up)/],
    ['HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nwell', /^no end of the answer: /]
  ] as const
  for (const [said, why] of ways) {
    for (const end of ['destroy', 'resetAndDestroy'] as const) {
      const port = await tcpServer(t, socket => {
        socket.once('data', () => {
          if (said === '') socket[end]()
          else socket.write(said, () => setImmediate(() => socket[end]()))
        })
      })
      t.match(await firstProbe(t, { url, contains: 'never' }, { port }), { succeeded: false, why }, `${said} ${end}`)
    }
  }
})

t.test('after a probe its connection is closed, whatever the server would like', async t => {
  let closed: Promise<unknown> | undefined
  const port = await tcpServer(t, socket => {
    closed = once(socket, 'close')
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nwell'))
  })
  await firstProbe(t, { url }, { port })
  await closed
})

t.test('what no request may hold is a failure, and no error', async t => {
  const probe = await firstProbe(t, { url }, { port: 80, hostName: 'a\r\nX: b' })
  t.match(probe, { succeeded: false, status: null, why: /^Invalid character in header content/ })
})

t.test('where the process that probes says nothing any more, another one probes', async t => {
  let asked = 0
  const port = await httpServer(t, (_request, response) => {
    asked++
    response.end()
  })
  const { probes } = compileHealth({ health: { url, interval: 100, timeout: 100 } }, 'farms[0]', [])
  let told = (): void => {}
  const first = new Promise<void>(resolve => { told = resolve })
  const probing = new Probing(probes!, { address: '127.0.0.1', httpPort: port, httpsPort: port, farm: 'chat' }, () => { told() }, () => false)
  t.teardown(() => { probing.stop() })
  const began = performance.now()
  probing.start()
  await first
  t.equal(asked, 1)
  t.ok(performance.now() - began >= 400, 'after three intervals and the time limit of a probe')
})
