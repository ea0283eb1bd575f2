// A folder of files, and a server that serves it: what the tests of this package begin with.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as ask, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { staticContent, type FolderOptions } from '../src/index.ts'

/** Writes files into a new folder, and removes it after the test. */
export async function folderOf (t: Test, files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'static-content-'))
  t.teardown(() => rm(root, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return root
}

/** A server with one folder, which has to be started. */
export async function serverOf (t: Test, root: string, options: Omit<FolderOptions, 'root'> = {}): Promise<FastifyInstance> {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(staticContent, { folders: [{ root, ...options }] })
  return fastify
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Asks for a path as it is written: no client normalises it. */
export async function get (fastify: FastifyInstance, path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  if (!fastify.server.listening) await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as AddressInfo
  return await new Promise((resolve, reject) => {
    ask({ host: '127.0.0.1', port, path, method, headers, agent: false }, response => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => { resolve({ status: response.statusCode as number, headers: response.headers, body: Buffer.concat(parts) }) })
      response.on('error', reject)
    }).on('error', reject).end()
  })
}
