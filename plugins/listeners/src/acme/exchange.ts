// How does a request reach the CA? By https, with a time limit and a limit on what is read.

import { Agent, request } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'

/** An answer of the CA. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export type Exchange = (method: 'GET' | 'HEAD' | 'POST', url: string, body?: string) => Promise<Answer>

/** The longest silence of the CA, ms. */
const TIMEOUT = 30_000
/** The longest exchange, ms. */
const LONGEST = 60_000
/** A chain of certificates has a few KiB. */
const MOST_BYTES = 1 << 18

/** @param ca authorities of the directory's own TLS certificate; null for those that Node knows. */
export function openExchange (ca: string | Buffer | null | undefined, signal: AbortSignal): { readonly exchange: Exchange, close (): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 2, ...(ca != null && { ca }) })
  return {
    close: () => { agent.destroy() },
    exchange: (method, url, body) => new Promise((resolve, reject) => {
      // RFC 8555 §6.1: also for the URLs that the directory names.
      if (!URL.canParse(url) || new URL(url).protocol !== 'https:') throw new Error('the CA named a URL that is not https')
      const outgoing = request(url, {
        method,
        agent,
        signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST)]),
        timeout: TIMEOUT,
        headers: { 'user-agent': 'fastify-arr-listeners', ...(body !== undefined && { 'content-type': 'application/jose+json', 'content-length': Buffer.byteLength(body) }) }
      }, response => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > MOST_BYTES) response.destroy(new Error('the answer of the CA is too large'))
          else chunks.push(chunk)
        })
        response.once('error', reject)
        response.once('end', () => { resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }) })
      })
      outgoing.once('timeout', () => { outgoing.destroy(new Error('the CA does not answer')) })
      outgoing.once('error', reject)
      outgoing.end(body)
    })
  }
}
