// Which part of a slow handshake, or answer, took the time?
import type { Finding, TraceEvent } from '../../trace/trace.ts'
import { numberOf, textOf } from '../story/event-values.ts'
import { found } from '../findings.ts'
import { duration } from '../story/duration.ts'
import { seen, type Story } from '../story/story.ts'

const SLOW = 1_000

interface Part {
  readonly name: string
  readonly ms: number
  readonly evidence: ReadonlyArray<number | undefined>
  readonly remedy: string
}

export function slowFindings (story: Story): Finding[] {
  const { answer, tunnel, handshake } = story
  const end = tunnel?.open.time ?? answer?.time
  if (end === undefined) return longestGap(story)
  if (end < SLOW) return []
  const parts = partsOf(story, end)
  const longest = parts.reduce((one, other) => other.ms > one.ms ? other : one)
  const list = parts.filter(({ ms }) => ms >= 1).map(({ name, ms }) => `${name} ${duration(ms)}`).join(', ')
  const what = handshake ? 'The handshake' : 'The answer'
  return [found(handshake ? 'SLOW_HANDSHAKE' : 'SLOW_ANSWER', longest.evidence, `${what} took ${duration(end)}, most of it ${longest.name} (${list}).`, longest.remedy)]
}

function partsOf (story: Story, end: number): Part[] {
  const { sent, answer } = story
  const starts = seen(story, 'ATTEMPT_START')
  const first = starts[0]?.event.time ?? sent?.time ?? end
  const last = starts.at(-1)?.event.time ?? first
  const rules = timeOf(story, 'URL_REWRITE_END') - timeOf(story, 'URL_REWRITE_START')
  const chosen = seen(story, 'FARM_CHOICE')[0]
  const asked = seen(story, 'FARM_CANDIDATE')[0]
  const waiting = chosen === undefined || asked === undefined ? 0 : Math.max(0, chosen.event.time - asked.event.time)
  const connected = seen(story, 'ATTEMPT_CONNECTED').at(-1)
  // The times count from the beginning of the attempt.
  const lookup = numberOf(connected?.event, 'LookupTime') ?? 0
  const tcp = Math.max(lookup, numberOf(connected?.event, 'ConnectTime') ?? lookup)
  const secure = Math.max(tcp, numberOf(connected?.event, 'SecureTime') ?? tcp)
  const server = sent?.server ?? textOf(connected?.event, 'Server')
  const sentAt = sent?.time ?? last + secure
  const answeredAt = answer !== null && answer.time >= sentAt ? answer.time : end
  const at = [connected?.index]
  return [
    { name: 'the rules', ms: Math.max(0, rules), evidence: [seen(story, 'URL_REWRITE_START')[0]?.index, seen(story, 'URL_REWRITE_END').at(-1)?.index], remedy: 'Fewer rules before the one that matches, or simpler patterns; a rule that asks for files (IsFile) waits for the disk.' },
    { name: 'waiting for a server of the farm', ms: waiting, evidence: [asked?.index, chosen?.index], remedy: 'The farm is busy: add a server, or raise `limits` of server-farm.' },
    { name: 'hooks, or a place to wait for', ms: Math.max(0, first - Math.max(0, rules) - waiting), evidence: [starts[0]?.index], remedy: 'Look at hooks that run before the proxy (sign-in, database), and at `websocket.admission`, by which handshakes wait for one another.' },
    { name: 'attempts that failed', ms: last - first, evidence: starts.map(({ index }) => index), remedy: 'Let the farm take servers out that do not answer (`health` of server-farm), and shorten `timeouts.connect`.' },
    { name: 'looking the name up', ms: lookup, evidence: at, remedy: `The name server is slow: a cache on this machine (systemd-resolved, dnsmasq), or the address in the place of the name of ${server}. A list of search domains asks several times: end the name with a dot.` },
    { name: 'TCP', ms: tcp - lookup, evidence: at, remedy: `The way to ${server} is long or loses packets (1 s, 3 s, 7 s: a lost SYN), or an address of IPv6 that leads nowhere was tried first.` },
    { name: 'TLS', ms: secure - tcp, evidence: at, remedy: `${server} is slow with TLS: busy, a large key (RSA 4096), or it asks another server about certificates.` },
    { name: "waiting for the upstream's first byte", ms: Math.max(0, answeredAt - sentAt), evidence: [sent?.index, answer?.index], remedy: `The application at ${server} took the time: look at what it does before it answers (sign-in, database, a cold start).` },
    { name: 'passing the answer on', ms: Math.max(0, end - answeredAt), evidence: [answer?.index, story.tunnel?.open.index], remedy: 'Look at hooks that run on the answer (`rewriteResponse`, onSend).' }
  ]
}

/** Of an exchange without an upstream, as in most traces of IIS: between which two events the time went by. */
function longestGap ({ events, trace, sent, handshake }: Story): Finding[] {
  if (sent !== null || handshake || events.some(({ name }) => name === 'ATTEMPT_START')) return []
  let at = 0
  let ms = 0
  for (let i = 1; i < events.length; i++) {
    const gap = (events[i]?.time ?? 0) - (events[i - 1]?.time ?? 0)
    if (gap > ms) [at, ms] = [i, gap]
  }
  const [before, after] = [events[at - 1], events[at]]
  if (trace.timeTaken < SLOW || ms < trace.timeTaken / 2 || before === undefined || after === undefined) return []
  const named = (event: TraceEvent): string => [event.name, textOf(event, 'ModuleName')].filter(text => text !== '').join(' of ')
  return [found('SLOW_ANSWER', [at - 1, at], `The answer took ${duration(trace.timeTaken)}, ${duration(ms)} of it between ${named(before)} and ${named(after)}.`, 'Look at what works between these two events: a module, or the application itself.')]
}

function timeOf (story: Story, name: string): number {
  return seen(story, name)[0]?.event.time ?? 0
}
