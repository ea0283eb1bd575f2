// Does a client ask from the server itself? For `DetailedLocalOnly`.
import type { FastifyRequest } from 'fastify'

/** Whether the address is a loopback one, or the one that the client has connected to. Behind a proxy that is trusted, the client's own counts. */
export function isLocal ({ ip, socket }: FastifyRequest): boolean {
  const address = bare(ip)
  return address === '::1' || address.startsWith('127.') || address === bare(socket.localAddress)
}

/** Without the prefix of IPv4 in IPv6. */
function bare (address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/i, '')
}
