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

/** A number, or a range, which may have no end. */
const STATUSES = /^([1-9]\d\d)(?:-([1-9]\d\d)?)?$/
/** A day, in ms; and the most failures. */
const LONGEST = 86_400_000
const MOST = 1000
/** The longest text that server-farm looks for. */
const LONGEST_TEXT = 1000

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
  if (codes.split(',').every(isStatuses)) set(draft, codes)
  else reading.loses(element.attributes.get(name), `these are no statuses: ${byDefault} is used`, 'numbers and ranges with commas, such as 200-399,404')
}

function isStatuses (text: string): boolean {
  const [, from, to = '999'] = STATUSES.exec(text) ?? []
  return from !== undefined && Number(from) <= Number(to)
}

/** A number as far as server-farm takes it. */
function within (reading: Reading, element: XmlElement, name: string, value: number, least: number, most: number): number {
  const bounded = Math.min(most, Math.max(least, Math.round(value)))
  if (bounded !== value) reading.differs(element.attributes.get(name), `it is ${bounded}${most === LONGEST ? ' ms' : ''} here`)
  return bounded
}

/** A time between two probes, or for one: at least a second. */
const time = (key: 'interval' | 'timeout'): Fate<Draft> => (reading, element, name, { health }) => {
  const ms = reading.duration(element, name)
  if (ms !== undefined) health[key] = within(reading, element, name, ms, 1000, LONGEST)
}

const count = (set: (draft: Draft, number: number) => void): Fate<Draft> => (reading, element, name, draft) => {
  const number = reading.integer(element, name)
  if (number !== undefined) set(draft, within(reading, element, name, number, 1, MOST))
}

const TABLE = {
  url: (reading, element, name, draft) => { draft.url = reading.text(element, name)?.trim() ?? '' },
  interval: time('interval'),
  timeout: time('timeout'),
  retries: count(({ health }, number) => { health.retries = number }),
  statusCodeMatch: statuses(({ health }, codes) => { health.statusCodes = codes }, HEALTH.statusCodes),
  responseMatch: (reading, element, name, { health }) => {
    const contains = reading.text(element, name) ?? ''
    if (contains.length > LONGEST_TEXT) reading.loses(element.attributes.get(name), `a text of more than ${LONGEST_TEXT} characters is not looked for`)
    else if (contains !== '') health.contains = contains
  },
  liveTrafficFailureCodes: statuses(({ live }, codes) => { live.statusCodes = codes }, LIVE.statusCodes),
  maxLiveTrafficFailures: count(({ live }, number) => { live.failures = number }),
  liveTrafficFailurePeriod: (reading, element, name, draft) => { draft.period = within(reading, element, name, reading.duration(element, name) ?? 0, 0, LONGEST) },
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
  if (!isProbed(url)) {
    reading.loses(attribute, 'no server is asked: this is no URL of http or https, or has a user name or a fragment')
    return null
  }
  reading.differs(attribute, 'where no server is well, the answer is 503; ARR\'s is 502.4')
  const timeout = Math.min(health.timeout, health.interval)
  if (timeout < health.timeout) reading.differs(element.attributes.get('timeout') ?? attribute, 'a probe ends before the next one begins: the timeout is the interval')
  return reading.made<FarmHealth>({ url, ...health, timeout }, element)
}

function isProbed (url: string): boolean {
  return /^https?:\/\/[^#\s]+$/i.test(url) && URL.canParse(url) && new URL(url).username + new URL(url).password === ''
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
