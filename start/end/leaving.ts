// How does whoever is in front learn that this site leaves, before it does? `/readyz` says so, and the site serves for a while as before:
// who asks for it now was sent here by somebody who has not asked `/readyz` since.
import cluster, { type Worker } from 'node:cluster'

let isLeaving = false

/** From a supervisor to its workers: the signal to leave has come to it. */
const LEAVING = { fastifyArr: 'leaving' } as const

/** Whether the signal to leave has not come. */
export function stays (): boolean {
  return !isLeaving
}

/**
 * From now on, those who listen to SIGTERM hear it later by `delay`, ms; a second SIGTERM does not wait. To be called when they all listen:
 * a listener that is taken off while a signal is told still hears it. `told` is called with the first.
 */
export function leaveLater (delay: number, told = (): void => {}): void {
  const waiting = process.listeners('SIGTERM')
  if (delay === 0 || waiting.length === 0) return
  for (const listener of waiting) process.off('SIGTERM', listener)
  process.once('SIGTERM', () => {
    isLeaving = true
    told()
    const timer = setTimeout(pass, delay)
    process.once('SIGTERM', pass)

    function pass (): void {
      clearTimeout(timer)
      process.off('SIGTERM', pass)
      // All are there before the first hears it: some (signal-exit) end the process where nobody else listens.
      for (const listener of waiting) process.on('SIGTERM', listener)
      for (const listener of waiting) listener('SIGTERM')
    }
  })
}

/** Tells all workers of this process that it leaves, those that are started from now on as well. */
export function tellLeaving (): void {
  const tell = (worker: Worker | undefined): void => { worker?.send(LEAVING, () => {}) }
  Object.values(cluster.workers ?? {}).forEach(tell)
  // By then they hear, and take no connection yet.
  cluster.on('listening', tell)
}

/** In a worker: hears that its supervisor leaves. To be called before others listen to messages. */
export function hearLeaving (): void {
  process.on('message', message => { if ((message as Partial<typeof LEAVING> | null)?.fastifyArr === LEAVING.fastifyArr) isLeaving = true })
}
