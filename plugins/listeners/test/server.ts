// A Fastify server with listeners, for the tests of this package.
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

/** A server with one route that returns the protocol of the request; not listening yet. */
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

/** A unique path of a unix socket or Windows pipe: unlike a free port, no other process can take it in between. */
export function newPath (): string {
  const name = `fastify-arr-${randomUUID()}`
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`)
}

/** A TLS connection whose handshake is done. */
export async function handshake (t: Test, port: number, servername: string, more: object = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false, ...more })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** Waits until a condition holds; only the time limit of the test ends the wait. */
export async function until (isSo: () => unknown): Promise<void> {
  while (!await isSo()) await new Promise(resolve => setTimeout(resolve, 20))
}
