// How does a worker tell all others? The supervisor passes it on unread, and keeps nothing: who has missed something is told all of it anew.
import { LONGEST_NAME, MOST_NAMES, MOST_ON_THE_WAY, MOST_TOLD, type FromWorker, type Tell, type Told, type WorkerName } from '../../exchange/messages.ts'
import type { WorkerProcess } from '../worker-process.ts'

interface Listener {
  readonly names: Set<string>
  /** What is on its way to it, in UTF-16 code units. */
  underWay: number
  /** It does not read as fast as others tell: it is told nothing until it has read all of it. */
  lags: boolean
}

export class Broadcasts {
  readonly #listeners = new Map<WorkerProcess, Listener>()

  /** A worker listens to a name from now on. It and the others hear of each other. */
  listen (worker: WorkerProcess, { name }: FromWorker & { readonly arrWorkers: 'listen' }): void {
    if (worker.state === 'gone' || typeof name !== 'string' || name.length > LONGEST_NAME) return
    const listener = this.#listeners.get(worker) ?? { names: new Set(), underWay: 0, lags: false }
    this.#listeners.set(worker, listener)
    if (listener.names.has(name) || listener.names.size >= MOST_NAMES) return
    listener.names.add(name)
    for (const other of this.#others(worker, name)) {
      other.send({ arrWorkers: 'came', name, worker: nameOf(worker) })
      worker.send({ arrWorkers: 'came', name, worker: nameOf(other) })
    }
  }

  tell (from: WorkerProcess, { name, data, to }: Tell): void {
    // What comes after its end would make the others know it again.
    if (!this.#listeners.has(from) || typeof data !== 'string' || data.length > MOST_TOLD) return
    const told: Told = { arrWorkers: 'told', name, data, from: nameOf(from) }
    for (const other of this.#others(from, name)) if (to === null || other.pid === to) this.#pass(other, told, data.length)
  }

  gone (worker: WorkerProcess): void {
    const listener = this.#listeners.get(worker)
    if (listener === undefined) return
    this.#listeners.delete(worker)
    for (const [other, { names }] of this.#listeners) {
      for (const name of names) {
        if (!listener.names.has(name)) continue
        other.send({ arrWorkers: 'gone', worker: nameOf(worker) })
        break
      }
    }
  }

  #others (worker: WorkerProcess, name: string): WorkerProcess[] {
    const others: WorkerProcess[] = []
    for (const [other, { names }] of this.#listeners) if (other !== worker && names.has(name)) others.push(other)
    return others
  }

  #pass (to: WorkerProcess, told: Told, size: number): void {
    const listener = this.#listeners.get(to) as Listener
    if (listener.underWay + size > MOST_ON_THE_WAY) listener.lags = true
    if (listener.lags) return
    listener.underWay += size
    to.send(told, undefined, () => {
      listener.underWay -= size
      if (this.#listeners.get(to) !== listener) return
      if (listener.lags && listener.underWay === 0) this.#begin(to, listener)
    })
  }

  /** It has read what it was told, and has missed what came meanwhile. */
  #begin (worker: WorkerProcess, listener: Listener): void {
    listener.lags = false
    for (const name of listener.names) for (const other of this.#others(worker, name)) other.send({ arrWorkers: 'came', name, worker: nameOf(worker) })
  }
}

function nameOf ({ generation, number, pid }: WorkerProcess): WorkerName {
  return { generation, number, pid }
}
