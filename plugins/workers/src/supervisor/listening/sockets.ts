// Who keeps the sockets that all workers accept from? The supervisor, which accepts nothing itself: what waits at them outlives any worker.
import { constants } from 'node:os'
import type { Bind, FromWorker } from '../../exchange/messages.ts'
import type { WorkerProcess } from '../worker-process.ts'
import { create, type Bound } from './bound.ts'

interface Shared {
  readonly handle: Bound
  readonly data: unknown
  /** The generations and numbers of workers whose servers have it. */
  readonly seats: Set<string>
}

export class Sockets {
  readonly #shared = new Map<string, Shared>()

  /** Gives a worker a descriptor of a socket, which is made for the first that asks. */
  give (worker: WorkerProcess, { id, key, bind }: FromWorker & { readonly arrWorkers: 'socket' }): void {
    const shared = this.#shared.get(key) ?? (bind === undefined ? undefined : make(bind))
    if (typeof shared !== 'object') {
      worker.send({ arrWorkers: 'socket', id, error: shared ?? -constants.errno.EBADF })
      return
    }
    this.#shared.set(key, shared)
    shared.seats.add(seatOf(worker))
    worker.send({ arrWorkers: 'socket', id, error: 0, ...bind !== undefined && shared.data !== undefined && { data: shared.data } }, shared.handle)
  }

  /** A server of a worker has closed, or takes no more connections. */
  closed (worker: WorkerProcess, { key }: FromWorker & { readonly arrWorkers: 'closed' }): void {
    this.#leave(key, seatOf(worker))
  }

  /** A worker has ended that nobody follows. Of one that is started anew the sockets stay, and clients wait for it. */
  gone (worker: WorkerProcess): void {
    for (const key of this.#shared.keys()) this.#leave(key, seatOf(worker))
  }

  /** None of its workers is left, nor starts anew. */
  over (generation: number): void {
    for (const [key, { seats }] of this.#shared) for (const seat of seats) if (seat.startsWith(`${generation}/`)) this.#leave(key, seat)
  }

  #leave (key: string, seat: string): void {
    const shared = this.#shared.get(key)
    if (shared === undefined || !shared.seats.delete(seat) || shared.seats.size > 0) return
    this.#shared.delete(key)
    shared.handle.close()
  }
}

function make ({ address, port, addressType, flags, data }: Bind): Shared | number {
  if (create === undefined) return -constants.errno.EOPNOTSUPP
  const handle = create(address, port, addressType, null, flags)
  if (typeof handle === 'number') return handle
  // Where another process listens, libuv says so later.
  const name: { port?: number } = {}
  const error = handle.getsockname?.(name) ?? 0
  if (error === 0 && (port === 0 || name.port === port)) return { handle, data, seats: new Set() }
  handle.close()
  return error === 0 ? -constants.errno.EADDRINUSE : error
}

const seatOf = ({ generation, number }: WorkerProcess): string => `${generation}/${number}`
