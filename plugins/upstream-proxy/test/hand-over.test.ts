// Open WebSockets move to another process, while messages pass in both directions.
import { once } from 'node:events'
import t from 'tap'
import type { Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { generation, SKIP } from './moving.ts'

// For what hangs: how long it takes is the machine's affair.
t.setTimeout(240_000)
t.beforeEach(t => { t.setTimeout(120_000) })

const EVERY = 20
/** Where nobody has got anything for so long, nothing comes any more, ms. */
const STALLED = 15_000
const TEXT = 'x'.repeat(300)

/** One end of a WebSocket that sends numbered messages, and checks those that it gets. */
class Talker {
  sent = 0
  got = 0
  /** What was lost, doubled or out of order. */
  wrong = 0
  closed: number | null = null
  readonly #timer: NodeJS.Timeout

  constructor (socket: WebSocket) {
    socket.on('message', message => { if (Number(String(message).split(' ')[0]) !== this.got++) this.wrong++ })
    socket.on('error', () => {})
    socket.on('close', code => { this.closed = code })
    this.#timer = setInterval(() => {
      // A machine that is too slow for so many sends fewer, rather than none in time.
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount === 0) socket.send(`${this.sent++} ${TEXT}`)
    }, EVERY)
  }

  stop (): void {
    clearInterval(this.#timer)
  }
}

interface Talks {
  readonly near: Talker[]
  readonly far: Talker[]
  readonly sockets: WebSocket[]
  /** Until each has got so many more. */
  more (count: number): Promise<void>
  /** Nobody sends any more; until all has arrived. */
  stop (): Promise<void>
}

async function upstreamOf (t: Test): Promise<{ url: string, far: Talker[] }> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } })
  const far: Talker[] = []
  wss.on('connection', socket => { far.push(new Talker(socket)) })
  await once(wss, 'listening')
  t.teardown(() => {
    for (const talker of far) talker.stop()
    for (const client of wss.clients) client.terminate()
    wss.close()
  })
  return { url: `http://127.0.0.1:${(wss.address() as { port: number }).port}`, far }
}

async function talks (t: Test, port: number, count: number, far: Talker[]): Promise<Talks> {
  const sockets = Array.from({ length: count }, () => new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: { threshold: 0 } }))
  t.teardown(() => { for (const socket of sockets) socket.terminate() })
  // They listen from the beginning: the upstream speaks at once.
  const near = sockets.map(socket => new Talker(socket))
  await Promise.all(sockets.map(async socket => { await once(socket, 'open') }))
  const all = (): Talker[] => [...near, ...far]
  const sums = (name: 'sent' | 'got', talkers: Talker[]): number => talkers.reduce((sum, talker) => sum + talker[name], 0)
  const when = async (met: () => boolean): Promise<void> => {
    let seen = -1
    let since = performance.now()
    while (!met() && all().every(({ closed }) => closed === null)) {
      await new Promise(resolve => setTimeout(resolve, EVERY))
      const got = sums('got', all())
      if (got !== seen) since = performance.now()
      seen = got
      // What was lost does not come any more: the counts tell of it, rather than the test's time.
      if (performance.now() - since > STALLED) return
    }
  }
  return {
    near,
    far,
    sockets,
    more: async more => {
      const goals = all().map(talker => [talker, talker.got + more] as const)
      await when(() => goals.every(([{ got }, goal]) => got >= goal))
    },
    stop: async () => {
      for (const talker of all()) talker.stop()
      await when(() => sums('got', near) >= sums('sent', far) && sums('got', far) >= sums('sent', near))
    }
  }
}

function isWell (t: Test, { near, far }: Talks): void {
  for (const [name, talkers] of [['client', near], ['upstream', far]] as const) {
    t.equal(talkers.filter(({ closed }) => closed !== null).length, 0, `no ${name} was closed`)
    t.equal(talkers.filter(({ wrong }) => wrong > 0).length, 0, `to no ${name} a message was lost, doubled or out of order`)
  }
  const sum = (talkers: Talker[], name: 'sent' | 'got'): number => talkers.reduce((all, talker) => all + talker[name], 0)
  t.equal(sum(far, 'got'), sum(near, 'sent'), 'all that clients have sent has arrived')
  t.equal(sum(near, 'got'), sum(far, 'sent'), 'all that upstreams have sent has arrived')
}

t.test('two hundred WebSockets move while messages pass, twice, and the processes before exit', { skip: SKIP }, async t => {
  const { url, far } = await upstreamOf(t)
  const first = await generation(t, { upstream: url })
  const all = await talks(t, first.port, 200, far)
  await all.more(5)
  const before = await first.tunnels()
  const second = await generation(t, { upstream: url })
  const from = performance.now()
  t.same(await first.handOver(second), { moved: 200, stayed: 0 })
  t.comment(`200 WebSockets have moved in ${Math.round(performance.now() - from)} ms`)
  t.same(await first.tunnels(), [])
  t.equal(await first.close(), 0, 'the old process has exited')
  await all.more(5)
  const after = await second.tunnels()
  const told = (tunnels: typeof after) => tunnels.map(({ id, since, upstream, site, key, protocol, remoteAddress }) => [id, since, upstream, site, key, protocol, remoteAddress].join()).sort()
  t.same(told(after), told(before), 'they are the same in the new process')
  const third = await generation(t, { upstream: url })
  t.same(await second.handOver(third), { moved: 200, stayed: 0 })
  t.equal(await second.close(), 0)
  await all.more(5)
  await all.stop()
  isWell(t, all)
  const received = (await third.tunnels()).reduce((sum, { received }) => sum + received.messages, 0)
  t.equal(received, all.near.reduce((sum, { sent }) => sum + sent, 0), 'every message was counted once')
  t.same(first.refused.concat(second.refused, third.refused), [])
})
