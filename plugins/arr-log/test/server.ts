// Shared by the tests of this package: a server with the plugin, and the lines that it has written.
import { once, type EventEmitter } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import fastify, { LogController, type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { arrLog, type ArrLogOptions, type Exchange } from '../src/index.ts'

export interface Entry { readonly exchange: Exchange, readonly msg: string, readonly level: number }

export interface Server {
  readonly app: FastifyInstance
  readonly directory: string
  readonly entries: Entry[]
  /** Every entry that is not an exchange. */
  readonly others: Array<Record<string, unknown>>
  readonly port: number
  /** To be called once the routes are registered. */
  listen (): Promise<number>
  /** Resolves once this many exchanges have been logged. */
  told (count: number): Promise<Entry[]>
}

export async function start (t: Test, options: ArrLogOptions = {}, routes: (app: FastifyInstance) => void | Promise<void> = () => {}): Promise<Server> {
  const directory = options.directory ?? t.testdir()
  const entries: Entry[] = []
  const others: Server['others'] = []
  let waiting: Array<{ count: number, resolve: (entries: Entry[]) => void }> = []
  const stream = {
    write (text: string) {
      const entry = JSON.parse(text)
      if (entry.exchange === undefined) {
        others.push(entry)
        return
      }
      entries.push(entry)
      waiting = waiting.filter(({ count, resolve }) => entries.length < count || resolve(entries))
    }
  }
  const app = fastify({ logController: new LogController({ disableRequestLogging: true }), logger: { stream } })
  t.teardown(() => app.close())
  await app.register(arrLog, { directory, ...options })
  await routes(app)
  const server = {
    app,
    directory,
    entries,
    others,
    port: 0,
    async listen () {
      await app.listen({ port: 0, host: '127.0.0.1' })
      server.port = (app.server.address() as AddressInfo).port
      return server.port
    },
    told: (count: number) => new Promise<Entry[]>(resolve => {
      if (entries.length >= count) resolve(entries)
      else waiting.push({ count, resolve })
    })
  }
  return server
}

/** All files in the log's folder, by their relative path with `/`. */
export function filesIn (directory: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files[path.slice(directory.length + 1).replaceAll('\\', '/')] = readFileSync(path, 'utf8')
  }
  return files
}

/** The only file in the folder. Two days of one log count as one: midnight may fall between its lines. */
export function onlyFile (directory: string): { path: string, text: string } {
  const files = Object.entries(filesIn(directory))
  const [first] = files
  if (first === undefined) throw new Error('there is no file')
  const names = new Set(files.map(([path]) => path.replace(/(?<=u_..)\d{6}(?=\D)/, '')))
  if (names.size > 1) throw new Error(`expected one file, found ${files.map(([path]) => path).join(', ')}`)
  return { path: first[0], text: files.map(([, text]) => text).join('') }
}

/** Log lines as objects, each read by the last `#Fields` before it. */
export function rows (text: string): Array<Record<string, string>> {
  let columns: string[] = []
  const found: Array<Record<string, string>> = []
  for (const line of text.split('\r\n')) {
    if (line.startsWith('#Fields: ')) columns = line.slice(9).split(' ')
    if (line === '' || line.startsWith('#')) continue
    const values = line.split(' ')
    if (values.length !== columns.length) throw new Error(`${values.length} values under ${columns.length} columns: ${line}`)
    found.push(Object.fromEntries(columns.map((column, position) => [column, values[position]!])))
  }
  return found
}

/** Waits until a server has read bytes of its next connection; returns the server's socket. */
export async function heard (server: EventEmitter): Promise<Socket> {
  const [socket] = await once(server, 'connection') as [Socket]
  while (socket.bytesRead === 0) await new Promise(setImmediate)
  return socket
}

/** Sends bytes unchanged and returns the socket. */
export function send (t: Test, port: number, text: string) {
  const socket = connect(port, '127.0.0.1', () => { socket.write(text) })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  return socket
}
