// What do the options of a farm say of health? They are checked and compiled.
import { unknownOptions } from '../known-options.ts'
import { statusRanges } from './status-ranges.ts'
import type { FarmOptions, HealthOptions, LiveTrafficOptions } from '../options.ts'
import type { HealthSettings, LiveTrafficSettings, ProbeSettings } from './health-settings.ts'

export type { HealthSettings } from './health-settings.ts'

type Kind = readonly [isRight: (value: unknown) => boolean, kind: string]

/** A day: a timer of Node's takes no more than 24, and a longer time is a mistake of the unit. */
const LONGEST = 86_400_000

const isCount = (value: unknown, from: number, to: number): boolean => Number.isInteger(value) && (value as number) >= from && (value as number) <= to
const isRanges = (value: unknown): boolean => typeof value === 'string' && statusRanges(value) !== null
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isFlag = (value: unknown): boolean => typeof value === 'boolean'

const STATUSES: Kind = [isRanges, 'must be statuses and ranges with commas, such as 200-399,404-']
const time = (from: number): Kind => [value => isCount(value, from, LONGEST), `must be a whole number of ms from ${from} to ${LONGEST}`]
const count = (to: number): Kind => [value => isCount(value, 1, to), `must be a whole number from 1 to ${to}`]

// Records, so that a missing key is a compile error.
const HEALTH: Readonly<Record<keyof HealthOptions, Kind>> = {
  url: [value => typeof value === 'string' && probedUrl(value) !== null, 'must be a path that begins with one slash, or an http, https, ws or wss URL without a user name and a fragment'],
  interval: time(10),
  timeout: time(1),
  retries: count(1000),
  successes: count(1000),
  statusCodes: STATUSES,
  contains: [value => typeof value === 'string' && value !== '' && value.length <= 1000, 'must be a text of 1 to 1000 characters'],
  webSocket: [value => isFlag(value) || value === 'ping', "must be true, false or 'ping'"],
  rejectUnauthorized: [isFlag, 'must be true or false']
}
const LIVE: Readonly<Record<keyof LiveTrafficOptions, Kind>> = {
  statusCodes: STATUSES,
  failures: count(1000),
  period: time(0),
  out: time(1),
  maxOut: time(1),
  atMost: [value => typeof value === 'number' && value >= 0 && value <= 1, 'must be a number from 0 to 1']
}

/** The settings of a farm's health. Each mistake is pushed to `mistakes`; where there is one, the settings have no meaning. `place` is the farm's, such as `farms[0]`. */
export function compileHealth (options: Pick<FarmOptions, 'health' | 'liveTraffic'>, place: string, mistakes: string[]): HealthSettings {
  const { health, liveTraffic = {} } = options
  const before = mistakes.length
  if (health !== undefined) checkHealth(health, `${place}.health`, mistakes)
  if (liveTraffic !== false) checkLiveTraffic(liveTraffic, `${place}.liveTraffic`, mistakes)
  if (mistakes.length > before) return { probes: null, liveTraffic: null }
  return { probes: health === undefined ? null : compileProbes(health), liveTraffic: liveTraffic === false ? null : compileLiveTraffic(liveTraffic) }
}

function checkHealth (health: unknown, at: string, mistakes: string[]): void {
  if (!checkKinds(health, HEALTH, at, mistakes, 'must be an object')) return
  if (health.url === undefined) mistakes.push(`\`${at}.url\` ${HEALTH.url[1]}`)
  const { interval, timeout, url, webSocket = false, contains, statusCodes } = health as Partial<HealthOptions>
  if (typeof timeout === 'number' && typeof interval === 'number' && timeout > interval) mistakes.push(`\`${at}.timeout\` must be at most \`interval\``)
  if (typeof timeout === 'number' && interval === undefined && timeout > 30_000) mistakes.push(`\`${at}.timeout\` must be at most \`interval\`, which is 30000`)
  if (webSocket === false && typeof url === 'string' && /^wss?:/i.test(url)) mistakes.push(`\`${at}.url\` is that of a WebSocket, and \`webSocket\` is not set`)
  if (webSocket !== false && contains !== undefined) mistakes.push(`\`${at}.contains\` has no meaning with \`webSocket\``)
  if (webSocket !== false && statusCodes !== undefined) mistakes.push(`\`${at}.statusCodes\` has no meaning with \`webSocket\`, whose status is 101`)
}

function checkLiveTraffic (live: unknown, at: string, mistakes: string[]): void {
  if (!checkKinds(live, LIVE, at, mistakes, 'must be an object or false')) return
  const { out = 5000, maxOut = 300_000 } = live as LiveTrafficOptions
  if (typeof out === 'number' && typeof maxOut === 'number' && out > maxOut) mistakes.push(`\`${at}.out\` must be at most \`maxOut\`, which is ${maxOut}`)
}

/** Checks each value by itself. False where it is no object. */
function checkKinds (value: unknown, kinds: Readonly<Record<string, Kind>>, at: string, mistakes: string[], kind: string): value is Record<string, unknown> {
  if (!isRecord(value)) {
    mistakes.push(`\`${at}\` ${kind}`)
    return false
  }
  mistakes.push(...unknownOptions(value, Object.keys(kinds)).map(text => `\`${at}\`: ${text}`))
  for (const [key, [isRight, kind]] of Object.entries(kinds)) {
    if (value[key] !== undefined && !isRight(value[key])) mistakes.push(`\`${at}.${key}\` ${kind}`)
  }
  return true
}

/** What a probe asks for; null for a text that names nothing. */
function probedUrl (text: string): Pick<ProbeSettings, 'secure' | 'host' | 'path'> | null {
  if (/^\/(?!\/)[\x21-\x7e]*$/.test(text) && !text.includes('#')) return { secure: false, host: null, path: text }
  if (!/^(?:http|ws)s?:\/\/[^#\s]+$/i.test(text) || !URL.canParse(text)) return null
  const { protocol, host, pathname, search, username, password } = new URL(text)
  if (username !== '' || password !== '') return null
  return { secure: protocol === 'https:' || protocol === 'wss:', host, path: pathname + search }
}

function compileProbes ({ url, interval = 30_000, timeout = Math.min(30_000, interval), retries = 3, successes = 1, statusCodes = '200-399', contains, webSocket = false, rejectUnauthorized = true }: HealthOptions): ProbeSettings {
  return {
    ...probedUrl(url) as Pick<ProbeSettings, 'secure' | 'host' | 'path'>,
    interval,
    timeout,
    retries,
    successes,
    statusCodes: statusRanges(statusCodes) as NonNullable<ReturnType<typeof statusRanges>>,
    contains: contains === undefined ? null : Buffer.from(contains),
    webSocket,
    rejectUnauthorized
  }
}

function compileLiveTraffic ({ statusCodes, failures = 3, period = 0, out = 5000, maxOut = 300_000, atMost = 0.5 }: LiveTrafficOptions): LiveTrafficSettings {
  return { statusCodes: statusCodes === undefined ? null : statusRanges(statusCodes), failures, period, out, maxOut, atMost }
}
