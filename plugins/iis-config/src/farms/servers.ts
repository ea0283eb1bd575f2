// `<server>`: which servers does a farm have?
import { isIP, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import type { FarmServerOptions } from '../config/farm-options.ts'
import { readAttributes, type AttributeTable, type Fate } from '../reading/attribute-table.ts'
import { collection } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'

/** The largest weight of server-farm. */
const HEAVIEST = 65535

const NAME = /^(?!-)[\w-]+(?:\.[\w-]+)*\.?$/

const port = (key: 'httpPort' | 'httpsPort'): Fate<FarmServerOptions> => (reading, element, name, server) => {
  const number = reading.integer(element, name, 1, 65535)
  if (number !== undefined) server[key] = number
}

const NO_HOST = 'this is no host: it is left out'

/** A Host header may have a port. */
const hostName: Fate<FarmServerOptions> = (reading, element, name, server) => {
  const text = reading.text(element, name)?.trim() ?? ''
  if (text === '') return
  const [, host = '', port = ''] = /^(.*?)(:\d{1,5})?$/.exec(text) ?? []
  const address = isIPv6(text) ? text : addressOf(host)
  if (address === null) reading.loses(element.attributes.get(name), NO_HOST)
  else server.hostName = isIPv6(address) ? `[${address}]${address === text ? '' : port}` : address + port
}

const healthHost: Fate<FarmServerOptions> = (reading, element, name, server) => {
  const text = reading.text(element, name)?.trim() ?? ''
  if (text === '') return
  const address = addressOf(text)
  if (address === null) reading.loses(element.attributes.get(name), NO_HOST)
  else server.healthHost = address
}

/** The attributes of a server's `<applicationRequestRouting>`. */
const ROUTING = {
  weight: (reading, element, name, server) => {
    const weight = reading.integer(element, name)
    if (weight === undefined) return
    server.weight = Math.min(weight, HEAVIEST)
    if (weight > HEAVIEST) reading.differs(element.attributes.get(name), `weights go up to ${HEAVIEST} here`)
  },
  httpPort: port('httpPort'),
  httpsPort: port('httpsPort'),
  hostName,
  healthCheckAlternateHostName: healthHost,
  // 0 is ARR's default: the port of the URL.
  healthCheckAlternatePort: (reading, element, name, server) => {
    const number = reading.integer(element, name, 0, 65535)
    if (number !== undefined && number > 0) server.healthPort = number
  }
} as const satisfies AttributeTable<FarmServerOptions>

/** Reads the servers of a farm: those that can be used. One that is switched off is among them, so that it can be switched on. */
export function readServers (reading: Reading, farm: XmlElement): FarmServerOptions[] {
  return collection(reading, farm, 'server', 'address').entries.flatMap(element => {
    const written = reading.required(element, 'address')
    const server: FarmServerOptions = { address: addressOf(written) ?? written }
    for (const routing of element.children.filter(({ name }) => name === 'applicationRequestRouting')) readAttributes<FarmServerOptions>(reading, routing, ROUTING, server)
    if (reading.flag(element, 'enabled') === false) {
      server.state = 'unavailableImmediately'
      reading.usedWith(element, 'it gets nothing, as in ARR; fastify.farms can switch it on')
    }
    if (written === '') return []
    if (addressOf(written) === null) {
      reading.losesAll(element, 'an address is a name or an IP address, without scheme or port: this server is left out', 'the port is <applicationRequestRouting httpPort="…" /> inside of <server>')
      return []
    }
    return [reading.made(server, element)]
  })
}

/** A name or an IP address as it is dialled, or null. */
function addressOf (text: string): string | null {
  const bare = text.trim().replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) > 0 || NAME.test(bare)) return bare
  const ascii = /\P{ASCII}/u.test(bare) ? domainToASCII(bare) : ''
  return NAME.test(ascii) ? ascii : null
}
