// How do open tunnels leave this process? Each with its two sockets, a few at a time; one that was not taken stays.
import type { SendTunnel, TunnelRecord } from '@fastify-arr/facts'
import type { Socket } from 'node:net'
import { clock, type FromWorker, type Handle } from '../exchange/messages.ts'

export interface HandOverSettings {
  /** How many are on their way at a time. */
  readonly atOnce: number
  /** ms that one may take; it is not taken later. */
  readonly timeLimit: number
}

type Tell = (message: FromWorker, handle?: Handle) => boolean

export class HandingOver {
  readonly #tell: Tell
  readonly #settings: HandOverSettings
  readonly #answers = new Map<string, (ok: boolean) => void>()
  readonly #waiting: Array<() => void> = []
  #next = 0

  constructor (tell: Tell, settings: HandOverSettings) {
    this.#tell = tell
    this.#settings = settings
  }

  readonly send: SendTunnel = async (record, client, upstream) => {
    if (this.#answers.size >= this.#settings.atOnce) await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    try {
      return await this.#move(record, client, upstream)
    } finally {
      this.#waiting.shift()?.()
    }
  }

  /** The other process has it, or has not. */
  moved (id: string, ok: boolean): void {
    const answer = this.#answers.get(id)
    this.#answers.delete(id)
    answer?.(ok)
  }

  /** Nobody answers any more. */
  lost (): void {
    for (const id of [...this.#answers.keys()]) this.moved(id, false)
  }

  async #move (record: TunnelRecord, client: Socket, upstream: Socket): Promise<boolean> {
    const [one, other] = [handleOf(client), handleOf(upstream)]
    if (one === null || other === null) return false
    const id = String(this.#next++)
    const until = clock() + this.#settings.timeLimit
    // No time limit here: it is the other process that looks at the clock. Otherwise both could have the tunnel.
    const answer = new Promise<boolean>(resolve => { this.#answers.set(id, resolve) })
    const isSent = this.#tell({ arrWorkers: 'tunnel', id, part: 'client', until }, one) && this.#tell({ arrWorkers: 'tunnel', id, part: 'upstream', record, until }, other)
    if (!isSent) this.moved(id, false)
    const ok = await answer
    // This process's own handles: the connections live on with those of the other one. Later, so that who asked has let go of the sockets.
    if (ok) setImmediate(() => { for (const socket of [client, upstream]) socket.destroy() })
    return ok
  }
}

/** The handle itself is sent: of a socket Node would make one in each process, which reads at once, and whose server waits for it. */
function handleOf (socket: Socket): Handle | null {
  const { _handle: handle } = socket as Socket & { readonly _handle?: Handle | null }
  return socket.destroyed ? null : handle ?? null
}
