// A real server with outbound rules, and a client that gives the response.

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import urlRewrite, { type UrlRewriteOptions } from '../src/index.ts'
import { portOf } from './serving.ts'
import type { Test } from 'tap'

/** The handler of the only route. */
export type Answering = (reply: FastifyReply, request: FastifyRequest) => unknown

/** A server with outbound rules and one route. */
export async function answering (t: Test, options: UrlRewriteOptions, answer: Answering): Promise<FastifyInstance> {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(urlRewrite, options)
  fastify.get('/*', async (request, reply) => answer(reply, request))
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return fastify
}

/** Sends a request, and gives the response with its bytes. */
export function get (fastify: FastifyInstance, { path = '/', method = 'GET', headers = {} }: { path?: string, method?: string, headers?: Record<string, string> } = {}): Promise<{ status: number, headers: IncomingHttpHeaders, body: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: portOf(fastify), path, method, agent: false, headers: { host: 'www.example.com', ...headers } }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end()
  })
}
