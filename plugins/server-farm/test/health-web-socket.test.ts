// Probes by WebSocket: a handshake that a browser would take, a pong, and an orderly end.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocketServer, type WebSocket } from 'ws'
import { firstProbe, httpServer, listening, tcpServer } from './health-parts.ts'

const url = '/socket'

/** A server that answers a handshake by hand; `after` speaks once it has. */
async function byHand (t: Test, head: (accept: string) => string, after = (_socket: Socket): void => {}): Promise<number> {
  return await tcpServer(t, socket => {
    socket.once('data', data => {
      const key = /sec-websocket-key: (.*)\r/i.exec(data.toString())?.[1] ?? ''
      socket.write(head(createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')))
      after(socket)
    })
  })
}

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
const right = (accept: string): string => `${SWITCHING}Sec-WebSocket-Accept: ${accept}\r\n\r\n`

async function wsServer (t: Test, connected: (webSocket: WebSocket) => void): Promise<number> {
  const wss = new WebSocketServer({ noServer: true })
  return await listening(t, createServer().on('upgrade', (request, socket, head) => {
    wss.handleUpgrade(request, socket, head, connected)
  }))
}

for (const webSocket of [true, 'ping'] as const) {
  t.test(`${webSocket}: a server that opens a WebSocket is well, and sees it end with Close 1000`, async t => {
    const closed: Array<Promise<unknown[]>> = []
    const pings: string[] = []
    const port = await wsServer(t, one => {
      one.on('ping', data => pings.push(data.toString('hex')))
      closed.push(once(one, 'close'))
    })
    t.match(await firstProbe(t, { url, webSocket }, { port }), { succeeded: true, status: 101, why: null })
    t.equal((await closed[0])?.[0], 1000)
    t.equal(pings.length, webSocket === true ? 0 : 1)
  })
}

t.test('a pong is found behind a greeting of 1 MB and pings of the server', async t => {
  const port = await wsServer(t, one => {
    one.send('x'.repeat(1_000_000))
    one.send('hello')
    one.send('x'.repeat(300))
    one.ping('are you there')
  })
  t.match(await firstProbe(t, { url, webSocket: 'ping' }, { port }), { succeeded: true, status: 101 })
})

t.test('a pong is found that comes byte by byte, and the one of another ping is not taken for it', async t => {
  const port = await byHand(t, right, socket => {
    socket.write(Buffer.from([0x8a, 4, 0, 0, 0, 0]))
    socket.once('data', frame => {
      const mask = frame.subarray(2, 6)
      const payload = frame.subarray(6, 10).map((byte, index) => byte ^ (mask[index % 4] as number))
      const bytes = [0x8a, 4, ...payload]
      const next = (): void => {
        const byte = bytes.shift()
        if (byte === undefined) return
        socket.write(Buffer.from([byte]), () => setImmediate(next))
      }
      next()
    })
  })
  t.match(await firstProbe(t, { url, webSocket: 'ping' }, { port }), { succeeded: true, status: 101 })
})

t.test('the goodbye of a server that does not answer it is waited for, but not for long', async t => {
  const port = await byHand(t, right)
  const probe = await firstProbe(t, { url, webSocket: true, timeout: 300 }, { port })
  t.match(probe, { succeeded: true, status: 101 })
})

t.test('any status but 101 has failed', async t => {
  const port = await httpServer(t, (_request, response) => { response.end('a page') })
  t.match(await firstProbe(t, { url, webSocket: true }, { port }), { succeeded: false, status: 200, why: 'status 200 is not 101' })
})

for (const [what, head, why] of [
  ['with a wrong Sec-WebSocket-Accept', () => right('AAAAAAAAAAAAAAAAAAAAAAAAAAA='), 'its Sec-WebSocket-Accept is wrong'],
  ['without a Sec-WebSocket-Accept', () => `${SWITCHING}\r\n`, 'its Sec-WebSocket-Accept is wrong'],
  ['with two of them', (accept: string) => `${SWITCHING}Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`, 'its Sec-WebSocket-Accept is wrong'],
  ['to another protocol', () => 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', 'its 101 is to another protocol'],
  ['to none', () => 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'its 101 is to another protocol'],
  ['with an extension', (accept: string) => right(accept).replace('\r\n\r\n', '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n'), 'it uses an extension that was not offered'],
  ['with a sub-protocol', (accept: string) => right(accept).replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: chat\r\n\r\n'), 'it uses a sub-protocol that was not offered']
] as const) {
  t.test(`a 101 ${what} has failed`, async t => {
    t.match(await firstProbe(t, { url, webSocket: true }, { port: await byHand(t, head) }), { succeeded: false, status: 101, why })
  })
}

for (const [what, after, why] of [
  ['says nothing', () => {}, 'no pong within 300 ms'],
  ['sends the pong of another ping', (socket: Socket) => { socket.write(Buffer.from([0x8a, 4, 0, 0, 0, 0])) }, 'no pong within 300 ms'],
  ['sends a message without an end', (socket: Socket) => {
    socket.write(Buffer.from([0x82, 127, 0, 0, 255, 255, 255, 255, 255, 255]))
    socket.write(Buffer.alloc(1_000_000))
  }, 'no pong within 300 ms'],
  ['closes', (socket: Socket) => { socket.write(Buffer.from([0x88, 2, 1011 >> 8, 1011 & 255])) }, 'no pong: Close 1011'],
  ['closes without a code', (socket: Socket) => { socket.write(Buffer.from([0x88, 0])) }, 'no pong: Close without a code'],
  ['masks its frames', (socket: Socket) => { socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 65])) }, 'no pong: its frames are not valid'],
  ['sends a pong that is too long', (socket: Socket) => { socket.write(Buffer.from([0x8a, 126, 1, 0])) }, 'no pong: its frames are not valid'],
  ['sends a pong in pieces', (socket: Socket) => { socket.write(Buffer.from([0x0a, 0])) }, 'no pong: its frames are not valid'],
  ['uses a bit that is reserved', (socket: Socket) => { socket.write(Buffer.from([0xc1, 0])) }, 'no pong: its frames are not valid'],
  ['speaks HTTP still', (socket: Socket) => { socket.write('HTTP/1.1 200 OK\r\n\r\n') }, 'no pong: its frames are not valid'],
  ['ends the connection', (socket: Socket) => { socket.once('data', () => socket.end()) }, 'no pong: the connection was closed'],
  ['resets the connection', (socket: Socket) => { socket.once('data', () => socket.resetAndDestroy()) }, 'no pong: read ECONNRESET']
] as const) {
  t.test(`a server that opens a WebSocket and then ${what} has failed where a pong is wanted`, async t => {
    const port = await byHand(t, right, after)
    t.match(await firstProbe(t, { url, webSocket: 'ping', timeout: 300 }, { port }), { succeeded: false, status: 101, why })
  })
}
