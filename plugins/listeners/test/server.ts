// A Fastify server with listeners, as the tests of this package use it.
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { listeners, type ListenersOptions } from '../src/index.ts'

export interface Test {
  teardown (act: () => unknown): void
}

/** A server with one route that tells how the request came; not listening yet. */
export async function build (t: Test, options: ListenersOptions, server: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app = Fastify(server) as unknown as FastifyInstance
  t.teardown(() => app.close())
  const folder = join(tmpdir(), `fastify-arr-${randomUUID()}`)
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  await app.register(listeners, { development: { folder }, ...options })
  app.all('/', async request => ({ version: request.raw.httpVersion, protocol: request.protocol, ip: request.ip, host: request.host }))
  return app
}

/** The same, listening; the server's own port is on 127.0.0.1. */
export async function start (t: Test, options: ListenersOptions, server?: FastifyServerOptions): Promise<FastifyInstance> {
  const app = await build(t, options, server)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}

export function portOf (app: FastifyInstance, protocol: 'http' | 'https'): number {
  return app.listeners.addresses.find(address => address.protocol === protocol)?.port as number
}

/** A unix socket's path, or a Windows pipe's, that nobody else has: a port that was free a moment ago may be somebody else's. */
export function newPath (): string {
  const name = `fastify-arr-${randomUUID()}`
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`)
}

/** A TLS connection, done with its handshake. */
export async function handshake (t: Test, port: number, servername: string, more: object = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false, ...more })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** Waits until something is so, however long that takes; the test's own time limit is the end. */
export async function until (isSo: () => unknown): Promise<void> {
  while (!await isSo()) await new Promise(resolve => setTimeout(resolve, 20))
}
