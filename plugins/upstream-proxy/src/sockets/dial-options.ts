// What may be configured about connecting to upstreams, and what does it compile to?
import { createSecureContext } from 'node:tls'
import { isTime, MAX_TIME } from '../options/time-limit.ts'
import type { DialSettings, UpstreamTls } from './dial.ts'

/** Time limits, in ms; 0 switches one off. */
export interface DialTimeouts {
  /** For the connection to the upstream, TLS included. Defaults to 5000. */
  connect?: number
  /** For the answer to a WebSocket's handshake, from the upstream or from the server's other `upgrade` listeners. Defaults to 10000. */
  handshake?: number
}

export const DIAL_TIMES = ['connect', 'handshake'] as const

/** Compiles the options; their mistakes are added to `mistakes`. */
export function compileDial ({ timeouts, tls = {} }: { timeouts?: DialTimeouts, tls?: UpstreamTls }, keepAlive: number, mistakes: string[]): DialSettings {
  for (const key of DIAL_TIMES) {
    const value = timeouts?.[key]
    if (value !== undefined && !isTime(value)) mistakes.push(`\`timeouts.${key}\` must be a number of milliseconds from 0 to ${MAX_TIME}`)
  }
  try {
    createSecureContext(tls)
  } catch (error) {
    mistakes.push(`\`tls\` cannot be used: ${(error as Error).message}`)
  }
  return { connectTimeout: timeouts?.connect ?? 5000, keepAlive, tls }
}
