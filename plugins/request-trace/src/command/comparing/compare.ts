// What differs between two exchanges, such as the handshake that works and the one that does not?
import { flagOf, textOf } from '../../diagnosis/story/event-values.ts'
import { storyOf } from '../../diagnosis/story/story.ts'
import { handshakeOf, headerDifferences, headerValue, type HeaderLine } from '../../trace/handshake.ts'
import type { Trace } from '../../trace/trace.ts'
import { endingOf } from '../listing/row.ts'
import type { TraceFile } from '../listing/trace-files.ts'

export interface Difference {
  /** Where: `exchange`, `request`, `rules`, `sent`, `answer`, `passed on`, `ending`, `findings`. */
  readonly part: string
  readonly name: string
  /** Null where the exchange has none. */
  readonly one: string | null
  readonly other: string | null
}

/** Headers that differ in any two exchanges, whatever else does. */
const CHANCE: ReadonlySet<string> = new Set(['sec-websocket-key', 'sec-websocket-accept', 'x-arr-log-id', 'date', 'traceparent', 'x-request-id', 'if-none-match', 'if-modified-since'])
/** Those that begin a value with a port that changes. */
const PORTED: ReadonlySet<string> = new Set(['x-forwarded-for', 'forwarded'])

export function differencesOf (one: TraceFile, other: TraceFile): Difference[] {
  const [a, b] = [one.trace, other.trace]
  const [headsA, headsB] = [handshakeOf(a), handshakeOf(b)]
  const [endA, endB] = [endingOf(a), endingOf(b)]
  const value = (part: string, name: string, left: string | null, right: string | null): Difference[] => left === right ? [] : [{ part, name, one: left === '' ? null : left, other: right === '' ? null : right }]
  const request = headers('request', headsA.received, headsB.received)
  const answer = headers('answer', headsA.answered, headsB.answered)
  return [
    ...value('exchange', 'method', a.verb, b.verb),
    ...value('exchange', 'URL', a.url, b.url),
    ...value('exchange', 'HTTP', a.httpVersion, b.httpVersion),
    ...value('exchange', 'site', a.siteName, b.siteName),
    ...value('exchange', 'status', statusOf(a), statusOf(b)),
    ...request,
    ...value('rules', 'applied', rulesOf(a), rulesOf(b)),
    ...value('rules', 'URL', rewrittenOf(a), rewrittenOf(b)),
    ...value('sent', 'server', serversOf(a), serversOf(b)),
    ...unless(request, headers('sent', headsA.sent, headsB.sent)),
    ...value('answer', 'status', answerOf(a), answerOf(b)),
    ...answer,
    ...unless(answer, headers('passed on', headsA.passedOn, headsB.passedOn)),
    ...value('ending', 'extensions', negotiated(headsA.answered, 'sec-websocket-extensions'), negotiated(headsB.answered, 'sec-websocket-extensions')),
    ...value('ending', 'sub-protocol', negotiated(headsA.answered, 'sec-websocket-protocol'), negotiated(headsB.answered, 'sec-websocket-protocol')),
    ...value('ending', 'close', endA.close, endB.close),
    ...value('ending', 'how', endA.ending, endB.ending),
    ...value('ending', 'by', endA.by, endB.by),
    ...value('findings', 'codes', codesOf(one), codesOf(other))
  ]
}

/** A list that only one of them has is one difference, not one for each header. */
function headers (part: string, one: readonly HeaderLine[] | null, other: readonly HeaderLine[] | null): Difference[] {
  const counted = (lines: readonly HeaderLine[] | null): string | null => lines === null ? null : `${lines.length} headers`
  if ((one === null) !== (other === null)) return [{ part, name: 'headers', one: counted(one), other: counted(other) }]
  const joined = (values: readonly string[]): string | null => values.length === 0 ? null : values.join(', ')
  return headerDifferences(steady(one), steady(other)).filter(({ change }) => change !== 'same').map(({ name, before, after }) => ({ part, name, one: joined(before), other: joined(after) }))
}

/** Those that are not told already: what the client sends otherwise leaves otherwise. */
function unless (told: readonly Difference[], differences: readonly Difference[]): Difference[] {
  return differences.filter(({ name, one, other }) => !told.some(before => before.name.toLowerCase() === name.toLowerCase() && before.one === one && before.other === other))
}

/** Without what differs by chance. */
function steady (lines: readonly HeaderLine[] | null): HeaderLine[] {
  return (lines ?? []).filter(({ name }) => !CHANCE.has(name.toLowerCase()))
    .map(({ name, value }) => ({ name, value: PORTED.has(name.toLowerCase()) ? value.replace(/:\d+(?=$|[,;"])/g, '') : value }))
}

function statusOf ({ status, subStatus }: Trace): string | null {
  return status === null ? null : `${status}${subStatus > 0 ? `.${subStatus}` : ''}`
}

function rulesOf ({ events }: Trace): string | null {
  const names = events.filter(event => event.name === 'RULE_EVALUATION_END' && flagOf(event, 'Succeeded')).map(event => textOf(event, 'RuleName'))
  return names.length === 0 ? null : names.join(', ')
}

function rewrittenOf ({ events }: Trace): string | null {
  const url = textOf(events.findLast(({ name }) => name === 'URL_REWRITE_END'), 'RequestURL')
  return url === '' ? null : url
}

function serversOf (trace: Trace): string | null {
  const servers = trace.events.filter(({ name }) => name === 'ATTEMPT_START').map(event => textOf(event, 'Server'))
  return servers.length === 0 ? storyOf(trace).sent?.server ?? null : servers.join(', ')
}

function answerOf (trace: Trace): string | null {
  const status = storyOf(trace).answer?.status ?? null
  return status === null ? null : String(status)
}

function negotiated (answered: readonly HeaderLine[] | null, name: string): string | null {
  return headerValue(answered, name) ?? null
}

function codesOf ({ findings }: TraceFile): string | null {
  return findings.length === 0 ? null : findings.map(({ code }) => code).join(', ')
}
