// `<healthCheck>`: how is it known whether a server is well?
import type { FarmHealth, FarmLiveTraffic, FarmOptions } from '../config/farm-options.ts'
import { differs, readAttributes, type AttributeTable, type Fate } from '../reading/attribute-table.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import type { HostName } from './host-in-url.ts'

/** The options that the element becomes. */
export type Health = Pick<FarmOptions, 'health' | 'liveTraffic' | 'minServers' | 'whenAllDown'>

/** ARR's defaults. */
const HEALTH = { interval: 30_000, timeout: 30_000, retries: 3, statusCodes: '200-399' } as const satisfies Omit<FarmHealth, 'url'>
const LIVE = { statusCodes: '500-', failures: 10 } as const satisfies Omit<FarmLiveTraffic, 'period'>

/** Numbers and ranges with commas; a range may have no end. */
const STATUSES = /^\d{3}(?:-(?:\d{3})?)?(?:,\d{3}(?:-(?:\d{3})?)?)*$/

interface Draft {
  url: string
  health: Omit<FarmHealth, 'url'>
  live: Omit<FarmLiveTraffic, 'period'>
  period: number
  minServers: number
}

const statuses = (set: (draft: Draft, codes: string) => void, byDefault: string): Fate<Draft> => (reading, element, name, draft) => {
  const codes = (reading.text(element, name) ?? '').replace(/\s+/g, '')
  if (codes === '') return
  if (STATUSES.test(codes)) set(draft, codes)
  else reading.loses(element.attributes.get(name), `these are no statuses: ${byDefault} is used`, 'numbers and ranges with commas, such as 200-399,404')
}

/** A time between two probes, or for one: at least a second. */
const time = (key: 'interval' | 'timeout'): Fate<Draft> => (reading, element, name, { health }) => {
  const ms = reading.duration(element, name)
  if (ms === undefined) return
  health[key] = Math.max(ms, 1000)
  if (ms < 1000) reading.differs(element.attributes.get(name), 'it is a second at least')
}

const TABLE = {
  url: (reading, element, name, draft) => { draft.url = reading.text(element, name)?.trim() ?? '' },
  interval: time('interval'),
  timeout: time('timeout'),
  retries: (reading, element, name, { health }) => { health.retries = Math.max(1, reading.integer(element, name) ?? health.retries) },
  statusCodeMatch: statuses(({ health }, codes) => { health.statusCodes = codes }, HEALTH.statusCodes),
  responseMatch: (reading, element, name, { health }) => {
    const contains = reading.text(element, name) ?? ''
    if (contains !== '') health.contains = contains
  },
  liveTrafficFailureCodes: statuses(({ live }, codes) => { live.statusCodes = codes }, LIVE.statusCodes),
  maxLiveTrafficFailures: (reading, element, name, { live }) => { live.failures = Math.max(1, reading.integer(element, name) ?? live.failures) },
  liveTrafficFailurePeriod: (reading, element, name, draft) => { draft.period = reading.duration(element, name) ?? 0 },
  minServers: (reading, element, name, draft) => { draft.minServers = reading.integer(element, name) ?? 0 },
  onDemandHealthCheck: differs('servers are asked at the interval, whether they get requests or not', ['false', '0'])
} as const satisfies AttributeTable<Draft>

/** Reads the element. */
export function readHealthCheck (reading: Reading, element: XmlElement, farm: HostName): Health {
  const draft: Draft = { url: '', health: { ...HEALTH }, live: { ...LIVE }, period: 0, minServers: 0 }
  readAttributes<Draft>(reading, element, TABLE, draft)
  const health = healthOf(reading, element, draft, farm)
  return {
    ...health !== null && { health, whenAllDown: 'none' },
    ...draft.period > 0 && { liveTraffic: liveTrafficOf(reading, element, draft) },
    ...draft.minServers > 0 && { minServers: draft.minServers }
  }
}

function healthOf (reading: Reading, element: XmlElement, { url: written, health }: Draft, farm: HostName): FarmHealth | null {
  const attribute = element.attributes.get('url')
  if (written === '') {
    unneeded(reading, element, ['interval', 'timeout', 'retries', 'statusCodeMatch', 'responseMatch', 'onDemandHealthCheck'], 'has no effect without a url, in ARR as well')
    return null
  }
  const url = farm.into(written)
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    reading.loses(attribute, 'no server is asked: this is no URL of http or https')
    return null
  }
  reading.differs(attribute, 'where no server is well, the answer is 503; ARR\'s is 502.4')
  const timeout = Math.min(health.timeout, health.interval)
  if (timeout < health.timeout) reading.differs(element.attributes.get('timeout') ?? attribute, 'a probe ends before the next one begins: the timeout is the interval')
  return reading.made<FarmHealth>({ url, ...health, timeout }, element)
}

function liveTrafficOf (reading: Reading, element: XmlElement, { live, period }: Draft): FarmLiveTraffic {
  reading.differs(element.attributes.get('liveTrafficFailurePeriod'), 'a server comes back by itself, after 5 seconds the first time, and at most half of the farm is out because of its traffic; in ARR it comes back when the URL test says so')
  return { ...live, period }
}

/** Tells attributes that change nothing. */
function unneeded (reading: Reading, element: XmlElement, names: readonly string[], note: string): void {
  for (const name of names) {
    const attribute = element.attributes.get(name)
    if (attribute !== undefined) reading.usedWith(attribute, note)
  }
}
