// What does the backend do? A list of observations: each is made directly and through the proxy, and both must be equal,
// whatever they are.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import { request as secureRequest } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ClientOptions, WebSocket } from 'ws'
import { converse, type Heard } from './conversation.ts'

/** The server that is observed. */
export interface Subject {
  readonly name: string
  readonly hostname: string
  readonly port: number
  readonly secure: boolean
}

export interface Behaviour {
  /** The fact. */
  readonly name: string
  /** Makes the observation; returns plain data that can be compared. */
  readonly observe: (subject: Subject) => Promise<unknown>
  /** What the observation must have at least, so that two failures do not pass as equal. */
  readonly seen: unknown
}

export const behaviours: readonly Behaviour[] = [
  { name: 'a GET of / is the page', observe: s => ask(s, {}), seen: { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } } },
  { name: 'a HEAD has the headers of the page and no body', observe: s => ask(s, { method: 'HEAD' }), seen: { status: 200, length: 0 } },
  { name: 'a query does not change the page', observe: s => ask(s, { path: '/?a=1&a=2&b' }), seen: { status: 200 } },
  { name: 'a part of the page can be asked for', observe: s => ask(s, { headers: { range: 'bytes=0-14' } }), seen: { status: 206, length: 15 } },
  { name: 'a part behind the end is refused', observe: s => ask(s, { headers: { range: 'bytes=99999999-' } }), seen: { status: 416 } },
  { name: 'a page that has not changed is not sent again', observe: unchanged, seen: { status: 304, length: 0 } },
  { name: 'what is not there is 404, with the words of the backend', observe: s => ask(s, { path: '/nothing/here?x=%2F' }), seen: { status: 404 } },
  { name: 'another method of the page is 404', observe: s => ask(s, { method: 'DELETE' }), seen: { status: 404 } },
  { name: 'a body to a path that is not there is 404, not a broken connection', observe: s => ask(s, { method: 'POST', path: '/in', headers: { 'content-type': 'text/plain' } }, randomBytes(200_000)), seen: { status: 404 } },
  { name: 'ten requests on one connection have ten answers', observe: pipelined, seen: { answers: 10 } },
  { name: 'an upgrade of / is a WebSocket that pings at once', observe: s => listen(s, {}, 1), seen: { status: 101, messages: ['text:ping 1'], code: 1000 } },
  { name: 'text comes back as text, binary as binary, byte for byte', observe: echoes, seen: { echoes: ['text:hello', 'binary:00ff', 'text:', 'text:ünïcödé'] } },
  { name: 'a large message comes back whole', observe: large, seen: { same: true } },
  { name: 'permessage-deflate is agreed on end to end', observe: s => listen(s, { perMessageDeflate: true }, 1), seen: { extensions: 'permessage-deflate' } },
  { name: 'a client without extensions gets none', observe: s => listen(s, { perMessageDeflate: false }, 1), seen: { extensions: '' } },
  { name: 'a sub-protocol that is offered is the one that is agreed on', observe: s => listen(s, { protocols: ['one', 'two'] }, 1), seen: { protocol: 'one' } },
  { name: 'a ping is answered by one pong with its payload', observe: pings, seen: { pongs: ['are you there?', 'and now?'] } },
  { name: 'a close has its code and its reason', observe: s => leave(s, 4001, 'enough'), seen: { code: 4001, reason: 'enough' } },
  { name: 'a close without a code stays one', observe: s => leave(s), seen: { code: 1005 } },
  { name: 'a message above the limit ends with 1009', observe: s => offend(s, socket => socket.send(Buffer.alloc(1024 * 1024 + 1))), seen: { code: 1009 } },
  { name: 'a frame that breaks the protocol ends with 1002', observe: s => offend(s, breakProtocol), seen: { code: 1002 } },
  { name: 'an upgrade of a path without an endpoint is refused as the backend refuses it', observe: s => converse(url(s, '/nothing')), seen: { status: 404 } },
  { name: 'an unknown version of the protocol is refused', observe: s => handshake(s, 'Sec-WebSocket-Version: 99'), seen: { status: 400 } },
  { name: 'a first frame glued to the handshake is heard', observe: glued, seen: { status: 101, echo: 'hi' } }
]

// Headers that differ from request to request, or from hop to hop, are left out of the comparison.
const PASSING = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'set-cookie'])

interface Answer {
  readonly status: number
  readonly reason: string
  readonly headers: Record<string, unknown>
  readonly length: number
  readonly body: string
}

function lasting (headers: IncomingHttpHeaders): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !PASSING.has(name)))
}

async function ask (subject: Subject, options: RequestOptions, body?: Buffer): Promise<Answer> {
  const { hostname: host, port, secure } = subject
  const outgoing = (secure ? secureRequest : request)({ host, port, agent: false, rejectUnauthorized: false, ...options } as RequestOptions)
  outgoing.end(body)
  const [response] = await once(outgoing, 'response')
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of response) {
    hash.update(chunk)
    length += chunk.length
  }
  return { status: response.statusCode, reason: response.statusMessage, headers: lasting(response.headers), length, body: hash.digest('hex') }
}

async function unchanged (subject: Subject): Promise<Answer> {
  const { headers } = await ask(subject, {})
  return await ask(subject, { headers: { 'if-none-match': String(headers.etag) } })
}

/** A raw connection, for bytes that no client library sends. */
async function open ({ hostname: host, port, secure }: Subject): Promise<Socket> {
  const socket = secure ? connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }) : connectTcp({ host, port })
  await once(socket, secure ? 'secureConnect' : 'connect')
  return socket
}

async function pipelined (subject: Subject): Promise<unknown> {
  const socket = await open(subject)
  const head = `HEAD / HTTP/1.1\r\nHost: ${subject.hostname}:${subject.port}\r\n`
  socket.write(`${head}\r\n`.repeat(9) + `${head}Connection: close\r\n\r\n`)
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return { answers: text.split('HTTP/1.1 200 OK\r\n').length - 1 }
}

function url ({ secure, hostname, port }: Subject, path = '/'): string {
  return `${secure ? 'wss' : 'ws'}://${hostname}:${port}${path}`
}

async function listen (subject: Subject, options: ClientOptions & { protocols?: string[] }, count: number): Promise<unknown> {
  const messages: string[] = []
  const heard = await converse(url(subject), options, async ({ next }) => {
    while (messages.length < count) messages.push(await next())
  })
  return { ...heard, messages }
}

async function leave (subject: Subject, code?: number, reason?: string): Promise<Heard> {
  return await converse(url(subject), {}, async ({ socket, next }) => {
    await next()
    socket.close(code, reason)
  })
}

async function offend (subject: Subject, offence: (socket: WebSocket) => void): Promise<Heard> {
  return await converse(url(subject), { perMessageDeflate: false }, async ({ socket, next, closed }) => {
    await next()
    offence(socket)
    await closed
  })
}

/** A reserved opcode (RFC 6455 §5.2), masked as a client's frame must be. */
function breakProtocol (socket: WebSocket): void {
  (socket as unknown as { _socket: Socket })._socket.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0]))
}

async function echoes (subject: Subject): Promise<unknown> {
  const heard: string[] = []
  await converse(url(subject), {}, async ({ socket, next }) => {
    await next()
    for (const message of ['hello', Buffer.from([0, 255]), '', 'ünïcödé']) {
      socket.send(message)
      heard.push(await next())
    }
  })
  return { echoes: heard }
}

async function large (subject: Subject): Promise<unknown> {
  const message = randomBytes(1_000_000)
  let same = false
  const heard = await converse(url(subject), {}, async ({ socket, next }) => {
    await next()
    socket.send(message)
    same = await next() === `binary:${message.toString('hex')}`
  })
  return { ...heard, same }
}

async function pings (subject: Subject): Promise<unknown> {
  const pongs: string[] = []
  await converse(url(subject), {}, async ({ socket, next }) => {
    await next()
    socket.on('pong', payload => pongs.push(String(payload)))
    for (const payload of ['are you there?', 'and now?']) {
      socket.ping(payload)
      await once(socket, 'pong')
    }
    // A second pong for a ping would arrive before the echo of the next message.
    socket.send('done')
    await next()
  })
  return { pongs }
}

const handshakeHead = ({ hostname, port }: Subject, version: string): string => [
  'GET / HTTP/1.1', `Host: ${hostname}:${port}`, 'Connection: Upgrade', 'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', version, '', ''
].join('\r\n')

async function handshake (subject: Subject, version: string): Promise<unknown> {
  const socket = await open(subject)
  socket.write(handshakeHead(subject, version))
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return { status: Number(text.slice(9, 12)), body: text.slice(text.indexOf('\r\n\r\n') + 4) }
}

async function glued (subject: Subject): Promise<unknown> {
  const socket = await open(subject)
  const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]) // "hi", masked with zeros
  socket.write(Buffer.concat([Buffer.from(handshakeHead(subject, 'Sec-WebSocket-Version: 13')), frame]))
  let text = ''
  for await (const chunk of socket) {
    text += chunk.toString('latin1')
    if (text.endsWith('\u0081\u0002hi')) break
  }
  socket.destroy()
  return { status: Number(text.slice(9, 12)), accept: /sec-websocket-accept: (\S+)/i.exec(text)?.[1], echo: text.slice(-2) }
}
