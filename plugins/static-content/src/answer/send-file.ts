// How does a file get to the client? By @fastify/send, with ranges and conditions, and compressed where the client accepts it.
import { send } from '@fastify/send'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Folder } from '../folders/folder.ts'
import { asUrl } from '../lookup/url-path.ts'

/** Sends a file. False where it is gone. */
export async function sendFile (request: FastifyRequest, reply: FastifyReply, folder: Folder, segments: readonly string[], type: string): Promise<boolean> {
  const { statusCode, headers, stream, metadata, ...sent } = await send(request.raw, asUrl(segments), {
    root: folder.root,
    index: false,
    dotfiles: 'allow', // those that are not served were refused before
    cacheControl: false,
    contentType: false
  })
  if (sent.type === 'error') {
    stream.destroy()
    // Between the look and the opening, or a folder of another user.
    if (statusCode === 404 || statusCode === 500) return false
    reply.headers(headers)
    reply.code(statusCode).removeHeader('content-length')
    reply.send()
    return true
  }
  reply.code(statusCode).headers(headers)
  if (statusCode !== 304) reply.header('content-type', type)
  reply.headers(folder.cacheHeaders)
  // A range is one of the file's own bytes.
  if (folder.compress && statusCode === 200 && request.method === 'GET') reply.compress(stream)
  else reply.send(stream)
  return true
}
