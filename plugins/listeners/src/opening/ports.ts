// How does a listener get its connections? The ports of one listener are opened: all of them, or none.

import { lookup } from 'node:dns/promises'
import { lstat, unlink } from 'node:fs/promises'
import { connect, createServer, isIP, type Server, type Socket } from 'node:net'
import type { ListenerAddress } from '@fastify-arr/facts'
import { bindError } from '../errors.ts'
import type { ListenerPlan } from '../plan/plan.ts'

/** The open ports of one listener. */
export interface OpenPorts {
  readonly addresses: readonly ListenerAddress[]
  /** Stops accepting at once; open connections stay. */
  close (): void
}

// With port 0, the second address of `localhost` needs the port that the system chose for the first; another process may hold it there.
const ATTEMPTS = 10

/**
 * Listens where the plan says.
 *
 * @param accept receives each connection.
 * @throws one error that names the listener; nothing stays open.
 */
export async function openPorts (plan: ListenerPlan, accept: (socket: Socket) => void): Promise<OpenPorts> {
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
          const bindFailure = bindError(plan, plan.path ?? `${host === undefined ? 'port ' : `${hostInUrl(host)}:`}${port}`, error as NodeJS.ErrnoException)
          // A machine may lack IPv6 or IPv4: one of several addresses is enough.
          if (hosts.length === 1 || (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT')) throw bindFailure
          absent = bindFailure
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

// With `undefined`, Node binds every address: IPv6 and IPv4 where the machine has both.
async function resolve ({ host, path, name, label }: ListenerPlan): Promise<(string | undefined)[]> {
  if (path !== null || host === '*') return [undefined]
  if (isIP(host) !== 0) return [host]
  // RFC 6761 §6.3: browsers do not look up localhost; they try both loopback addresses.
  if (host === 'localhost') return ['127.0.0.1', '::1']
  try {
    const found = await lookup(host, { all: true })
    return [...new Set(found.map(({ address }) => address))]
  } catch (error) {
    throw bindError({ name, label }, host, error as NodeJS.ErrnoException)
  }
}

async function listen (plan: ListenerPlan, host: string | undefined, port: number | null, accept: (socket: Socket) => void): Promise<Server> {
  // Half-open as in Node's own http server: a client may send FIN and still wait for the response. TLS sockets have no half-open state.
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
  // Accepting can fail later, e.g. without free file descriptors; the listener goes on.
  server.on('error', () => {})
  return server
}

/** Whether the socket file was left by a killed process: it exists, and connections to it are refused. */
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
