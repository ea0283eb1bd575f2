// How are a reply's headers read and replaced as a list?

import type { FastifyReply } from 'fastify'
import type { HeaderList } from './headers.ts'

/** A reply's headers as a list. */
export const headersOf = (reply: FastifyReply): HeaderList =>
  Object.entries(reply.getHeaders()).flatMap(([name, value]) => [value].flat().map(one => [name, String(one ?? '')] as [string, string]))

/** Makes a reply's headers those of the list. */
export function setHeaders (reply: FastifyReply, headers: HeaderList): void {
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
  for (const [name, value] of headers) {
    const before = reply.getHeader(name)
    // Fastify itself joins several Set-Cookie to a list; the rest of a name that comes twice is given as one.
    reply.header(name, before === undefined || name.toLowerCase() === 'set-cookie' ? value : [before, value].flat().map(String))
  }
}
