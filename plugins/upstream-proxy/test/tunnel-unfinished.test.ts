// An upstream answers a handshake with what can never become a head: who waits for the rest of it?
import t from 'tap'
import { clock, LIMIT } from './clock.ts'
import { mayBecomeHead } from '../src/forward/answer/unfinished-head.ts'
import { ask, eventually, handshake, proxy, SWITCH, tcpUpstream } from './parts.ts'
import { ask as askHttp2, AT_ONCE, http2Proxy, session } from './tunnel-subjects.ts'
import { answering, ask as askPage, proxy as pageProxy } from './forward-subjects.ts'
import { once } from 'node:events'

const BARE = SWITCH.replaceAll('\r\n', '\n')
const FOREVER: Record<string, string> = {
  'a 101 with bare LF': BARE,
  'a bare LF in one line': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\nConnection: Upgrade\r\n',
  'an empty line of LF': SWITCH.slice(0, -2) + '\n',
  'a bare CR': 'HTTP/1.1 101 Switching Protocols\rUpgrade',
  'no HTTP': 'SSH-2.0-OpenSSH_9.2\r\n',
  'no HTTP, unfinished': '\x16\x03',
  'HTTP/2': 'HTTP/2 101 Switching Protocols\r\n',
  'no status': 'HTTP/1.1 1x1 Switching\r\n',
  'a status of four digits': 'HTTP/1.1 1010 Switching\r\n',
  'a header without a colon': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade websocket\r\n',
  'a folded header': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n more\r\n',
  'a NUL': 'HTTP/1.1 101 Switching\0',
  'a bare LF behind an interim answer': 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\n'
}

for (const [what, bytes] of Object.entries(FOREVER)) {
  t.test(`${what} is a bad answer at once, and nobody waits for the time limit`, async t => {
    clock(t) // which nobody moves on
    const upstream = await tcpUpstream(t, socket => {
      socket.on('end', () => socket.end())
      socket.once('data', () => socket.write(bytes, 'latin1'))
    })
    const subject = await proxy(t, { upstream: upstream.url, timeouts: { handshake: LIMIT } })
    t.match(await ask(t, subject.port, handshake()), /^HTTP\/1\.1 502 [^]*"code":"FST_ARR_UPSTREAM_BAD_ANSWER"/)
    await eventually(() => subject.closed.length === 1, 'reply.raw closes')
    t.match(subject.closed[0], { tunnel: null, error: { code: 'FST_ARR_UPSTREAM_BAD_ANSWER', moment: 'headers', side: 'upstream', statusCode: 502 } })

    const h2 = await http2Proxy(t, { upstream: upstream.url, timeouts: { handshake: LIMIT }, websocket: AT_ONCE })
    const [headers] = await once(askHttp2(await session(t, h2.port)), 'response')
    t.equal(headers[':status'], 502)

    if (what.includes('interim')) return
    const page = await answering(t, Buffer.from(bytes, 'latin1'))
    const pages = await pageProxy(t, { upstream: page.url, timeouts: { firstByte: LIMIT } })
    t.match(await askPage(pages.port), { status: 502 }, 'as for a page')
  })
}

t.test('a head that comes byte by byte is valid all the way, and opens the tunnel', async t => {
  const head = SWITCH.slice(0, -2)
  for (let length = 0; length <= head.length; length++) t.ok(mayBecomeHead(head.slice(0, length)))
  const { url } = await tcpUpstream(t, socket => {
    socket.setNoDelay(true)
    socket.once('data', async () => {
      for (const byte of `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${SWITCH}`) {
        socket.write(byte)
        await new Promise(resolve => setImmediate(resolve))
      }
      socket.end('\x88\x00', 'latin1')
    })
  })
  const { port } = await proxy(t, { upstream: url, websocket: AT_ONCE })
  t.match(await ask(t, port, handshake()), /^HTTP\/1\.1 101 /)
})
