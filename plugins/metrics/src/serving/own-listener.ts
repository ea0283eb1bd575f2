// Where do Prometheus and an orchestrator ask? On a port of its own, which no client of the site reaches.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What is served at a path: status, media type and body. */
export type Served = () => Promise<{ readonly status: number, readonly type: string, readonly body: string }>

/** ms. A scrape takes a few. */
const PATIENCE = 10_000
/** Who scrapes and who probes are a few. */
const MOST_CONNECTIONS = 100

/** Serves some paths to GET and HEAD. */
export class OwnListener {
  readonly #server: Server
  readonly #paths: ReadonlyMap<string, Served>
  readonly #failed: (error: unknown) => void

  constructor (paths: ReadonlyMap<string, Served>, failed: (error: unknown) => void, patience = PATIENCE) {
    this.#paths = paths
    this.#failed = failed
    this.#server = createServer({ requestTimeout: patience, headersTimeout: patience, keepAliveTimeout: patience }, (request, response) => {
      this.#answer(request, response).catch(error => {
        failed(error)
        if (!response.headersSent) response.writeHead((error as { readonly statusCode?: number }).statusCode ?? 500, { 'Content-Length': 0 })
        response.end()
      })
    })
    // For one that does not read its answer: the limits above end with the request.
    this.#server.timeout = patience
    this.#server.maxConnections = MOST_CONNECTIONS
    this.#server.on('clientError', (_error, socket) => { socket.destroy() })
    this.#server.on('upgrade', (_request, socket) => { socket.destroy() })
    // A listener of metrics is no reason for a process to go on.
    this.#server.unref()
  }

  async listen (port: number, host: string): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        this.#server.on('error', this.#failed)
        resolve()
      })
    })
    return this.#server.address() as AddressInfo
  }

  async close (): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise(resolve => { this.#server.close(resolve) })
    this.#server.closeAllConnections()
    await closed
  }

  async #answer ({ method, url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const served = this.#paths.get(url.split('?', 1)[0] as string)
    if (served === undefined || (method !== 'GET' && method !== 'HEAD')) {
      response.writeHead(served === undefined ? 404 : 405, { 'Content-Length': 0, ...served !== undefined && { Allow: 'GET, HEAD' } })
      response.end()
      return
    }
    const { status, type, body } = await served()
    response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
    response.end(method === 'HEAD' ? undefined : body)
  }
}
