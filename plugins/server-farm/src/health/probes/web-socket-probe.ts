// Does a server open a WebSocket, and is somebody behind it? A handshake, a ping where it is wanted, and a goodbye (RFC 6455).
import { createHash, randomBytes } from 'node:crypto'
import { Asking, type Probe } from './asking.ts'
import { PongReader } from './pong-reader.ts'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ProbeSettings } from '../health-settings.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const CLOSE = 0x8
const PING = 0x9
const OTHER_PROTOCOL = 'its 101 is to another protocol'
const NORMAL = Buffer.from([1000 >> 8, 1000 & 0xff])

/** A handshake with a key of its own, without extensions, sub-protocols and Origin. */
export function webSocketProbe ({ timeout, webSocket }: ProbeSettings): Probe {
  return (target, done) => {
    const key = randomBytes(16).toString('base64')
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': key, 'Sec-WebSocket-Version': '13' }
    const asking: Asking = new Asking(target, headers, timeout, {
      answer ({ statusCode }) {
        // Where a 101 has no Upgrade header, Node takes it for an answer like any other.
        asking.settle(statusCode === 101 ? OTHER_PROTOCOL : `status ${statusCode} is not 101`)
      },
      upgrade (answer, socket, head) {
        const wrong = mistakeIn(answer, key)
        if (wrong !== null) asking.settle(wrong)
        else if (webSocket === 'ping') ping(socket, head, asking)
        else leave(socket, asking)
      }
    }, done)
    return () => { asking.cancel() }
  }
}

/** What a client has to fail the handshake for (RFC 6455 §4.1); null where it is right. */
function mistakeIn ({ headers }: IncomingMessage, key: string): string | null {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return OTHER_PROTOCOL
  if (headers['sec-websocket-accept'] !== createHash('sha1').update(key + GUID).digest('base64')) return 'its Sec-WebSocket-Accept is wrong'
  if (headers['sec-websocket-extensions'] !== undefined) return 'it uses an extension that was not offered'
  if (headers['sec-websocket-protocol'] !== undefined) return 'it uses a sub-protocol that was not offered'
  return null
}

function ping (socket: Socket, head: Buffer, asking: Asking): void {
  const payload = randomBytes(4)
  const reader = new PongReader(payload)
  const read = (chunk: Buffer): void => {
    const found = reader.read(chunk)
    if (found === null) return
    socket.off('data', read)
    if (found === 'pong') leave(socket, asking)
    else asking.settle(found)
  }
  asking.awaits('pong')
  socket.write(frame(PING, payload))
  socket.on('data', read)
  if (head.length > 0) read(head)
}

/** Close 1000. The server ends the connection (RFC 6455 §7.1.1), and what it says until then is not read. */
function leave (socket: Socket, asking: Asking): void {
  asking.settle(null, ended => {
    socket.on('end', ended)
    socket.on('close', ended)
    socket.resume()
    socket.write(frame(CLOSE, NORMAL))
  })
}

/** A masked control frame. */
function frame (opcode: number, payload: Buffer): Buffer {
  const mask = randomBytes(4)
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, payload.map((byte, index) => byte ^ (mask[index % 4] as number))])
}
