// How does a listener get its sockets? The ports it listens on: all of them, or none.

import { lookup } from 'node:dns/promises'
import { lstat, unlink } from 'node:fs/promises'
import { connect, createServer, isIP, type Server, type Socket } from 'node:net'
import { bindError } from './errors.ts'
import type { ListenerAddress, ListenerPlan } from './listener.ts'

/** The open ports of one listener. */
export interface Doors {
  readonly addresses: readonly ListenerAddress[]
  /** Stops accepting at once; the connections that are there stay. */
  close (): void
}

// The second address of `localhost` needs the port that the system chose for the first, which somebody else may hold.
const ATTEMPTS = 10

/**
 * Listens where the plan says.
 *
 * @param accept is given each connection.
 * @throws one error that names the listener; nothing stays open.
 */
export async function openDoors (plan: ListenerPlan, accept: (socket: Socket) => void): Promise<Doors> {
  const hosts = await resolve(plan)
  for (let attempt = 1; ; attempt++) {
    const servers: Server[] = []
    let absent: unknown
    try {
      for (const host of hosts) {
        const port = plan.port === 0 && servers[0] !== undefined ? (servers[0].address() as { port: number }).port : plan.port
        try {
          servers.push(await listen(plan, host, port, accept))
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException
          const told = bindError(plan, plan.path ?? `${host === undefined ? 'port ' : `${hostInUrl(host)}:`}${port}`, error as NodeJS.ErrnoException)
          // A machine may have no IPv6, or no IPv4: one of several addresses will do.
          if (hosts.length === 1 || (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT')) throw told
          absent = told
        }
      }
      if (servers.length === 0) throw absent
      return { addresses: servers.map(server => addressOf(plan, server)), close: () => closeAll(servers) }
    } catch (error) {
      closeAll(servers)
      if (plan.port === 0 && servers.length > 0 && attempt < ATTEMPTS) continue
      throw error
    }
  }
}

// undefined lets Node bind every address, on IPv6 and IPv4 where the machine has both.
async function resolve ({ host, path, name, label }: ListenerPlan): Promise<(string | undefined)[]> {
  if (path !== null || host === '*') return [undefined]
  if (isIP(host) !== 0) return [host]
  // RFC 6761 §6.3: browsers ask nobody where localhost is, and try both.
  if (host === 'localhost') return ['127.0.0.1', '::1']
  try {
    const found = await lookup(host, { all: true })
    return [...new Set(found.map(({ address }) => address))]
  } catch (error) {
    throw bindError({ name, label }, host, error as NodeJS.ErrnoException)
  }
}

async function listen (plan: ListenerPlan, host: string | undefined, port: number | null, accept: (socket: Socket) => void): Promise<Server> {
  // Half-open as Node's own http server has it: a client may end its side and still wait for the answer. TLS has no such thing.
  const server = createServer({ allowHalfOpen: plan.https === null, noDelay: true }, accept)
  const open = (): Promise<void> => new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(plan.path === null ? { port: port ?? 0, host, backlog: plan.backlog } : { path: plan.path, backlog: plan.backlog }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  try {
    await open()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || plan.path === null || !await isLeftOver(plan.path)) throw error
    await unlink(plan.path)
    await open()
  }
  // Accepting can fail later, when the process is out of file descriptors: it is not the end of the listener.
  server.on('error', () => {})
  return server
}

/** Whether a socket's file is of a process that was killed: there, but nobody takes a connection. */
async function isLeftOver (path: string): Promise<boolean> {
  if (!(await lstat(path).catch(() => null))?.isSocket()) return false
  return await new Promise(resolve => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', error => resolve((error as NodeJS.ErrnoException).code === 'ECONNREFUSED'))
  })
}

function closeAll (servers: readonly Server[]): void {
  for (const server of servers) server.close()
}

function addressOf ({ name, label, https }: ListenerPlan, server: Server): ListenerAddress {
  const protocol = https === null ? 'http' : 'https'
  const bound = server.address()
  if (bound === null || typeof bound === 'string') return { name, label, protocol, address: bound ?? '', port: null, url: `${protocol}+unix:${bound}` }
  return { name, label, protocol, address: bound.address, port: bound.port, url: `${protocol}://${hostInUrl(bound.address)}:${bound.port}` }
}

function hostInUrl (host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
