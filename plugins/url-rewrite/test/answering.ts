// A real server whose answers pass the outbound rules, and a client that shows what came.

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import urlRewrite, { type UrlRewriteOptions } from '../src/index.ts'
import { portOf } from './serving.ts'
import type { Test } from 'tap'

/** What the one route does. */
export type Answering = (reply: FastifyReply, request: FastifyRequest) => unknown

/** A server whose one route answers as it is told. */
export async function answering (t: Test, options: UrlRewriteOptions, answer: Answering): Promise<FastifyInstance> {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(urlRewrite, options)
  fastify.get('/*', async (request, reply) => answer(reply, request))
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return fastify
}

/** Asks it, and gives the answer's bytes. */
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
