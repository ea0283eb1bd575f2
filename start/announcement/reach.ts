// Who can reach which port? The addresses that are listened on, in words.
import { isIP } from 'node:net'

/** An address that is listened on. */
export interface Reached {
  readonly protocol: string
  readonly address: string
  readonly port: number
}

/** A line for each of `this machine only`, `every address of this machine` and single addresses, with the ports that are open there. */
export function reachOf (addresses: readonly Reached[]): string[] {
  // Several addresses of one port are one listener: the widest of them counts.
  const byPort = new Map<string, Set<string>>()
  for (const { protocol, address, port } of addresses) {
    const name = `${protocol} ${port}`
    byPort.set(name, (byPort.get(name) ?? new Set()).add(wordsFor(address)))
  }
  const byWords = new Map<string, string[]>()
  for (const [name, found] of byPort) {
    const others = [...found].filter(words => words !== HERE)
    const words = found.has(EVERYWHERE) ? EVERYWHERE : others.length === 0 ? HERE : [...found].sort().join(', ')
    byWords.set(words, [...byWords.get(words) ?? [], name])
  }
  return [...byWords].map(([words, names]) => `${names.length > FEW ? `${names.slice(0, FEW).join(', ')} and ${names.length - FEW} more` : names.join(', ')}: ${words}`)
}

const HERE = 'this machine only'
const EVERYWHERE = 'every address of this machine'
const FEW = 3

function wordsFor (address: string): string {
  if (address === '0.0.0.0' || address === '::') return EVERYWHERE
  return /^127\.|^::1$|^::ffff:127\./.test(address) && isIP(address) !== 0 ? HERE : address
}
