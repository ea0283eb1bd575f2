// Sites behind the filter, and clients with addresses of their own, on port 0.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2'
import { connect, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Rejection } from '@fastify-arr/facts'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { WebSocketServer } from 'ws'
import upstreamProxy from '../../upstream-proxy/src/index.ts'
import requestFilter, { type RequestFilterOptions } from '../src/index.ts'

export interface Door {
  readonly app: FastifyInstance
  readonly port: number
  /** Why each refused request was refused, in order. */
  readonly rejections: Rejection[]
}

interface Around {
  /** Options of Fastify. */
  readonly server?: object
  readonly before?: (app: FastifyInstance) => unknown
  readonly after?: (app: FastifyInstance) => unknown
}

/** A server with the filter that listens. */
export async function door (t: Test, options: RequestFilterOptions, { server = {}, before, after }: Around = {}): Promise<Door> {
  const app = Fastify({ forceCloseConnections: true, ...server } as never) as unknown as FastifyInstance
  const rejections: Rejection[] = []
  await before?.(app)
  await app.register(requestFilter, options)
  app.addHook('onRequest', async () => {})
  app.addHook('onSend', async request => { if (request.rejection !== null) rejections.push(request.rejection) })
  await after?.(app)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  return { app, port: portOf(app.server), rejections }
}

export function portOf (server: Server): number {
  return (server.address() as AddressInfo).port
}

/** A door before a proxy whose upstream greets and echoes. */
export async function proxied (t: Test, options: RequestFilterOptions, around: Around = {}): Promise<Door & { readonly backend: WebSocketServer }> {
  const backend = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(backend, 'listening')
  backend.on('connection', (socket, { headers }) => {
    socket.on('error', () => {})
    socket.on('message', message => socket.send(message))
    socket.send(`hello ${headers.cookie ?? 'nobody'}`)
  })
  t.teardown(() => {
    for (const client of backend.clients) client.terminate()
    backend.close()
  })
  const made = await door(t, options, {
    ...around,
    after: async app => {
      await around.after?.(app)
      await app.register(upstreamProxy, { upstream: `http://127.0.0.1:${(backend.address() as AddressInfo).port}` })
    }
  })
  return { ...made, backend }
}

export interface Asking {
  readonly path?: string
  /** The client's own address; any of 127.0.0.0/8 on Linux. */
  readonly from?: string
  readonly headers?: Record<string, string | string[]>
}

/** Asks with a connection of its own, and reads the answer to its end. */
export async function get (port: number, { path = '/', from, headers = {} }: Asking = {}): Promise<IncomingMessage & { text: string }> {
  const asked = request({ port, host: '127.0.0.1', path, headers, agent: false, ...(from === undefined ? {} : { localAddress: from }) }).end()
  const [response] = await once(asked, 'response') as [IncomingMessage & { text: string }]
  response.text = ''
  for await (const chunk of response) response.text += String(chunk)
  return response
}

/** A handshake: 101 and its open socket, or the status of the refusal. */
export async function handshake (t: Test, port: number, { path = '/', from, headers = {} }: Asking = {}): Promise<{ readonly status: number, readonly socket: Duplex | null, readonly headers: IncomingMessage['headers'] }> {
  const asked = request({
    port,
    host: '127.0.0.1',
    path,
    agent: false,
    headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers },
    ...(from === undefined ? {} : { localAddress: from })
  }).end()
  return await new Promise((resolve, reject) => {
    asked.on('error', reject)
    asked.on('response', response => {
      response.resume()
      resolve({ status: response.statusCode as number, socket: null, headers: response.headers })
    })
    asked.on('upgrade', (response, socket) => {
      socket.on('error', () => {})
      socket.resume()
      t.teardown(() => socket.destroy())
      resolve({ status: response.statusCode as number, socket, headers: response.headers })
    })
  })
}

/** HTTP/2 in plain text for an app, with extended CONNECT; the port. */
export async function http2For (t: Test, app: FastifyInstance): Promise<number> {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } }, app.routing as never)
  server.on('connect', (request, response) => { app.server.emit('connect', request, response) })
  server.on('sessionError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return portOf(server)
}

export async function session (t: Test, port: number): Promise<ClientHttp2Session> {
  const client = http2.connect(`http://127.0.0.1:${port}`)
  client.on('error', () => {})
  t.teardown(() => client.destroy())
  while (client.remoteSettings?.enableConnectProtocol !== true) await once(client, 'remoteSettings')
  return client
}

/** One stream and the status of its answer. */
export async function ask (client: ClientHttp2Session, headers: OutgoingHttpHeaders): Promise<{ readonly status: number, readonly stream: ClientHttp2Stream }> {
  const stream = client.request(headers)
  stream.on('error', () => {})
  stream.resume()
  const [answer] = await once(stream, 'response')
  return { status: answer[':status'], stream }
}

/** A raw connection. */
export function raw (t: Test, port: number, from?: string): Socket {
  const socket = connect({ port, host: '127.0.0.1', ...(from === undefined ? {} : { localAddress: from }) })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  return socket
}

/** Waits until a condition holds, asking again in each turn of the event loop. */
export async function eventually (condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!await condition()) await new Promise(resolve => setImmediate(resolve))
}

/** What `t.test` takes as its `skip` where a test needs more than one local address. */
export const withoutAddresses: false | string = process.platform === 'linux' ? false : 'only Linux has all of 127.0.0.0/8'
