// A site of several workers as a test sees it: it asks all of them, and opens WebSockets.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { SuperviseOptions } from '@fastify-arr/workers'
import { startSite, type Site } from '../plugins/workers/test/site.ts'

export type Answers<Value> = ReadonlyArray<{ readonly generation: number, readonly number: number, readonly pid: number, readonly value: Value }>

export interface SharedSite {
  readonly site: Site
  /** Asks all workers. */
  ask<Value> (name: string, question?: unknown): Promise<Answers<Value>>
  /** Asks all until it is so. */
  until<Value> (name: string, isSo: (answers: Answers<Value>) => boolean): Promise<Answers<Value>>
  /** The open WebSocket, or the status with which it is refused. */
  open (headers?: Record<string, string>): Promise<WebSocket | number>
}

export async function sharedSite (t: Test, settings: object, workers: number, upstream = 0, options: Pick<SuperviseOptions, 'connections'> = {}): Promise<SharedSite> {
  const site = await startSite(t, settings as never, { exec: join(import.meta.dirname, 'fixtures', 'shared-site.ts'), workers, backOff: { first: 10 }, ...options }, upstream)
  if (!await site.started()) throw new Error(site.stderr())
  const ask: SharedSite['ask'] = async (name, question = null) => {
    const response = await fetch(`${site.url}/ask/${name}`, { method: 'POST', headers: { 'content-type': 'application/json', connection: 'close' }, body: JSON.stringify(question) })
    return ((await response.json()) as { answers: Answers<never> }).answers
  }
  return {
    site,
    ask,
    async until (name, isSo) {
      for (;;) {
        const answers = await ask<never>(name)
        if (isSo(answers)) return answers
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    },
    async open (headers = {}) {
      const socket = new WebSocket(`ws://127.0.0.1:${site.port}/ws`, { headers })
      t.teardown(() => { socket.terminate() })
      socket.on('error', () => {})
      return await new Promise((resolve, reject) => {
        socket.once('open', () => { resolve(socket) })
        socket.once('unexpected-response', (_request, response) => {
          response.resume()
          resolve(response.statusCode as number)
        })
        socket.once('close', () => { reject(new Error('it ended without an answer')) })
      })
    }
  }
}

/** The port of a server that takes WebSockets and says nothing. */
export async function webSocketServer (t: Test): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', socket => { socket.on('error', () => {}) })
  await once(server, 'listening')
  t.teardown(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
