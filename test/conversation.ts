// A WebSocket client for tests: messages are kept until the test reads them, so that none is missed.
import { once } from 'node:events'
import { WebSocket, type ClientOptions } from 'ws'

export interface Conversation {
  readonly socket: WebSocket
  /** The next message; `text:…` or `binary:…` in hexadecimal. */
  readonly next: () => Promise<string>
  /** Resolves when the socket has closed, whichever side closed it. */
  readonly closed: Promise<void>
}

/** What the client received from the handshake to the end, a refusal included. */
export interface Heard {
  readonly status: number
  readonly body?: string
  readonly extensions?: string
  readonly protocol?: string
  readonly code?: number
  readonly reason?: string
}

/** Opens a WebSocket, runs `speak`, and closes it with 1000 where it is still open. */
export async function converse (url: string, options: ClientOptions & { protocols?: string[] } = {}, speak?: (conversation: Conversation) => Promise<void>): Promise<Heard> {
  const { protocols = [], ...own } = options
  const socket = new WebSocket(url, protocols, { rejectUnauthorized: false, ...own })
  const next = inbox(socket)
  const ended = once(socket, 'close') as Promise<[number, Buffer]>
  ended.catch(() => {})
  const refusal = await new Promise<import('node:http').IncomingMessage | null>((resolve, reject) => {
    socket.once('open', () => resolve(null))
    socket.once('unexpected-response', (_request, response) => resolve(response))
    socket.once('error', reject)
  })
  if (refusal !== null) {
    let body = ''
    for await (const chunk of refusal) body += String(chunk)
    return { status: refusal.statusCode ?? 0, body }
  }
  try {
    await speak?.({ socket, next, closed: ended.then(() => {}) })
    if (socket.readyState === WebSocket.OPEN) socket.close(1000)
    const [code, reason] = await ended
    return { status: 101, extensions: socket.extensions, protocol: socket.protocol, code, reason: String(reason) }
  } finally {
    socket.terminate()
  }
}

/** Messages of a socket, one by one and in order, from the first on. */
export function inbox (socket: WebSocket): () => Promise<string> {
  const waiting: string[] = []
  const takers: Array<{ resolve: (message: string) => void, reject: (error: Error) => void }> = []
  socket.on('message', (message: Buffer, isBinary: boolean) => {
    const text = isBinary ? `binary:${message.toString('hex')}` : `text:${message.toString()}`
    const take = takers.shift()
    if (take !== undefined) take.resolve(text); else waiting.push(text)
  })
  socket.on('close', code => {
    for (const { reject } of takers) reject(new Error(`closed with ${code} while a message was awaited`))
  })
  return async () => waiting.shift() ?? await new Promise((resolve, reject) => takers.push({ resolve, reject }))
}
