// What is wrong with many WebSockets at once?
import type { FarmInfo } from '@fastify-arr/facts'
import type { Finding, FindingsView, SitesView } from '../messages/index.ts'
import { closeCodes } from './ends/close-codes.ts'
import { neverSpoke } from './ends/never-spoke.ts'
import { ownLimits } from './ends/own-limits.ts'
import { shortLives } from './ends/short-lives.ts'
import { oneClient } from './handshakes/one-client.ts'
import { reconnectStorm } from './handshakes/reconnect-storm.ts'
import { refusals } from './handshakes/refusals.ts'
import type { Ended } from './records/ended.ts'
import type { Refused } from './records/refused.ts'
import { certificates } from './servers/certificates.ts'
import { farmFindings } from './servers/farms.ts'
import { sameSilences } from './silence/same-silence.ts'

/** What is longer ago is no news, ms. */
const RECENT = 6 * 3_600_000

const RANK = { error: 0, warning: 1, information: 2 } as const

/** What findings are drawn from; lists have the oldest first. */
export interface Evidence {
  readonly now: number
  readonly ended: readonly Ended[]
  readonly refused: readonly Refused[]
  /** The addresses of the open WebSockets, one for each. */
  readonly clients: Iterable<string>
  readonly farms: readonly FarmInfo[]
  readonly certificates: SitesView['certificates']
}

/** The worst first, and of these the newest. */
export function find ({ now, clients, farms, certificates: served, ...all }: Evidence): FindingsView {
  const ended = all.ended.filter(({ at }) => at > now - RECENT)
  const refused = all.refused.filter(({ at }) => at > now - RECENT)
  const findings: Finding[] = [
    ...farmFindings(farms, now), ...sameSilences(ended), ...shortLives(ended), ...closeCodes(ended), ...refusals(refused),
    ...reconnectStorm(ended, refused, now), ...ownLimits(ended), ...certificates(served), ...oneClient(clients, now), ...neverSpoke(ended)
  ]
  return { findings: findings.sort((one, other) => RANK[one.severity] - RANK[other.severity] || other.last - one.last), looked: ended.length }
}
