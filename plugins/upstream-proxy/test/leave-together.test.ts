// Writes of one turn of the event loop are made together at its end.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { type Late, leaveTogether } from '../src/sockets/leave-together.ts'
import { ask, proxy, rawUpstream } from './forward-subjects.ts'
import { client, eventually, listen, until } from './parts.ts'

function late (left: number[], number: number): Late {
  return { leave: () => { left.push(number) } }
}

const tick = () => new Promise(process.nextTick)

t.test('the first leave when their event is over, the others at the end of the turn, in order', async t => {
  const left: number[] = []
  for (let round = 0; round < 2; round++) {
    left.length = 0
    await turn()
    leaveTogether(late(left, 0))
    leaveTogether(late(left, 1))
    t.strictSame(left, [], 'not at once')
    await tick()
    t.strictSame(left, [0, 1])
    leaveTogether(late(left, 2))
    leaveTogether(late(left, 3))
    await tick()
    t.strictSame(left, [0, 1], 'not before the end')
    await turn()
    t.strictSame(left, [0, 1, 2, 3])
  }
})

t.test('no more than 64 wait for one another', async t => {
  await turn()
  const left: number[] = []
  for (let i = 0; i < 64; i++) leaveTogether(late(left, i))
  t.equal(left.length, 0)
  leaveTogether(late(left, 64))
  t.equal(left.length, 64)
  await turn()
  t.strictSame(left, Array.from({ length: 65 }, (_, i) => i))
})

t.test('a stream that is scheduled again while it is flushed is flushed again', async t => {
  const left: number[] = []
  leaveTogether({
    leave: () => {
      leaveTogether(late(left, 2))
      leaveTogether(late(left, 3))
    }
  })
  leaveTogether(late(left, 1))
  await turn()
  await turn()
  t.strictSame(left, [1, 2, 3])
})

t.test('a stream that is scheduled while a full batch is flushed is flushed too, and so are those after it', async t => {
  for (const at of [0, 31, 63]) {
    await turn()
    const left: number[] = []
    for (let i = 0; i < 64; i++) {
      leaveTogether({
        leave: () => {
          left.push(i)
          if (i === at) leaveTogether(late(left, 100))
          // More than a list holds.
          if (i === at && at === 31) for (let more = 101; more < 200; more++) leaveTogether(late(left, more))
        }
      })
    }
    await turn()
    await turn()
    const meanwhile = at === 31 ? Array.from({ length: 100 }, (_, i) => 100 + i) : [100]
    t.strictSame(left, [...Array.from({ length: 64 }, (_, i) => i), ...meanwhile])
    leaveTogether(late(left, 300))
    await turn()
    t.equal(left.at(-1), 300)
    t.equal(left.length, 65 + meanwhile.length)
  }
})

t.test('a stream that is scheduled while the 65th has a full batch flushed is flushed too', async t => {
  await turn()
  const left: number[] = []
  for (let i = 0; i < 64; i++) {
    leaveTogether({
      leave: () => {
        left.push(i)
        if (i === 5) leaveTogether(late(left, 65))
      }
    })
  }
  leaveTogether(late(left, 64))
  await turn()
  t.strictSame(left, [...Array.from({ length: 64 }, (_, i) => i), 65, 64])
})

t.test('a hundred requests of one moment are answered, each with its own', async t => {
  const backend = await rawUpstream(t, (socket, head) => {
    const path = head.split(' ')[1] as string
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`)
  })
  const { port } = await proxy(t, { upstream: backend.url })
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => ask(port, { path: `/${round}/${i}` })))
    for (const [i, answer] of answers.entries()) t.match(answer, { status: 200, body: `/${round}/${i}`, complete: true })
  }
})

t.test('a chunked answer that came in one piece is sent in one write', async t => {
  const backend = await rawUpstream(t, socket => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n3\r\nand\r\n0\r\n\r\n')
  })
  const { port, app } = await proxy(t, { upstream: backend.url })
  let writes = 0
  app.server.on('connection', (socket: Socket) => {
    for (const name of ['_write', '_writev'] as const) {
      const own = socket[name] as (...args: unknown[]) => void
      socket[name] = (...args: unknown[]) => {
        writes++
        own.apply(socket, args)
      }
    }
  })
  t.match(await ask(port), { status: 200, body: 'partand', complete: true })
  t.equal(writes, 1)
})

t.test('bytes that arrive before a request was written are not its answer', async t => {
  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  // All in one moment, so that the proxy reads it in one turn: a request that leaves, one that is to leave at the turn's end,
  // and what their two kept connections say. The system may tell of it in two turns: then it is tried again.
  for (let times = 0; times < 50; times++) {
    const waiting: Socket[] = []
    const backend = await rawUpstream(t, socket => { waiting.push(socket) })
    const { port } = await proxy(t, { upstream: backend.url })
    const clients = [client(t, port), client(t, port)] as const
    const askAll = () => { for (const one of clients) one.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n') }
    askAll()
    await eventually(() => waiting.length === 2, 'both are asked')
    for (const socket of waiting) socket.write(OK)
    await Promise.all(clients.map(one => until(one, text => text.endsWith('ok'))))
    askAll()
    for (const socket of backend.sockets) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned')
    const answer = until(clients[1], text => /\r\n\r\n[^]{2}/.test(text)).catch(() => '')
    // Whoever is asked from now on answers.
    const answering = setInterval(() => { for (const socket of waiting.splice(2)) if (socket.writable) socket.write(OK) }, 5)
    const text = await answer.finally(() => clearInterval(answering))
    if (!text.endsWith('ok') || backend.sockets.length !== 3) continue
    t.pass('it was asked on another connection')
    return
  }
  t.fail('what came was taken for the answer')
})

t.test('what a corked socket holds is sent when it is ended', async t => {
  // Tunnels and cut answers rely on this behaviour of Node.
  const server = createServer()
  const port = await listen(t, server)
  const near = connect(port, '127.0.0.1')
  const [far] = await once(server, 'connection') as [Socket]
  near.cork()
  near.write('held')
  near.end()
  const [bytes] = await once(far, 'data') as [Buffer]
  t.equal(bytes.toString(), 'held')
  far.destroy()
})
