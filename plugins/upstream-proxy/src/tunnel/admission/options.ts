// How many tunnels and handshakes may there be, who may wait for a place, and how many may one key have?
import type { FastifyRequest } from 'fastify'
import { checkKeys } from '../../options/known-keys.ts'
import { isTime, MAX_TIME } from '../../options/time-limit.ts'

/** Options of the admission of handshakes. */
export interface AdmissionOptions {
  /** The most handshakes under way to upstreams at a time; further ones wait, or get 503 with Retry-After. 0 for no limit. Defaults to 0. */
  handshakes?: number
  /** How long a handshake waits for a place, in ms, where there are `handshakes` under way or `maxTunnels` open: the first that came is the first that goes on. 0 refuses at once. Defaults to 0. */
  wait?: number
  /** The most handshakes that wait at a time; beyond it they are refused at once. Defaults to 10000. */
  waiting?: number
}

/** A limit for each key, such as a user or an address. */
export interface MaxTunnelsPer {
  /** Names whom the tunnel counts for; null and undefined are no one, without a limit. Called once for each handshake, before its upstream is asked. */
  key: (request: FastifyRequest) => string | null | undefined
  /** The most tunnels of one key at a time, handshakes that wait or are under way included; beyond it an upgrade gets 429 with Retry-After. At least 1. */
  most: number
}

/** The compiled options. */
export interface AdmissionSettings {
  readonly handshakes: number
  readonly wait: number
  readonly waiting: number
  readonly per: MaxTunnelsPer | null
}

/** Compiles the options; their mistakes are added to `mistakes`. */
export function compileAdmission (admission: AdmissionOptions | undefined, per: MaxTunnelsPer | undefined, mistakes: string[]): AdmissionSettings {
  checkKeys('websocket.admission', admission, ['handshakes', 'wait', 'waiting'], mistakes)
  const { handshakes = 0, wait = 0, waiting = 10_000 } = (admission ?? {})
  for (const [key, value] of Object.entries({ handshakes, waiting } as Record<string, unknown>)) {
    if (!isCount(value, 0)) mistakes.push(`\`websocket.admission.${key}\` must be a whole number, 0 or more`)
  }
  if (!isTime(wait)) mistakes.push(`\`websocket.admission.wait\` must be a number from 0 to ${MAX_TIME}`)
  checkKeys('websocket.maxTunnelsPer', per, ['key', 'most'], mistakes)
  if (typeof per === 'object' && per !== null) {
    if (typeof per.key !== 'function') mistakes.push('`websocket.maxTunnelsPer.key` must be a function of the request')
    if (!isCount(per.most, 1)) mistakes.push('`websocket.maxTunnelsPer.most` must be a whole number, 1 or more')
  }
  return { handshakes, wait, waiting, per: per ?? null }
}

function isCount (value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && value as number >= least
}
