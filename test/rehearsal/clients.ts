// The people in the street: WebSockets that come back when they are told goodbye, and pages that are asked for all the time.
import { Agent, get } from 'node:http'
import { WebSocket } from 'ws'
import { STREET, until } from './hosts.ts'

const URL = `http://${STREET}:8000/`
/** Who is told goodbye comes back within this time, ms: at random, so that not all come at once. */
const JITTER = 2000
/** Handshakes under way at the start. */
const AT_ONCE = 100

/** What the clients have seen. */
export interface Seen {
  /** How often each code was heard. */
  readonly goodbyes: Record<string, number>
  /** WebSockets that came to another server than before. */
  strangers: number
  /** Handshakes that came to nothing, by what was said. */
  readonly refused: Record<string, number>
  pages: number
  /** Pages that did not come, or came from another server. */
  readonly failedPages: Record<string, number>
}

export class Clients {
  readonly seen: Seen = { goodbyes: {}, strangers: 0, refused: {}, pages: 0, failedPages: {} }
  readonly #cookies: string[] = []
  readonly #servers: string[] = []
  readonly #sockets: Array<WebSocket | null> = []
  readonly #agent = new Agent({ keepAlive: false })
  #open = 0
  #isOver = false

  get open (): number {
    return this.#open
  }

  /** How many clients each server of the farm has. */
  get servers (): string[] {
    return [...new Set(this.#servers)].sort()
  }

  /** All come; resolves when they are there. */
  async come (count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      await until(() => at - this.#open < AT_ONCE)
      this.#connect(at)
    }
    await until(() => this.#open === count)
  }

  #connect (at: number): void {
    const cookie = this.#cookies[at]
    const socket = new WebSocket(URL.replace('http', 'ws'), { perMessageDeflate: false, headers: cookie === undefined ? {} : { cookie } })
    this.#sockets[at] = socket
    let isOpen = false
    socket.on('upgrade', ({ headers }) => {
      const [set] = headers['set-cookie'] ?? []
      if (set !== undefined) this.#cookies[at] = set.split(';')[0] as string
    })
    socket.once('message', data => {
      isOpen = true
      this.#open++
      const server = String(data)
      if (this.#servers[at] !== undefined && this.#servers[at] !== server) this.seen.strangers++
      this.#servers[at] = server
    })
    socket.on('error', error => { if (!isOpen) count(this.seen.refused, error.message) })
    socket.on('close', code => {
      if (this.#isOver) return
      if (isOpen) {
        this.#open--
        count(this.seen.goodbyes, String(code))
      }
      setTimeout(() => { if (!this.#isOver) this.#connect(at) }, Math.random() * JITTER)
    })
  }

  /** Asks for pages, one after the other, each by a connection of its own, until `end`; each by the cookie of another client. */
  async ask (): Promise<void> {
    for (let at = 0; !this.#isOver; at = (at + 1) % this.#cookies.length) {
      const failure = await this.#page(this.#cookies[at] as string, this.#servers[at] as string)
      this.seen.pages++
      if (failure !== null) count(this.seen.failedPages, failure)
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  }

  #page (cookie: string, server: string): Promise<string | null> {
    return new Promise(resolve => {
      const request = get(URL, { agent: this.#agent, headers: { cookie } }, response => {
        let text = ''
        response.on('data', chunk => { text += String(chunk) })
        response.on('error', error => resolve(error.message))
        response.on('end', () => resolve(response.statusCode !== 200 ? `status ${response.statusCode}` : text === server ? null : 'another server'))
      })
      request.setTimeout(10_000, () => request.destroy(new Error('no answer within 10 s')))
      request.on('error', error => resolve(error.message))
    })
  }

  /** Each says something; resolves with how many are answered. */
  async echo (): Promise<number> {
    const heard = await Promise.all(this.#sockets.map(socket => new Promise<boolean>(resolve => {
      socket?.once('message', data => resolve(String(data) === 'still here'))
      socket?.send('still here')
    })))
    return heard.filter(isSo => isSo).length
  }

  end (): void {
    this.#isOver = true
    for (const socket of this.#sockets) socket?.terminate()
  }
}

function count (counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}
