// Which headers does Fastify's reply have? Those of the answer: its hooks read and change them there.
import type { FastifyReply } from 'fastify'
import { HOP_BY_HOP } from '../../headers/hop-by-hop.ts'
import { isHeader, type RawHeaders } from '../../headers/raw-headers.ts'
import { http2Headers } from '../answer/answer-headers.ts'

/** The headers that hooks have set on a reply. */
export type OwnHeaders = Partial<ReturnType<FastifyReply['getHeaders']>>

/** Puts the headers of an answer in place of all that the reply has, with lower-case names. Those of the connection, and Trailer, are left out. */
export function setHeaders (reply: FastifyReply, headers: RawHeaders): void {
  clear(reply)
  // The same grouping as for HTTP/2: Fastify, too, takes one Content-Type and the like.
  const all = http2Headers(headers)
  for (const name in all) {
    // Fastify keeps headers in an object with a prototype.
    if (name !== 'trailer' && name !== '__proto__') reply.header(name, all[name])
  }
}

/** Gives the reply the headers that it had before the answer. */
export function putBack (reply: FastifyReply, own: OwnHeaders): void {
  clear(reply)
  for (const [name, value] of Object.entries(own)) reply.header(name, value)
}

function clear (reply: FastifyReply): void {
  for (const name in reply.getHeaders()) reply.removeHeader(name)
}

/** Drops headers that cannot be sent, over HTTP/2 also those of the connection. Fastify leaves their refusal to Node, and no caller of this plugin would catch Node's exception. */
export function dropUnsendable (reply: FastifyReply): void {
  const own = reply.getHeaders()
  for (const name in own) {
    if (('stream' in reply.raw && HOP_BY_HOP.has(name)) || ![own[name]].flat().every(value => isHeader(name, String(value)))) reply.removeHeader(name)
  }
}
