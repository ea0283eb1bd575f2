// A reload that nobody notices, and one that changes nothing because what is new does not start.
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { startSite } from './site.ts'

t.beforeEach(() => { t.setTimeout(120_000) })

t.test('under 200 WebSockets and a hundred requests a second no connection is refused and no request fails, and from one moment on all are answered by the new version', async t => {
  const upstream = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  upstream.on('connection', socket => { socket.on('message', message => { socket.send(message) }) })
  await once(upstream, 'listening')
  t.teardown(() => { for (const client of upstream.clients) client.terminate(); upstream.close() })
  const site = await startSite(t, { version: '1' }, {}, (upstream.address() as AddressInfo).port)
  await site.started()
  const sockets: WebSocket[] = []
  for (let i = 0; i < 200; i++) {
    const socket = new WebSocket(`ws://127.0.0.1:${site.port}/`)
    t.teardown(() => { socket.terminate() })
    socket.on('error', () => {})
    await once(socket, 'open')
    sockets.push(socket)
  }
  const closed: number[] = []
  for (const socket of sockets) socket.on('close', code => { closed.push(code) })
  const failed: string[] = []
  const versions: string[] = []
  const agents = [new Agent({ keepAlive: true, maxSockets: 4 }), new Agent({ keepAlive: false })]
  let [asked, answered] = [0, 0]
  const load = setInterval(() => {
    const agent = agents[asked++ % 2] as Agent
    const over = (error?: Error): void => {
      answered++
      if (error !== undefined) failed.push(error.message)
    }
    get(site.url, { agent }, response => {
      let text = ''
      response.on('data', chunk => { text += String(chunk) })
      response.on('end', () => {
        if (response.statusCode !== 200) return over(new Error(text))
        versions.push((JSON.parse(text) as { version: string }).version)
        over()
      })
      response.on('error', over)
    }).on('error', over)
  }, 10)
  t.teardown(() => { clearInterval(load) })
  while (versions.length < 20) await new Promise(resolve => setTimeout(resolve, 10))
  site.write({ version: '2', linger: 1000 })
  const reloaded = await site.reload()
  t.equal(reloaded.ok, true)
  while (versions.at(-20) !== '2') await new Promise(resolve => setTimeout(resolve, 10))
  clearInterval(load)
  const isAnswered = () => answered >= asked
  while (!isAnswered()) await new Promise(resolve => setTimeout(resolve, 10))
  for (const agent of agents) agent.destroy()
  t.same(failed, [])
  if (process.platform !== 'win32') {
    while ((await site.status()).generations.length > 1) await new Promise(resolve => setTimeout(resolve, 20))
    t.same(closed, [], 'all WebSockets are open, in the new workers')
    for (const socket of sockets) {
      socket.send('still here')
      t.equal(String((await once(socket, 'message'))[0]), 'still here')
    }
  }
})

t.test('a connection that is kept alive is answered for linger by the old worker, with Connection: close, and ends after the answer', async t => {
  const site = await startSite(t, { version: '1', linger: 600_000 })
  await site.started()
  const socket = connect(site.port, '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  let text = ''
  socket.on('data', chunk => { text += String(chunk) })
  const ended = once(socket, 'end')
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  while (!text.includes('}')) await once(socket, 'data')
  t.match(text, /connection: keep-alive[^]*"version":"1"/i)
  site.write({ version: '2' })
  t.equal((await site.reload()).ok, true)
  text = ''
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await ended
  t.match(text, /connection: close[^]*"version":"1"/i)
})

const broken = [
  ['throws', /it ended with code 1[^]*this version is broken/],
  ['exits', /it ended with code 3/],
  ['hangs', /it does not listen after 15000 ms/]
] as const
for (const [how, why] of broken) {
  t.test(`a new version that ${how} leaves the old one, and the log says why`, async t => {
    const site = await startSite(t, { version: '1' }, how === 'hangs' ? { readyTimeout: 15_000 } : {})
    await site.started()
    site.write({ version: '2', broken: how })
    const { ok, generation, reason } = await site.reload()
    t.same([ok, generation], [false, 1])
    t.match(reason, why)
    t.match(site.logged.map(({ log }) => log).join('\n'), new RegExp(`error: the reload has failed, and generation 1 goes on: ${why.source}`))
    t.equal((await (await fetch(site.url)).json() as { version: string }).version, '1')
    while ((await site.status()).generations.length > 1) await new Promise(resolve => setTimeout(resolve, 20))
    site.write({ version: '3' })
    t.equal((await site.reload()).ok, true, 'and the next one may start')
  })
}

t.test('a new version of which only the second worker starts not takes no connection', async t => {
  const site = await startSite(t, { version: '1' })
  await site.started()
  site.write({ version: '2', broken: 'throws', only: 2 })
  let isOver = false
  const reloading = site.reload().finally(() => { isOver = true })
  const versions = new Set<string>()
  const goesOn = () => !isOver
  while (goesOn()) versions.add((await (await fetch(site.url, { headers: { connection: 'close' } })).json() as { version: string }).version)
  t.equal((await reloading).ok, false)
  t.same([...versions], ['1'])
})

t.test('SIGTERM during a reload ends both generations in order', { skip: process.platform === 'win32' }, async t => {
  const site = await startSite(t, { version: '1' })
  await site.started()
  site.write({ version: '2', broken: 'hangs' })
  site.reload().catch(() => {})
  while ((await site.status()).generations.length < 2) await new Promise(resolve => setTimeout(resolve, 10))
  site.process.kill('SIGTERM')
  t.same((await site.exit).signal, null)
  t.notMatch(site.logged.map(({ log }) => log).join('\n'), 'has failed')
})

t.test('reloads during a reload wait, and are one; afterwards exactly one generation lives', { skip: process.platform === 'win32' }, async t => {
  const site = await startSite(t, { version: '1' })
  await site.started()
  const first = site.reload()
  while ((await site.status()).generations.length < 2) await new Promise(resolve => setTimeout(resolve, 10))
  site.process.kill('SIGHUP')
  const others = await Promise.all([site.reload(), site.reload()])
  t.equal((await first).generation, 2)
  t.same(others.map(({ ok, generation }) => [ok, generation]), [[true, 3], [true, 3]])
  while ((await site.status()).generations.length > 1) await new Promise(resolve => setTimeout(resolve, 20))
  t.equal((await site.status()).serving, 3)
})
