// How many processes does it take to have so many connections open at once?
import { readFileSync } from 'node:fs'

/** What a process has open besides the connections that it was asked for. */
const OWN = 1000

/** The part of a process's limit that is planned for where there are several: neither the kernel nor a supervisor shares connections out quite evenly. */
const PLANNED = 0.9

/** How many files a process may have open at most: what an ordinary user can raise its limit to. */
export function filesPerProcess (): number {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 'unlimited'
  return hard === 'unlimited' ? Infinity : Number(hard)
}

/** The open files of a process that holds all connections by itself. */
export function filesFor (connections: number): number {
  return connections + OWN
}

/** How many processes are needed for so many connections: one, wherever that may have so many files open. */
export function processesFor (connections: number): number {
  const limit = filesPerProcess()
  if (filesFor(connections) <= limit) return 1
  return Math.ceil(connections / Math.max(1, PLANNED * (limit - OWN)))
}
