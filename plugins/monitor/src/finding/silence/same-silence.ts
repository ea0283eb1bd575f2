// Were many WebSockets cut after the same silence, on which side, and whose time-out is that? The idle detective.
import type { Finding } from '../../messages/index.ts'
import { casesOf, found } from '../codes.ts'
import type { Ended } from '../records/ended.ts'
import { counted, duration, filterOf, grouped } from '../sentence.ts'
import { clustersIn, SHORTEST } from './clusters.ts'
import { type IdleTime, limitsAt } from './idle-times.ts'

export function sameSilences (ended: readonly Ended[]): Finding[] {
  const cut = ended.filter(isCut)
  const findings: Finding[] = []
  const solved = new Set<Ended>()
  // First where all have one place; then what is left of each side, for a box that stands before several sites or servers.
  for (const placeOf of [placed, sided]) {
    for (const group of grouped(cut.filter(one => !solved.has(one)), placeOf).values()) {
      const sorted = group.sort((one, other) => one.silence - other.silence)
      for (const { start, end } of clustersIn(sorted.map(({ silence }) => silence), ms => limitsAt(ms).length > 0)) {
        const members = sorted.slice(start, end).sort((one, other) => one.at - other.at)
        for (const member of members) solved.add(member)
        findings.push(findingOf(members))
      }
    }
  }
  return findings
}

/** It ended without a Close frame, and neither by this proxy's own limits nor by its closing. */
function isCut ({ closed, closedBy, closeCode, ending, limit, observed, silence }: Ended): boolean {
  return limit === null && (ending === 'end' || ending === 'reset') && (closedBy === 'client' || closedBy === 'upstream') &&
    (closeCode === 1006 || (observed && !closed)) && silence >= SHORTEST
}

const placed = ({ closedBy, site, upstream }: Ended): string => [closedBy, site, upstream].join('\n')
const sided = ({ closedBy }: Ended): string | null => closedBy

function findingOf (members: readonly Ended[]): Finding {
  const silences = members.map(({ silence }) => silence).sort((one, other) => one - other)
  const ms = silences[silences.length >> 1] as number
  const side = members[0]?.closedBy ?? ''
  const site = only(members.map(one => one.site))
  const upstream = only(members.map(one => one.upstream))
  const how = members.every(({ ending }) => ending === 'reset') ? 'reset' : 'cut'
  const place = side === 'client' ? 'the clients or something in front of this proxy' : 'the upstream or something between it and this proxy'
  const whose = side === 'upstream' && upstream !== null ? ` with ${upstream}` : site !== null ? ` of the site ${site}` : ''
  const limits = limitsAt(ms)
  const has = side === 'client' ? 'have' : 'has'
  return found('CUT_AFTER_SAME_SILENCE', casesOf(members),
    `${counted(members.length, 'WebSocket')}${whose} were ${how} from the side of the ${side} after ${duration(ms)} in which nothing passed, without a Close: ${place} ${has} such an idle time-out${namesOf(limits)}.`,
    `${pingRemedy(ms, side)} Or raise the time-out${settingsOf(limits)}.`,
    filterOf({ close: 'none', site, upstream: side === 'upstream' ? upstream : null }))
}

/** The value that all have, or null. */
function only (values: ReadonlyArray<string | null>): string | null {
  const first = values[0] ?? null
  return values.every(value => value === first) ? first : null
}

function namesOf (limits: readonly IdleTime[]): string {
  const sure = limits.filter(one => one.sure === 'default').map(({ who }) => who)
  const often = limits.filter(one => one.sure === 'often').map(({ who }) => who)
  const seconds = limits[0]?.seconds ?? 0
  const defaults = sure.length === 0 ? '' : `. ${seconds} s is the default of ${sure.join(', and of ')}`
  return often.length === 0 ? defaults : `${defaults}${sure.length === 0 ? `. ${seconds} s is` : ';'} often that of ${often.join(', or of ')}`
}

function settingsOf (limits: readonly IdleTime[]): string {
  return limits.length === 0 ? ' there' : `: ${limits.map(({ who, setting }) => `${who}: ${setting}`).join('; ')}`
}

/** Well within the silence that is cut. */
function pingRemedy (ms: number, side: string): string {
  const interval = Math.max(1_000, Math.floor(ms / 2_000) * 1_000)
  return `Let the proxy ping: \`websocket: { ping: ${side === 'client' ? interval : `{ interval: ${interval}, to: 'upstream' }`} }\` of upstream-proxy, or the application.`
}
