// Tunnels move from process to process while bytes pass all the time: none is lost, none comes twice, and what is not taken stays.
import { once } from 'node:events'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { DRAIN_AFTER, startSite, type Site } from './site.ts'

t.beforeEach(() => { t.setTimeout(120_000) })
const noMoves = process.platform === 'win32' ? 'Windows does not pass a socket on that is in use' : false

/** Counts up in lines, and sees that the lines that come count up as well. */
class Counting {
  heard = 0
  wrong: string | null = null
  readonly socket: Socket
  #sent = 0
  #rest = ''
  #isStopped = false

  constructor (socket: Socket, rest = '') {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', chunk => { this.#hear(String(chunk)) })
    this.#hear(rest)
    this.#send()
  }

  /** Resolves when all that was sent is on its way. */
  async stop (): Promise<number> {
    this.#isStopped = true
    await new Promise(resolve => { this.socket.write('', resolve) })
    return this.#sent
  }

  #send (): void {
    if (this.#isStopped || this.socket.destroyed) return
    let text = ''
    for (let i = 0; i < 20; i++) text += `${this.#sent++}\n`
    this.socket.write(text)
    setTimeout(() => { this.#send() }, 1)
  }

  #hear (text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() as string
    for (const line of lines) if (Number(line) !== this.heard++) this.wrong ??= `${line} in the place of ${this.heard - 1}`
  }
}

/** An upstream that counts to each client, and clients that count to it. */
async function counters (t: Test): Promise<{ port: number, upstreams: Map<string, Counting>, open: (site: Site, path: string) => Promise<Counting> }> {
  const upstreams = new Map<string, Counting>()
  const upstream = createServer(socket => {
    socket.once('data', chunk => {
      const text = String(chunk)
      const end = text.indexOf('\r\n\r\n') + 4
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: counting\r\nConnection: Upgrade\r\n\r\n')
      upstreams.set(text.split(' ')[1] as string, new Counting(socket, text.slice(end)))
    })
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.teardown(() => {
    upstream.close()
    for (const { socket } of upstreams.values()) socket.destroy()
  })
  return {
    port: (upstream.address() as AddressInfo).port,
    upstreams,
    async open (site, path) {
      const socket = connect(site.port, '127.0.0.1')
      t.teardown(() => socket.destroy())
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nUpgrade: counting\r\nConnection: Upgrade\r\n\r\n`)
      const [chunk] = await once(socket, 'data')
      const text = String(chunk)
      return new Counting(socket, text.slice(text.indexOf('\r\n\r\n') + 4))
    }
  }
}

/** Waits until each side has heard all that the other one has sent. */
async function settle (t: Test, clients: Map<string, Counting>, upstreams: Map<string, Counting>): Promise<void> {
  for (const [path, client] of clients) {
    const upstream = upstreams.get(path) as Counting
    const sent = [await client.stop(), await upstream.stop()]
    while (upstream.heard < sent[0]! || client.heard < sent[1]!) {
      if (client.socket.destroyed) {
        t.fail(`${path} has ended`)
        return
      }
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    t.equal(client.wrong ?? upstream.wrong, null, path)
  }
  t.pass('each line has come once, in its turn')
}

const answersOf = async (site: Site): Promise<Array<{ generation: number, value: { adopted: number, open: number } }>> => {
  const response = await fetch(`${site.url}/ask/adopted`)
  return ((await response.json()) as { answers: Array<{ generation: number, value: { adopted: number, open: number } }> }).answers
}

t.test('tunnels move to the new workers evenly, and no byte is lost while both sides send all the time; the old workers end', { skip: noMoves }, async t => {
  const { port, upstreams, open } = await counters(t)
  const site = await startSite(t, { version: '1' }, {}, port)
  await site.started()
  const clients = new Map<string, Counting>()
  for (let i = 0; i < 60; i++) clients.set(`/${i}`, await open(site, `/${i}`))
  const { moved, stayed } = await site.reload()
  t.same([moved, stayed], [60, 0])
  const now = (await answersOf(site)).filter(({ generation }) => generation === 2)
  t.same(now.map(({ value }) => value), [{ adopted: 30, open: 30 }, { adopted: 30, open: 30 }])
  while ((await site.status()).generations.length > 1) await new Promise(resolve => setTimeout(resolve, 20))
  const heard = [...clients.values()].map(client => client.heard)
  while ([...clients.values()].some((client, at) => client.heard === heard[at])) await new Promise(resolve => setTimeout(resolve, 5))
  await settle(t, clients, upstreams)
})

t.test('a tunnel that the new worker refuses stays in the old one, and goes on', { skip: noMoves }, async t => {
  const { port, upstreams, open } = await counters(t)
  const site = await startSite(t, { version: '1' }, {}, port)
  await site.started()
  const clients = new Map<string, Counting>()
  for (let i = 0; i < 10; i++) clients.set(`/${i % 2 === 0 ? 'stays' : 'goes'}/${i}`, await open(site, `/${i % 2 === 0 ? 'stays' : 'goes'}/${i}`))
  site.write({ version: '2', refuse: 'stays' })
  const { moved, stayed } = await site.reload()
  t.same([moved, stayed], [5, 5])
  await settle(t, clients, upstreams)
  const { generations } = await site.status()
  t.same(generations.map(({ number, workers }) => [number, workers.map(({ state }) => state)]), [[1, ['leaving', 'leaving']], [2, ['serving', 'serving']]])
  for (const { socket } of clients.values()) socket.destroy()
  while ((await site.status()).generations.length > 1) await new Promise(resolve => setTimeout(resolve, 20))
  t.pass('and the old worker ends with its last tunnel')
})

t.test('a new worker that dies while it takes tunnels takes no other worker with it, and what was not taken stays', { skip: noMoves }, async t => {
  const { port, open } = await counters(t)
  const site = await startSite(t, { version: '1' }, { workers: 1, backOff: { first: 10, most: 10 } }, port)
  await site.started()
  const clients = [await open(site, '/1'), await open(site, '/2')]
  site.write({ version: '2', dies: true })
  const { ok, moved, stayed } = await site.reload()
  t.same([ok, moved, stayed], [true, 0, 2])
  site.write({ version: '3' })
  for (const { socket } of clients) t.equal(socket.destroyed, false)
  await site.logs(/^info: worker 1 is back/)
})

/** Waits until something comes from there again. */
async function goesOn (counting: Counting): Promise<void> {
  const { heard } = counting
  while (counting.heard === heard) await new Promise(resolve => setTimeout(resolve, 5))
}

/** `once` would reject where the connection is reset. */
async function closing ({ socket }: Counting): Promise<void> {
  await new Promise<void>(resolve => { socket.once('close', () => { resolve() }) })
}

t.test('tunnels that do not move go on, and are told goodbye after drainAfter and not before', async t => {
  const { port, open } = await counters(t)
  const site = await startSite(t, { version: '1', handOver: false, linger: 0 }, { drainAfter: DRAIN_AFTER }, port)
  await site.started()
  const clients = [await open(site, '/1'), await open(site, '/2')]
  const { moved, stayed } = await site.reload()
  t.same([moved, stayed], [0, 2])
  await Promise.all(clients.map(goesOn))
  t.same((await site.status()).generations.map(({ tunnels }) => tunnels), [2, 0])
  const closed = clients.map(closing)
  await site.drain()
  await Promise.all(closed)
  while ((await site.status()).generations.length > 1) await new Promise(resolve => setTimeout(resolve, 20))
  t.equal((await site.status()).serving, 2)
})

t.test('with more generations than mostLeaving the tunnels of the oldest are told goodbye, and those of the others go on', async t => {
  const { port, open } = await counters(t)
  const site = await startSite(t, { version: '1', handOver: false, linger: 0 }, { drainAfter: DRAIN_AFTER, mostLeaving: 2, workers: 1 }, port)
  await site.started()
  const clients: Counting[] = []
  for (const path of ['/1', '/2', '/3']) {
    clients.push(await open(site, path))
    if (path !== '/3') await site.reload()
  }
  const [first, second, third] = clients as [Counting, Counting, Counting]
  await Promise.all(clients.map(goesOn))
  t.equal((await site.status()).generations.length, 3)
  const closed = closing(first)
  await site.reload()
  await closed
  while ((await site.status()).generations.length > 3) await new Promise(resolve => setTimeout(resolve, 20))
  await Promise.all([second, third].map(goesOn))
  t.same((await site.status()).generations.map(({ number }) => number), [2, 3, 4])
})
