// Who works at this moment? Generations, their workers, and the tunnels of each.
import type { Generation } from './generation.ts'
import type { WorkerState } from './worker-process.ts'

/** `supervisor.status()`. */
export interface Status {
  readonly pid: number
  /** The generation that takes connections; null before the first does. */
  readonly serving: number | null
  /** Of all workers, as they said last: at most a second ago. */
  readonly tunnels: number
  readonly generations: ReadonlyArray<{
    readonly number: number
    readonly tunnels: number
    readonly workers: readonly WorkerStatus[]
  }>
}

export interface WorkerStatus {
  readonly number: number
  readonly pid: number
  readonly state: WorkerState
  readonly tunnels: number
  /** When its process was started, ms since the epoch. */
  readonly since: number
  /** How often a process was started in its place. */
  readonly starts: number
}

export function statusOf (generations: readonly Generation[], serving: number | null): Status {
  const told = generations.map(generation => {
    const workers = generation.workers.map(({ number, pid, state, tunnels, since, starts }) => ({ number, pid, state, tunnels, since, starts })).sort((one, other) => one.number - other.number)
    return { number: generation.number, tunnels: sum(workers), workers }
  })
  return { pid: process.pid, serving, tunnels: sum(told), generations: told }
}

function sum (all: ReadonlyArray<{ readonly tunnels: number }>): number {
  return all.reduce((total, { tunnels }) => total + tunnels, 0)
}
