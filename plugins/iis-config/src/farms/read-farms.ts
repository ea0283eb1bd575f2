// `<webFarms>`: each farm with its servers, and how they are chosen, checked and spoken to.
import type { FarmOptions } from '../config/farm-options.ts'
import type { FarmProxyOptions, UpstreamProxyOptions } from '../config/proxy-options.ts'
import { collection } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import { readAffinity } from './affinity.ts'
import type { Farm } from './farm.ts'
import { hostsOf } from './farm-names.ts'
import { readProtocol, unsaidProtocol } from './farm-proxy.ts'
import { readHealthCheck } from './health-check.ts'
import { HostName } from './host-in-url.ts'
import { readLoadBalancing, UNSAID } from './load-balancing.ts'
import { tellOtherModules } from './other-modules.ts'
import { readServers } from './servers.ts'

/** What a farm's `<applicationRequestRouting>` says. */
type Routing = Omit<FarmOptions, 'name' | 'enabled' | 'servers'> & { proxy: FarmProxyOptions }

/** Reads the sections: there is one, but for transforms that add another. `proxy` is what `<proxy>` says of all upstreams. */
export function readFarms (reading: Reading, sections: readonly XmlElement[], proxy: UpstreamProxyOptions): Farm[] {
  const entries = sections.flatMap(section => {
    reading.used(section)
    for (const child of section.children.filter(({ name }) => name === 'applicationRequestRouting')) readProviders(reading, child)
    return collection(reading, section, 'webFarm', 'name').entries
  })
  twins(reading, entries)
  const hosts = hostsOf(entries.map(({ attributes }) => attributes.get('name')?.value ?? ''))
  const farms = entries.map(element => {
    const name = reading.required(element, 'name')
    const host = hosts.get(name) ?? name
    if (host !== name) reading.differs(element.attributes.get('name'), `a URL cannot have this name as its host: here the farm is ${host}, and rules that lead to it say so`)
    return readFarm(reading, element, name, host, proxy)
  })
  if (farms.some(({ enabled, options }) => enabled && (options?.servers.filter(({ state }) => state === undefined).length ?? 0) > 1)) {
    reading.differsGenerally({
      code: 'farm-failures',
      note: 'a server of a farm whose connections fail is left out for some seconds, and what has not reached it goes to another one; ARR goes on asking it, and answers 502.3',
      advice: 'for what ARR does: liveTraffic: false and retry: false in the options of server-farm'
    })
  }
  return farms
}

/** Two sections may have farms of one name. */
function twins (reading: Reading, entries: readonly XmlElement[]): void {
  const names = new Set<string>()
  for (const element of entries) {
    const name = element.attributes.get('name')?.value.toLowerCase() ?? ''
    if (names.has(name)) reading.problem(element, `a second farm with the name ${name}`)
    names.add(name)
  }
}

function readFarm (reading: Reading, element: XmlElement, name: string, host: string, proxy: UpstreamProxyOptions): Farm {
  const enabled = reading.flag(element, 'enabled') !== false
  reading.differs(reading.attribute(element, 'adminUserName'), 'nothing is provisioned here')
  reading.differs(reading.attribute(element, 'adminPassword'), 'nothing is provisioned here')
  const servers = readServers(reading, element)
  tellOtherModules(reading, element)
  const routing: Routing = { ...UNSAID, proxy: unsaidProtocol(proxy) }
  for (const child of element.children) {
    if (child.name === 'applicationRequestRouting') readRouting(reading, child, routing, new HostName(name, host))
  }
  const { proxy: own, algorithm, ...rest } = routing
  const isUsable = servers.some(({ state }) => state === undefined)
  if (!isUsable && enabled) reading.differs(element, 'no server of it is enabled: rules that lead to it answer 502.4, as in ARR')
  if (!enabled) reading.usedWith(element, 'the farm is switched off: its name is a host like any other, as in ARR')
  const options: FarmOptions = { name: host, ...!enabled && { enabled }, servers, algorithm, ...rest }
  return { name, host, element, enabled, options: isUsable ? reading.made(options, element) : null, proxy: own }
}

/** The list of providers for affinity by host name, which ARR's installer writes. A farm uses one only with `useHostName`. */
function readProviders (reading: Reading, element: XmlElement): void {
  reading.used(element)
  for (const list of element.children.filter(({ name }) => name === 'hostAffinityProviderList')) {
    reading.usedAll(list, 'what ARR installs; a farm uses it only with useHostName="true"')
  }
}

/** A farm's `<applicationRequestRouting>`. */
function readRouting (reading: Reading, element: XmlElement, routing: Routing, farm: HostName): void {
  reading.used(element)
  for (const child of element.children) {
    switch (child.name) {
      case 'protocol':
        routing.proxy = readProtocol(reading, child, routing.proxy)
        break
      case 'loadBalancing':
        Object.assign(routing, readLoadBalancing(reading, child))
        break
      case 'affinity': {
        const affinity = readAffinity(reading, child)
        if (affinity !== undefined) routing.affinity = affinity
        break
      }
      case 'healthCheck':
        Object.assign(routing, readHealthCheck(reading, child, farm))
        break
    }
  }
}
