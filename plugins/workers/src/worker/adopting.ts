// How do tunnels of another process come in? By two handles with one id; of these, sockets are made that have not read anything.
import type { TunnelRecord } from '@fastify-arr/facts'
import { Socket, type SocketConstructorOpts } from 'node:net'
import { clock, type FromWorker, type Handle, type TunnelPart } from '../exchange/messages.ts'

/** Takes a tunnel, or throws. */
export type Adopt = (record: TunnelRecord, client: Socket, upstream: Socket) => void

export class Adopting {
  readonly #tell: (message: FromWorker) => boolean
  readonly #adopt: () => Adopt | undefined
  readonly #refused: (error: unknown) => void
  /** First parts whose second is on its way. */
  readonly #halves = new Map<string, Handle>()

  constructor (tell: (message: FromWorker) => boolean, adopt: () => Adopt | undefined, refused: (error: unknown) => void) {
    this.#tell = tell
    this.#adopt = adopt
    this.#refused = refused
  }

  take ({ id, part, record, until }: TunnelPart, handle: Handle | undefined): void {
    if (part === 'client' && handle !== undefined) {
      this.#halves.set(id, handle)
      return
    }
    const client = this.#halves.get(id)
    this.#halves.delete(id)
    const ok = client !== undefined && handle !== undefined && record !== undefined && clock() <= until && this.#begin(record, client, handle)
    if (!ok) {
      client?.close()
      handle?.close()
    }
    this.#tell({ arrWorkers: 'adopted', id, ok })
  }

  /** The old process has ended: second parts will not come. */
  drop (): void {
    for (const handle of this.#halves.values()) handle.close()
    this.#halves.clear()
  }

  #begin (record: TunnelRecord, client: Handle, upstream: Handle): boolean {
    const adopt = this.#adopt()
    if (adopt === undefined) return false
    try {
      adopt(record, socketOf(client), socketOf(upstream))
      return true
    } catch (error) {
      this.#refused(error)
      return false
    }
  }
}

/** Not reading, and able to write when the other side has ended. `manualStart` is Node's own option for sockets that begin later. */
function socketOf (handle: Handle): Socket {
  return new Socket({ handle, manualStart: true, allowHalfOpen: true } as SocketConstructorOpts)
}
