// A real server whose only route answers with the facts of the request, and a client that sends a target unchanged.

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import Fastify, { type FastifyInstance } from 'fastify'
import urlRewrite, { type Rewrite, type UrlRewriteOptions } from '../src/index.ts'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export interface Answer {
  readonly status: number
  readonly reason: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Asking {
  readonly method?: string
  readonly host?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** A server that counts as having a proxy, so that rules may rewrite to absolute URLs; it answers with the facts of the request. */
export async function serve (t: Test, options: UrlRewriteOptions, before?: (fastify: FastifyInstance) => void): Promise<FastifyInstance> {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  fastify.decorateRequest('upstream', null)
  before?.(fastify)
  await fastify.register(urlRewrite, options)
  fastify.all('*', async request => ({ rewrite: request.rewrite, rawUrl: request.raw.url }))
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return fastify
}

export const portOf = (fastify: FastifyInstance): number => (fastify.server.address() as AddressInfo).port

/** Sends a target exactly as written. */
export function ask (fastify: FastifyInstance, path: string, { method = 'GET', host = 'localhost', headers = {}, body }: Asking = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: portOf(fastify), path, method, agent: false, headers: { host, ...headers } }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => { text += chunk })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, reason: response.statusMessage ?? '', headers: response.headers, body: text }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** The fact `request.rewrite` of a request. */
export async function rewriteOf (fastify: FastifyInstance, path: string, asking?: Asking): Promise<Rewrite | null> {
  const { body } = await ask(fastify, path, asking)
  return (JSON.parse(body) as { rewrite: Rewrite | null }).rewrite
}

/** The URL alone. */
export const urlOf = async (fastify: FastifyInstance, path: string, asking?: Asking): Promise<string | undefined> =>
  (await rewriteOf(fastify, path, asking))?.url
