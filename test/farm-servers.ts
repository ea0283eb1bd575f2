// Servers of a farm as processes of their own, which can be killed, stopped and started again on their ports.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { freePort } from './site.ts'

// Each line on standard input is the status of all further answers.
const SERVER = `
  import { createServer } from 'node:http'
  import { WebSocketServer } from 'ws'
  let status = 200
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/health' && status < 400 ? 200 : status
    response.setHeader('x-served-by', process.argv[1])
    response.end(process.argv[1])
  })
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {})
    if (status >= 400) return socket.end('HTTP/1.1 ' + status + ' No\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n')
    sockets.handleUpgrade(request, socket, head, client => {
      client.on('error', () => {})
      client.send('from ' + process.argv[1])
      client.on('message', (message, isBinary) => client.send(message, { binary: isBinary }))
    })
  })
  process.stdin.on('data', text => { status = Number(text); process.stdout.write('is ' + status + '\\n') })
  process.stdin.on('end', () => process.exit())
  server.listen(Number(process.argv[1]), '127.0.0.1', () => process.stdout.write('listens\\n'))`

/** One server, on a port that stays its own. */
export class FarmServer {
  readonly port: number
  #child: ChildProcess | null = null
  #lines: AsyncIterator<string> | null = null

  constructor (port: number) {
    this.port = port
  }

  async start (): Promise<void> {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', SERVER, String(this.port)], { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.on('error', () => {})
    this.#child = child
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    await this.#lines.next()
  }

  /** All further answers have this status. */
  async answer (status: number): Promise<void> {
    this.#child?.stdin?.write(`${status}\n`)
    await this.#lines?.next()
  }

  /** It hangs: the kernel still takes connections for it. */
  hang (): void {
    this.#child?.kill('SIGSTOP')
  }

  goOn (): void {
    this.#child?.kill('SIGCONT')
  }

  async kill (): Promise<void> {
    const child = this.#child
    if (child === null) return
    this.#child = null
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
}

/** Starts so many servers. Nobody else gets their ports while they are down. */
export async function farmServers (t: Test, count: number): Promise<FarmServer[]> {
  const servers: FarmServer[] = []
  t.teardown(async () => { await Promise.all(servers.map(server => server.kill())) })
  while (servers.length < count) {
    const server = new FarmServer(await freePort(t))
    servers.push(server)
    await server.start()
  }
  return servers
}
