// How does a tunnel pass through the supervisor? Its two handles, unread, from a worker that leaves to one that stays, and the answer back.
import type { FromWorker, Handle, TunnelPart } from '../../exchange/messages.ts'
import type { WorkerProcess } from '../worker-process.ts'

/** A tunnel on its way. */
interface Transfer {
  readonly from: WorkerProcess
  readonly to: WorkerProcess
  /** Open until the answer: some systems lose a handle that is closed while it is on its way. */
  readonly handles: Handle[]
}

export class Transfers {
  readonly #underWay = new Map<string, Transfer>()
  /** Those that may take one. */
  readonly #takers: () => readonly WorkerProcess[]
  #turn = 0

  constructor (takers: () => readonly WorkerProcess[]) {
    this.#takers = takers
  }

  /** A part of a tunnel. Both parts go to one worker, and the tunnels to each worker in its turn. */
  pass (from: WorkerProcess, message: TunnelPart, handle: Handle | undefined): void {
    const key = `${from.pid}/${message.id}`
    const transfer = this.#underWay.get(key) ?? this.#begin(from, key, message)
    if (handle !== undefined) {
      if (transfer === null) handle.close()
      else transfer.handles.push(handle)
    }
    if (transfer === null) return
    if (handle === undefined || !transfer.to.send({ ...message, id: key }, handle)) this.#end(key, false)
  }

  /** A worker says whether it has taken one. */
  answered ({ id, ok }: FromWorker & { readonly arrWorkers: 'adopted' }): void {
    this.#end(id, ok)
  }

  /** A worker has ended: what was on its way to it stays where it was, what came from it is over. */
  gone (worker: WorkerProcess): void {
    for (const [key, { from, to }] of this.#underWay) if (from === worker || to === worker) this.#end(key, false)
  }

  #begin (from: WorkerProcess, key: string, { id, part }: TunnelPart): Transfer | null {
    const takers = this.#takers().filter(worker => worker !== from)
    const to = takers[this.#turn++ % takers.length]
    if (to === undefined || part !== 'client') {
      // Told once: the second part of one that has failed is only closed.
      if (part === 'client') from.send({ arrWorkers: 'moved', id, ok: false })
      return null
    }
    const transfer = { from, to, handles: [] }
    this.#underWay.set(key, transfer)
    return transfer
  }

  #end (key: string, ok: boolean): void {
    const transfer = this.#underWay.get(key)
    if (transfer === undefined) return
    this.#underWay.delete(key)
    for (const handle of transfer.handles) handle.close()
    transfer.from.send({ arrWorkers: 'moved', id: key.slice(key.indexOf('/') + 1), ok })
  }
}
