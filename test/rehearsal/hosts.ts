// Machines that are none: network namespaces on one bridge. They are in a mount and a process namespace of their own (see rehearsal.test.ts), and gone with it.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

const BRIDGE = 'street'
/** Where the clients and the balancer are. */
export const STREET = '10.99.0.1'

function ip (words: string): void {
  execFileSync('ip', words.split(' '), { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Opens the street. */
export function openStreet (): void {
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
  ip('link set lo up')
  ip(`link add ${BRIDGE} type bridge`)
  ip(`addr add ${STREET}/24 dev ${BRIDGE}`)
  ip(`link set ${BRIDGE} up`)
}

/** A machine in the street, with one or more addresses. */
export class Host {
  readonly name: string
  readonly addresses: readonly string[]

  constructor (name: string, ...addresses: string[]) {
    this.name = name
    this.addresses = addresses
    ip(`netns add ${name}`)
    ip(`link add ${name} type veth peer name eth0 netns ${name}`)
    ip(`link set ${name} master ${BRIDGE}`)
    ip(`link set ${name} up`)
    for (const address of addresses) ip(`-n ${name} addr add ${address}/24 dev eth0`)
    ip(`-n ${name} link set lo up`)
    ip(`-n ${name} link set eth0 up`)
  }

  /** Starts a program there. */
  run (words: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
    return spawn('ip', ['netns', 'exec', this.name, ...words], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  }
}

/** Waits until `isSo`; asks again and again, because nobody tells. */
export async function until (isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isSo()) await new Promise(resolve => setTimeout(resolve, 50))
}

/** How a program has ended. */
export async function exitOf (child: ChildProcess): Promise<number | string> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode ?? child.signalCode as string
}
