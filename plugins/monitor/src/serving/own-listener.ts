// Where is the page, apart from the server? On a port of its own, which no client of the site reaches.
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ListenError } from '../errors.ts'

/** ms for a request. */
const PATIENCE = 10_000
/** ms without a byte: streams have a sign of life each 15 s. */
const SILENCE = 60_000
/** A browser has six connections for each page. */
const MOST_CONNECTIONS = 200
/** For port 0: the one that 127.0.0.1 gets may be in use at ::1. */
const MOST_TRIES = 5

/** The page's own listener. */
export class OwnListener {
  readonly #listener: RequestListener
  readonly #failed: (error: unknown) => void
  readonly #servers: Server[] = []

  constructor (listener: RequestListener, failed: (error: unknown) => void) {
    this.#listener = listener
    this.#failed = failed
  }

  get address (): AddressInfo | null {
    return this.#servers[0]?.listening === true ? this.#servers[0].address() as AddressInfo : null
  }

  /** Listens; on `localhost` at 127.0.0.1, and at ::1 where this machine has IPv6. Throws ListenError. */
  async listen (port: number, host: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#open(port, host === 'localhost' ? '127.0.0.1' : host)
        if (host === 'localhost') await this.#open((this.address as AddressInfo).port, '::1')
        return
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (host === 'localhost' && this.#servers.length > 0 && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) return
        await this.close()
        if (port === 0 && code === 'EADDRINUSE' && tries < MOST_TRIES) continue
        throw new ListenError(sentence(code, port, host), { cause: error as Error })
      }
    }
  }

  /** Ends connections on which nothing is under way: browsers come back on new ones. */
  leave (): void {
    for (const server of this.#servers) server.closeIdleConnections()
  }

  async close (): Promise<void> {
    await Promise.all(this.#servers.splice(0).map(async server => {
      const closed = new Promise(resolve => { server.close(resolve) })
      server.closeAllConnections()
      await closed
    }))
  }

  async #open (port: number, host: string): Promise<void> {
    const server = createServer({ requestTimeout: PATIENCE, headersTimeout: PATIENCE, keepAliveTimeout: PATIENCE, connectionsCheckingInterval: PATIENCE / 2 }, this.#listener)
    server.timeout = SILENCE
    server.maxConnections = MOST_CONNECTIONS
    server.on('clientError', (_error, socket) => { socket.destroy() })
    server.on('upgrade', (_request, socket) => { socket.destroy() })
    // A page about a process is no reason for the process to go on.
    server.unref()
    server.on('connection', socket => { socket.unref() })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, () => {
        server.off('error', reject)
        server.on('error', this.#failed)
        resolve()
      })
    })
    this.#servers.push(server)
  }
}

function sentence (code: string | undefined, port: number, host: string): string {
  const where = `port ${port} on ${host}`
  switch (code) {
    case 'EADDRINUSE': return `\`listen\`: ${where} is in use by another program; choose another \`listen.port\`, or stop that program`
    case 'EACCES': return `\`listen\`: this program has no right to ${where}; choose a \`listen.port\` above 1023`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND': return `\`listen.host\`: ${host} is no address of this machine`
    default: return `\`listen\`: ${where} can't be opened (${code ?? 'unknown'})`
  }
}
