// How are a reply's headers read and replaced as a list?

import type { FastifyReply } from 'fastify'
import type { HeaderList } from './headers.ts'

/** A reply's headers as a list. */
export const headersOf = (reply: FastifyReply): HeaderList =>
  Object.entries(reply.getHeaders()).flatMap(([name, value]) => [value].flat().map(one => [name, String(one ?? '')] as [string, string]))

/** Replaces a reply's headers by those of the list. */
export function setHeaders (reply: FastifyReply, headers: HeaderList): void {
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
  for (const [name, value] of headers) {
    const before = reply.getHeader(name)
    // Fastify itself collects several Set-Cookie values; for other names the values are set as one list.
    reply.header(name, before === undefined || name.toLowerCase() === 'set-cookie' ? value : [before, value].flat().map(String))
  }
}
