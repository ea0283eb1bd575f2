// How is a request served whose `Upgrade` names another protocol? As if the header were not there (RFC 9110 §7.8).
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Gives the connection a new HTTP parser. Node has detached its own at the `Upgrade`, so the head is written anew
 * without that header and put back before the bytes that followed: body and later requests are parsed as usual.
 */
export function serveAsPlainHttp (fallback: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const text = headWithoutUpgrade(request)
  socket.unshift(Buffer.concat([Buffer.from(text, 'latin1'), head]))
  const server = (socket as Socket & { server?: Server }).server ?? fallback
  const event = 'encrypted' in socket ? 'secureConnection' : 'connection'
  // Only Node's own listener: for a user's listener this is not a new connection.
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
