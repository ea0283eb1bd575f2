// How does a file get to the client? By @fastify/send, with ranges and conditions, and compressed where the client accepts it.
import { once } from 'node:events'
import { ReadStream } from 'node:fs'
import { send } from '@fastify/send'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Folder } from '../folders/folder.ts'
import { asUrl } from '../lookup/url-path.ts'

/** Where a file is, and what it is. */
export interface Sent {
  readonly folder: Folder
  readonly root: string
  readonly segments: readonly string[]
  readonly type: string
}

/** Sends a file. False where it is gone, or can't be opened. */
export async function sendFile (request: FastifyRequest, reply: FastifyReply, { folder, root, segments, type }: Sent): Promise<boolean> {
  const { statusCode, headers, stream, ...sent } = await send(request.raw, asUrl(segments), {
    root,
    index: false,
    dotfiles: 'allow', // those that are not served were refused before
    cacheControl: false,
    contentType: false,
    // The ETags are weak, and a weak one does not say that the bytes are the same (RFC 9110 §13.1.5).
    acceptRanges: !String(request.headers['if-range']).startsWith('W/')
  })
  // Waited for, so that an error of the file system is not the answer.
  if (stream instanceof ReadStream && stream.pending && !await isOpened(stream)) return false
  // No event tells of a client that has left meanwhile, and of an HTTP/2 stream Fastify leaves the file open.
  if (hasLeft(request, reply)) {
    stream.destroy()
    reply.send()
    return true
  }
  reply.raw.once('close', () => { stream.destroy() })
  if (sent.type === 'error') {
    stream.destroy()
    if (statusCode === 404 || statusCode === 500) return false
    reply.code(statusCode).headers(headers).removeHeader('content-length').send()
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

async function isOpened (stream: ReadStream): Promise<boolean> {
  try {
    await once(stream, 'open')
    return true
  } catch {
    return false
  }
}

function hasLeft (request: FastifyRequest, reply: FastifyReply): boolean {
  return reply.raw.destroyed || request.raw.destroyed || (reply.raw as { readonly stream?: { readonly destroyed?: boolean } }).stream?.destroyed === true
}
