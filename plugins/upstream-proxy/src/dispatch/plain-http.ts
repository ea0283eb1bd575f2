// How is a request with an `Upgrade` that we do not speak served? As if the header had not been there (RFC 9110 §7.8).
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Gives the connection a new HTTP parser. Node has detached its own at the `Upgrade`, so the head is written anew
 * without it and put back in front of the bytes that followed: body and later requests are parsed as ever.
 */
export function serveAsPlainHttp (fallback: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const text = headWithoutUpgrade(request)
  socket.unshift(Buffer.concat([Buffer.from(text, 'latin1'), head]))
  const server = (socket as Socket & { server?: Server }).server ?? fallback
  const event = 'encrypted' in socket ? 'secureConnection' : 'connection'
  // Only Node's own listener: to a user's listener this is no new connection.
  const own = server.listeners(event).find(listener => listener.name === 'connectionListener')
  if (own === undefined) server.emit(event, socket)
  else own.call(server, socket)
}

function headWithoutUpgrade (request: IncomingMessage): string {
  let text = `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n`
  const raw = request.rawHeaders
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    if (name === 'upgrade') continue
    const value = name === 'connection' ? withoutUpgrade(raw[i + 1] as string) : raw[i + 1] as string
    if (name !== 'connection' || value !== '') text += `${raw[i]}: ${value}\r\n`
  }
  return `${text}\r\n`
}

function withoutUpgrade (connection: string): string {
  return connection.split(',').map(token => token.trim()).filter(token => token.toLowerCase() !== 'upgrade').join(', ')
}
