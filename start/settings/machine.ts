// What does the environment say that a server needs and a desk does not? Whose site it is, how many WebSockets it takes, and how it leaves.
import { isIP } from 'node:net'

/** How a stop goes on, in ms. */
export interface Leaving {
  /** `DRAIN_DELAY`: between the signal, from which on `/readyz` is 503, and the first goodbye. The time in which whoever is in front learns it. Defaults to 0. */
  readonly delay: number
  /** `DRAIN_WINDOW`: the shortest time over which WebSockets are told goodbye. Defaults to 1000. */
  readonly window: number
  /** `DRAIN_DEADLINE`: when those that are still open are cut; counted from the first goodbye. Defaults to 3500. */
  readonly deadline: number
}

/** The settings of a site that runs on a machine, or in a container. */
export interface MachineSettings {
  /** `HOSTS`: the hosts of the site in front of an `UPSTREAM`, with commas between; `*` for any. Defaults to null, the article's hosts. */
  readonly hosts: readonly string[] | null
  /** `UPSTREAM_DNS`: `on` makes all addresses of the name in `UPSTREAM` servers of a farm. Defaults to false. */
  readonly upstreamDns: boolean
  /** `METRICS_HOST`: the address of metrics and health. Defaults to 127.0.0.1. */
  readonly metricsHost: string
  /** `MAX_TUNNELS`: the most WebSockets at a time; 0 for any number. Defaults to null, what the site says. */
  readonly maxTunnels: number | null
  readonly leaving: Leaving
}

type Environment = Readonly<Record<string, string | undefined>>

/** A year: more is a mistake in the unit. */
const LONGEST = 31_536_000_000
const HOST = /^(?:\*|(?:\*\.)?[a-z\d](?:[a-z\d.-]*[a-z\d])?|\[[\da-f:]+\])$/i
/** ms between the cut of the last WebSockets and the end of the process: their lines are written. */
const LAST_LINES = 1000
/** fastify-cli's own, ms. */
const SHORT_GRACE = 500

/** Reads the settings; adds a sentence to `mistakes` for each that cannot be used. */
export function readMachine (env: Environment, mistakes: string[]): MachineSettings {
  const settings: MachineSettings = {
    hosts: hosts(),
    upstreamDns: upstreamDns(),
    metricsHost: env.METRICS_HOST || '127.0.0.1',
    maxTunnels: env.MAX_TUNNELS ? number('MAX_TUNNELS', 0) : null,
    leaving: { delay: number('DRAIN_DELAY', 0), window: number('DRAIN_WINDOW', 1000), deadline: number('DRAIN_DEADLINE', 3500) }
  }
  if (isIP(settings.metricsHost) === 0 && !HOST.test(settings.metricsHost)) mistakes.push(`METRICS_HOST must be an address, such as 0.0.0.0, and not ${JSON.stringify(settings.metricsHost)}.`)
  const { window, deadline } = settings.leaving
  if (deadline === 0) mistakes.push('DRAIN_DEADLINE must be more than 0: a client that never answers would hold up the stop for ever.')
  else if (window > deadline) mistakes.push(`DRAIN_WINDOW is ${window} ms, and all are cut after DRAIN_DEADLINE, ${deadline} ms: it must be less.`)
  return settings

  function number (name: string, byDefault: number): number {
    const text = env[name]
    if (text === undefined || text === '') return byDefault
    if (/^\d{1,11}$/.test(text) && Number(text) <= LONGEST) return Number(text)
    mistakes.push(`${name} must be a whole number${name.startsWith('DRAIN') ? ' of ms' : ''}, 0 or more, and not ${JSON.stringify(text)}.`)
    return byDefault
  }

  function hosts (): readonly string[] | null {
    const names = (env.HOSTS ?? '').split(',').map(name => name.trim()).filter(name => name !== '')
    for (const name of names) {
      if (!HOST.test(name)) mistakes.push(`HOSTS must be names of hosts, with commas between, or *, and not ${JSON.stringify(name)}.`)
    }
    return names.length === 0 ? null : names
  }

  function upstreamDns (): boolean {
    const text = env.UPSTREAM_DNS ?? ''
    if (!/^(?:on|off|)$/i.test(text)) mistakes.push(`UPSTREAM_DNS must be on or off, and not ${JSON.stringify(text)}.`)
    if (!/^on$/i.test(text) || !URL.canParse(env.UPSTREAM ?? '')) return false
    const host = new URL(env.UPSTREAM as string).hostname
    if (isIP(host.replace(/^\[|\]$/g, '')) !== 0) mistakes.push(`UPSTREAM_DNS looks up the name in UPSTREAM, and ${host} is an address.`)
    return true
  }
}

/**
 * The sentence for a process that is ended before its WebSockets have been; null where it is not. `words`: those it was started with.
 * The grace counts from the first goodbye, as the deadline does.
 */
export function graceMistake ({ deadline }: Leaving, words: readonly string[], env: Environment): string | null {
  if (!env.DRAIN_DEADLINE) return null
  const at = words.findIndex(word => /^(?:--close-?grace-?delay|-g)(?:=|$)/i.test(word))
  const word = words[at] ?? ''
  const given = at === -1 ? env.FASTIFY_CLOSE_GRACE_DELAY : word.includes('=') ? word.slice(word.indexOf('=') + 1) : words[at + 1]
  const grace = given === undefined || given === '' ? SHORT_GRACE : Number(given)
  if (grace >= deadline + LAST_LINES) return null
  return `DRAIN_DEADLINE is ${deadline} ms, and the process is ended ${grace} ms after the first goodbye: ${at === -1 ? 'FASTIFY_CLOSE_GRACE_DELAY' : '--close-grace-delay'} must be ${deadline + LAST_LINES} or more.`
}
