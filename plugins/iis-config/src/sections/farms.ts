// `<webFarms>`: one server stands for each farm, and its address goes into the rules that name the farm.
import { differs, lost, readAttributes, type AttributeTable } from '../reading/attribute-table.ts'
import { collection } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import type { ReadRule } from '../rewrite/inbound-rules.ts'
import type { Rule } from '../rewrite/rewrite-options.ts'
import type { XmlElement } from '../xml/element.ts'
import { PROXY, type ProxyDraft } from './proxy.ts'

/** A farm, and the server that stands for it. */
export interface Farm {
  readonly name: string
  readonly element: XmlElement
  readonly enabled: boolean
  /** Null where none is enabled. */
  readonly server: { readonly address: string, readonly httpPort: number, readonly httpsPort: number } | null
}

const ONE_SERVER = 'one server stands for the farm, so there is nothing to choose'
const BALANCE = 'requests are not spread over several servers; only the first that is enabled is used'
const BALANCER = 'put a load balancer in front of the servers, and its address into the rule'

const FRAMEWORK = 'not a setting of ARR, but of another module such as the Web Farm Framework, which provisions servers; nothing is provisioned here'

/** What ARR has in a farm and in a server of it. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  webFarm: ['name', 'enabled', 'adminUserName', 'adminPassword', 'server', 'applicationRequestRouting', 'clear', 'remove'],
  server: ['address', 'enabled', 'applicationRequestRouting']
}

/** What belongs into `<applicationRequestRouting>`, in lower case, and the invented `port`. */
const MISPLACED = ['port', 'httpport', 'httpsport', 'weight', 'hostname', 'algorithm', 'url', 'protocol', 'loadbalancing', 'affinity', 'healthcheck']

/** The attributes of a server's `<applicationRequestRouting>`; the ports are read with the server. */
const SERVER_ROUTING = {
  weight: differs(ONE_SERVER),
  httpPort: () => {},
  httpsPort: () => {},
  hostName: lost('the Host header is the same for all servers', 'set hostHeader', ['']),
  healthCheckAlternateHostName: lost('servers are not checked', undefined, ['']),
  healthCheckAlternatePort: lost('servers are not checked')
} as const satisfies AttributeTable<unknown>

/** Reads the section. The `<protocol>` of the first farm goes into the proxy's options, which are the same for all upstreams. */
export function readFarms (reading: Reading, section: XmlElement, draft: ProxyDraft): Farm[] {
  reading.used(section)
  for (const child of section.children.filter(({ name }) => name === 'applicationRequestRouting')) readProviders(reading, child)
  return collection(reading, section, 'webFarm', 'name').entries.map((element, index) => readFarm(reading, element, index === 0 ? draft : null))
}

function readFarm (reading: Reading, element: XmlElement, draft: ProxyDraft | null): Farm {
  const name = reading.required(element, 'name')
  const enabled = reading.flag(element, 'enabled') !== false
  reading.differs(reading.attribute(element, 'adminUserName'), 'nothing is provisioned here')
  reading.differs(reading.attribute(element, 'adminPassword'), 'nothing is provisioned here')
  let server: Farm['server'] = null
  for (const member of collection(reading, element, 'server', 'address').entries) {
    const address = reading.required(member, 'address')
    const on = reading.flag(member, 'enabled') !== false
    const routing = member.children.find(child => child.name === 'applicationRequestRouting')
    const ports = { httpPort: 80, httpsPort: 443 }
    if (routing !== undefined) {
      readAttributes<unknown>(reading, routing, SERVER_ROUTING, undefined)
      ports.httpPort = reading.integer(routing, 'httpPort', 1, 65535) ?? 80
      ports.httpsPort = reading.integer(routing, 'httpsPort', 1, 65535) ?? 443
    }
    if (enabled && on && server === null) server = { address, ...ports }
    else if (enabled && on) reading.losesAll(member, BALANCE, BALANCER)
  }
  if (server === null && enabled) reading.differs(element, 'no server of it is enabled: rules that lead to it answer 502.4, as in ARR')
  otherSettings(reading, element)
  // In ARR, preserveHostHeader is true by default for a farm's <protocol>, and false for <proxy>.
  if (draft !== null && enabled) draft.options.hostHeader = 'preserve'
  for (const child of element.children) {
    if (child.name === 'applicationRequestRouting') readRouting(reading, child, draft)
  }
  return { name, element, enabled, server }
}

/** The list of providers for affinity by host name, which ARR's installer writes. A farm uses one only with `useHostName`. */
function readProviders (reading: Reading, element: XmlElement): void {
  reading.used(element)
  for (const list of element.children.filter(({ name }) => name === 'hostAffinityProviderList')) {
    reading.usedAll(list, 'what ARR installs; a farm uses it only with useHostName="true"')
  }
}

/** Settings of a farm and its servers that other modules than ARR have, such as the Web Farm Framework. Names of ARR in the wrong place are left to the mistakes. */
function otherSettings (reading: Reading, element: XmlElement): void {
  const known = KNOWN[element.name] ?? []
  for (const attribute of element.attributes.values()) {
    const name = attribute.name.toLowerCase()
    if (attribute.namespace === '' && !known.some(one => one.toLowerCase() === name) && !MISPLACED.includes(name)) reading.differs(attribute, FRAMEWORK)
  }
  for (const child of element.children) {
    if (child.name === 'server') otherSettings(reading, child)
    else if (!known.includes(child.name) && !MISPLACED.includes(child.name.toLowerCase())) reading.differsAll(child, FRAMEWORK)
  }
}

/** A farm's `<applicationRequestRouting>`: protocol, health checks, affinity, balancing. */
function readRouting (reading: Reading, element: XmlElement, draft: ProxyDraft | null): void {
  reading.used(element)
  for (const child of element.children) {
    switch (child.name) {
      case 'protocol':
        if (draft === null) {
          reading.losesAll(child, 'the proxy\'s options are the same for all upstreams, and the first farm has filled them')
          break
        }
        reading.made(draft.options, child)
        readAttributes<ProxyDraft>(reading, child, PROXY, draft)
        reading.differs(child, 'holds for all upstreams, not for this farm alone')
        for (const cache of child.children.filter(({ name }) => name === 'cache')) reading.differsAll(cache, 'there is no response cache here')
        break
      case 'loadBalancing':
        reading.differsAll(child, ONE_SERVER)
        break
      case 'affinity':
        if (reading.flag(child, 'useCookie') === true || reading.flag(child, 'useHostName') === true) reading.losesAll(child, 'clients are not bound to a server', 'one server stands for the farm, so all are bound to it')
        else reading.differsAll(child, ONE_SERVER)
        break
      case 'healthCheck':
        reading.losesAll(child, 'servers are not checked', BALANCER)
        break
    }
  }
}

/** A URL whose host may be the name of a farm: it has no port. */
const NAMED = /^(https?):\/\/([^/:?{]+)(?=[/?{]|$)/i

const farmOf = (match: RegExpExecArray | null, farms: readonly Farm[]): Farm | undefined =>
  farms.find(({ name }) => name.toLowerCase() === match?.[2]?.toLowerCase())

/** Rules that lead to another server answer 404.4 where the proxy is switched off, as in IIS. Rules that lead to a farm still work. */
export function endProxying (reading: Reading, rules: readonly ReadRule[], farms: readonly Farm[]): void {
  for (const { element, rule } of rules) {
    const { action } = rule
    if (action?.type !== 'Rewrite' || !/^(https?|wss?):/i.test(action.url) || farmOf(NAMED.exec(action.url), farms) !== undefined) continue
    reading.mistake('proxy-is-off', element, `rule "${rule.name}" goes to another server, but the proxy is off: the answer is 404.4, as in IIS`)
    rule.action = { type: 'CustomResponse', statusCode: 404, subStatusCode: 4 }
  }
}

/** Replaces the name of a farm in a rule's URL by the address of its server. Rules that lead to a farm without one answer 502.4, as in ARR. */
export function nameServers (rules: readonly Rule[], farms: readonly Farm[]): void {
  for (const rule of rules) {
    const { action } = rule
    if (action?.type !== 'Rewrite') continue
    const match = NAMED.exec(action.url)
    const farm = farmOf(match, farms)
    if (match === null || farm === undefined) continue
    if (farm.server === null) {
      if (farm.enabled) rule.action = { type: 'CustomResponse', statusCode: 502, subStatusCode: 4 }
      continue
    }
    const secure = match[1]?.toLowerCase() === 'https'
    const port = secure ? farm.server.httpsPort : farm.server.httpPort
    const host = farm.server.address.includes(':') ? `[${farm.server.address}]` : farm.server.address
    action.url = `${match[1]}://${host}${port === (secure ? 443 : 80) ? '' : `:${port}`}${action.url.slice(match[0].length)}`
  }
}
