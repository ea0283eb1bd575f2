// The parent of the processes of a hand-over: it starts them, gives them orders, and passes sockets from one to the other.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { HandOver, OpenTunnel } from '@fastify-arr/facts'
import type { Test } from 'tap'
import { holdStill } from '../src/hand-over/hold-still.ts'
import type { Message, Order } from './moving-process.ts'

export const PROXY = join(import.meta.dirname, 'fixtures', 'movable-proxy.ts')
export const SKIP = process.platform === 'win32' && 'Windows sends no sockets'

/** One process. */
export class Generation {
  readonly child: ChildProcess
  port = 0
  /** The next one, which gets what this one sends. */
  next: Generation | null = null
  /** What is done with a socket that is to be sent on. */
  hold = (socket: Socket): unknown => holdStill(socket)
  /** The codes of what the next one has refused. */
  readonly refused: string[] = []
  /** Whether a tunnel is sent on. */
  accepts = (_record: unknown): boolean => true
  /** What happens before a client's socket is sent on, and is awaited. */
  lingers: (() => Promise<void>) | null = null
  #origin: Generation | null = null
  #behind: Promise<void> = Promise.resolve()
  #orders = 0
  readonly #dropped = new Set<number>()

  constructor (child: ChildProcess) {
    this.child = child
    child.on('message', (message: Message, socket: Socket | undefined) => { this.#got(message, socket) })
  }

  async order (order: Order): Promise<unknown> {
    const number = this.#orders++
    return await new Promise(resolve => {
      const listener = (message: Message) => {
        if (message.number !== number) return
        this.child.off('message', listener)
        resolve(message.result)
      }
      this.child.on('message', listener)
      this.child.send({ order, number })
    })
  }

  /** Sends its tunnels to another process. */
  async handOver (to: Generation): Promise<HandOver> {
    this.next = to
    to.#origin = this
    return await this.order('handOver') as HandOver
  }

  async tunnels (): Promise<OpenTunnel[]> {
    return await this.order('tunnels') as OpenTunnel[]
  }

  /** Ends it in order, and resolves with its exit code. */
  async close (): Promise<unknown> {
    const exited = once(this.child, 'exit')
    await this.order('close')
    return (await exited)[0]
  }

  #got (message: Message, socket: Socket | undefined): void {
    const { tunnel, part, taken, code } = message
    if (tunnel === undefined) return
    if (taken !== undefined) {
      if (code !== undefined) this.refused.push(code)
      this.#origin?.child.send({ tunnel, taken })
      return
    }
    if (socket !== undefined) this.hold(socket)
    // All in their order.
    if (this.lingers !== null) {
      if (part === 'client') this.#behind = this.#behind.then(this.lingers)
      this.#behind = this.#behind.then(() => { this.#pass(message, socket) })
    } else {
      this.#pass(message, socket)
    }
  }

  #pass (message: Message, socket: Socket | undefined): void {
    const { part, record } = message
    const tunnel = message.tunnel as number
    if (part === 'client' && !this.accepts(record)) this.#dropped.add(tunnel)
    if (this.#dropped.has(tunnel)) {
      socket?.destroy()
      if (part === 'upstream') this.child.send({ tunnel, taken: false })
      return
    }
    this.next?.child.send(message, socket)
  }
}

/** Starts a process. `options` are what its proxy gets, as far as JSON has them. */
export async function generation (t: Test, options: object, env: Record<string, string> = {}, script = PROXY): Promise<Generation> {
  const { NODE_OPTIONS: _, ...own } = process.env
  const child = fork(script, {
    env: { ...own, ...env, OPTIONS: JSON.stringify(options) },
    execArgv: ['--import=tsx', '--conditions=@fastify-arr/source']
  })
  t.teardown(() => child.kill('SIGKILL'))
  const one = new Generation(child)
  const [{ port }] = await once(child, 'message') as [Message]
  one.port = port as number
  return one
}
