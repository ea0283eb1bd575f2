// Which listeners do IIS bindings need? One for each address and port, for all the hosts that are bound to it.

import { isIPv4 } from 'node:net'
import { parseBinding, type IISBinding as Binding } from './iis-binding.ts'
import type { ListenerOptions } from './listener.ts'

/** Leaves listeners as they are, and makes bindings to listeners. */
export function mergeBindings (listeners: readonly (ListenerOptions | string)[], mistake: (text: string) => void): ListenerOptions[] {
  const merged: Array<ListenerOptions | Binding[]> = []
  const ports = new Map<string, Binding[]>()
  for (const [index, given] of listeners.entries()) {
    if (typeof given === 'object' && given !== null) {
      merged.push(given)
      continue
    }
    const binding = typeof given === 'string' ? parseBinding(given) : null
    if (binding === null) {
      mistake(`listeners[${index}], ${JSON.stringify(given)}, is neither an object nor written as 'https/*:443:example.com' (protocol/IP:port:host)`)
      continue
    }
    const key = `${binding.protocol} port ${binding.port}`
    const known = ports.get(key)
    if (known !== undefined) {
      known.push(binding)
    } else {
      const first = [binding]
      ports.set(key, first)
      merged.push(first)
    }
  }
  return merged.flatMap(one => Array.isArray(one) ? listenersOf(one) : [one])
}

/** Of one protocol and port. Who listens at every address takes what comes to each. */
function listenersOf (bindings: readonly Binding[]): ListenerOptions[] {
  const all = [...new Set(bindings.map(({ address }) => address))]
  const addresses = all.filter(address => !all.some(other => covers(other, address)))
  return addresses.map(address => {
    const listener = listenerOf(bindings.filter(binding => binding.address === address || covers(address, binding.address)), address)
    // Without a name of its own, a listener is known by its port alone.
    return addresses.length === 1 ? listener : { name: `${(bindings[0] as Binding).protocol} ${address} port ${listener.port}`, ...listener }
  })
}

function covers (address: string, other: string): boolean {
  if (address === other || other === '*') return false
  return address === '*' || address === '::' || (address === '0.0.0.0' && isIPv4(other))
}

function listenerOf (bindings: readonly Binding[], host: string): ListenerOptions {
  const { protocol, port } = bindings[0] as Binding
  const hosts = [...new Set(bindings.map(binding => binding.host).filter(name => name !== ''))]
  return { port, host, ...(protocol === 'https' && { https: { hosts } }) }
}
