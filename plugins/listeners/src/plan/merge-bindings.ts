// Which listeners do IIS bindings need? One for each address and port, with all hosts that are bound to it.
//
// iis-config groups bindings the same way, with their sslFlags; test/bindings-alike.test.ts compares both, as packages never import each other.

import { isIPv4 } from 'node:net'
import { parseBinding, type IISBinding } from './iis-binding.ts'
import type { ListenerOptions } from '../options.ts'

/** A listener, and which one of the list it is of: of several bindings, the first. */
export interface Merged {
  readonly options: ListenerOptions
  readonly index: number
}

/** Turns IIS bindings into listeners; listener objects stay as they are. */
export function mergeBindings (listeners: readonly (ListenerOptions | string)[], mistake: (text: string) => void): Merged[] {
  const merged: Array<{ readonly index: number, readonly given: ListenerOptions | IISBinding[] }> = []
  const ports = new Map<string, IISBinding[]>()
  for (const [index, given] of listeners.entries()) {
    if (typeof given === 'object' && given !== null) {
      merged.push({ index, given })
      continue
    }
    const binding = typeof given === 'string' ? parseBinding(given) : null
    if (binding === null) {
      mistake(`\`listeners[${index}]\` must be an object, or written as 'https/*:443:example.com' (protocol/IP:port:host), and is ${JSON.stringify(given)}`)
      continue
    }
    const key = `${binding.protocol} port ${binding.port}`
    const known = ports.get(key)
    if (known !== undefined) {
      known.push(binding)
    } else {
      const first = [binding]
      ports.set(key, first)
      merged.push({ index, given: first })
    }
  }
  return merged.flatMap(({ index, given }) => (Array.isArray(given) ? listenersOf(given) : [given]).map(options => ({ index, options })))
}

/** The listeners for the bindings of one protocol and port. A wildcard address absorbs the addresses it covers: it would take their connections. */
function listenersOf (bindings: readonly IISBinding[]): ListenerOptions[] {
  const all = [...new Set(bindings.map(({ address }) => address))]
  const addresses = all.filter(address => !all.some(other => covers(other, address)))
  return addresses.map(address => {
    const listener = listenerOf(bindings.filter(binding => binding.address === address || covers(address, binding.address)), address)
    // The default name has only the port; two listeners of one port need names with the address.
    return addresses.length === 1 ? listener : { name: `${(bindings[0] as IISBinding).protocol} ${address} port ${listener.port}`, ...listener }
  })
}

/** Whether a socket bound to `address` also takes connections to `other`. */
function covers (address: string, other: string): boolean {
  if (address === other || other === '*') return false
  return address === '*' || address === '::' || (address === '0.0.0.0' && isIPv4(other))
}

function listenerOf (bindings: readonly IISBinding[], host: string): ListenerOptions {
  const { protocol, port } = bindings[0] as IISBinding
  const hosts = [...new Set(bindings.map(binding => binding.host).filter(name => name !== ''))]
  return { port, host, ...(protocol === 'https' && { https: { hosts } }) }
}
