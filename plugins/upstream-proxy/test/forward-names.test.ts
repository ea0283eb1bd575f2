// Headers may have any name, and somebody may invent a new one every time: what is kept in mind of them?
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { ask, proxy, rawUpstream } from './forward-subjects.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heap (): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

const COUNT = 700
const LONG = 15_000

for (const [who, client, upstream] of [
  ['a client', (i: number) => `x-${i}-${'n'.repeat(LONG)}`, () => 'x-same'],
  ['an upstream', () => 'x-same', (i: number) => `x-${i}-${'n'.repeat(LONG)}`],
  ['an upstream, each in a large head', () => 'x-same', (i: number) => `x-a-name-like-any-other-${i}`]
] as const) {
  t.test(`names that ${who} invents take no memory for good`, async t => {
    let count = 0
    const backend = await rawUpstream(t, socket => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${upstream(count++)}: 1\r\nX-Large: ${'y'.repeat(2 * LONG)}\r\n\r\n`)
    })
    const subject = await proxy(t, { upstream: backend.url, rewriteResponse: () => ({ headers: [] }) })
    const rounds = async (): Promise<void> => {
      for (let i = 0; i < COUNT; i++) await ask(subject.port, { headers: { [client(count)]: '1' } })
      subject.requests.length = 0
    }
    await ask(subject.port)
    const before = heap()
    await rounds()
    // Connections that have just closed are let go of in their own time; what is kept in mind stays.
    let more = Infinity
    for (let i = 0; i < 20 && more >= COUNT * LONG / 3; i++) {
      await new Promise(resolve => setTimeout(resolve, 10))
      more = heap() - before - backend.received().length
    }
    t.ok(more < COUNT * LONG / 3, `${more} bytes more`)
  })
}
