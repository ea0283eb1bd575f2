// One end of a WebSocket that sends numbered messages all the time, and checks the numbers of those that it gets.
import type { WebSocket } from 'ws'

const TEXT = 'x'.repeat(200)

/** What it has counted: plain data for another process. */
export interface Counts {
  readonly path: string
  readonly sent: number
  readonly got: number
  /** What was lost, doubled or out of order. */
  readonly wrong: number
  /** The close code; null while it is open. */
  readonly closed: number | null
}

export class Numbered {
  readonly path: string
  readonly socket: WebSocket
  sent = 0
  got = 0
  wrong = 0
  closed: number | null = null

  constructor (path: string, socket: WebSocket) {
    this.path = path
    this.socket = socket
    socket.on('message', message => { if (Number(String(message).split(' ')[0]) !== this.got++) this.wrong++ })
    socket.on('error', () => {})
    socket.on('close', code => { this.closed = code })
  }

  send (): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(`${this.sent++} ${TEXT}`)
  }

  get counts (): Counts {
    const { path, sent, got, wrong, closed } = this
    return { path, sent, got, wrong, closed }
  }
}

/** Ends that all send, one after the other, each once in `every` ms. */
export class Talking {
  readonly #ends: Numbered[] = []
  readonly #every: number
  #timer: NodeJS.Timeout | null = null
  #turn = 0
  #due = 0

  constructor (every: number) {
    this.#every = every
  }

  add (end: Numbered): void {
    this.#ends.push(end)
  }

  get counts (): Counts[] {
    return this.#ends.map(({ counts }) => counts)
  }

  start (): void {
    let last = performance.now()
    this.#timer ??= setInterval(() => {
      const now = performance.now()
      // A machine that is too slow for all sends fewer.
      this.#due = Math.min(this.#due + this.#ends.length * (now - last) / this.#every, this.#ends.length)
      last = now
      for (; this.#due >= 1; this.#due--) this.#ends[this.#turn++ % this.#ends.length]?.send()
    }, 10)
  }

  stop (): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }
}
