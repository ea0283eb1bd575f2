// A server with error pages and a folder of pages: what the tests of this package begin with.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as ask } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { errorPages, type ErrorPagesOptions } from '../src/index.ts'

/** Writes files into a new folder, and removes it after the test. */
export async function folderOf (t: Test, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'error-pages-'))
  t.teardown(() => rm(root, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return root
}

/** A server with the plugin, and routes that fail: `/broken` throws, `/teapot` throws a 418, `/own` answers 404 itself. */
export async function serverOf (t: Test, options: ErrorPagesOptions, more: (fastify: FastifyInstance) => unknown = () => {}, http2 = false): Promise<FastifyInstance> {
  const fastify = (http2 ? Fastify({ http2: true }) : Fastify()) as unknown as FastifyInstance
  t.teardown(() => fastify.close())
  await fastify.register(errorPages, options)
  fastify.get('/', async () => 'well')
  fastify.get('/broken', async () => { throw new Error('the secret of the server') })
  fastify.get('/teapot', async () => { throw Object.assign(new Error('short and stout'), { statusCode: 418 }) })
  fastify.get('/own', async (_request, reply) => reply.code(404).send({ statusCode: 404, error: 'Not Found', message: 'no such thing' }))
  fastify.get('/own-text', async (_request, reply) => reply.code(404).send('no such text'))
  fastify.get('/blank', async (_request, reply) => reply.code(404).send())
  await more(fastify)
  return fastify
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** Asks a server over HTTP/1.1. */
export async function get (fastify: FastifyInstance, path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  const port = await portOf(fastify)
  return await new Promise((resolve, reject) => {
    ask({ host: '127.0.0.1', port, path, method, headers, agent: false }, response => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => { resolve({ status: response.statusCode as number, headers: response.headers, body: String(Buffer.concat(parts)) }) })
      response.on('error', reject)
    }).on('error', reject).end()
  })
}

/** Asks a server over HTTP/2, without TLS. */
export async function get2 (fastify: FastifyInstance, path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  const session = connect(`http://127.0.0.1:${await portOf(fastify)}`)
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject)
      const stream = session.request({ ':path': path, ':method': method, ...headers })
      const parts: Buffer[] = []
      let head: Record<string, string> = {}
      stream.on('response', given => { head = given as Record<string, string> })
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => { resolve({ status: Number(head[':status']), headers: head, body: String(Buffer.concat(parts)) }) })
      stream.on('error', reject)
      stream.end()
    })
  } finally {
    session.close()
  }
}

async function portOf (fastify: FastifyInstance): Promise<number> {
  if (!fastify.server.listening) await fastify.listen({ port: 0, host: '127.0.0.1' })
  return (fastify.server.address() as AddressInfo).port
}
