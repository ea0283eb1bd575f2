// When did what happen? Bars from the request's arrival to its end.
import { attemptsOf, type Attempt } from '../../story/attempts.ts'
import type { EventName } from '../../trace/events.ts'
import type { Trace } from '../../trace/trace.ts'
import { isFrame, webSocketOf, type WebSocketLife } from '../../story/web-socket.ts'
import { duration } from './duration.ts'
import { html, type Markup } from './markup.ts'

interface Stretch {
  readonly label: string
  readonly from: number
  /** The same as `from` for a moment. */
  readonly to: number
  readonly kind: 'work' | 'bad' | 'quiet'
}

export function timelineSection (trace: Trace): Markup {
  const life = webSocketOf(trace)
  const opened = life?.open ?? null
  const before = beforeTheAnswer(trace)
  const end = Math.max(...before.map(({ to }) => to), opened === null ? trace.timeTaken : 0)
  return html`<section aria-labelledby="times"><h2 id="times">Time line</h2>
${chart(opened === null ? 'The exchange' : 'Until the 101', before, end)}${life === null || opened === null
    ? null
    : chart('The life of the WebSocket', lifeOf(trace, life), trace.timeTaken)}</section>`
}

/** What was done until the answer was on its way to the client. */
function beforeTheAnswer (trace: Trace): Stretch[] {
  const at = (name: EventName): number | undefined => trace.events.find(event => event.name === name)?.time
  const rules = at('URL_REWRITE_START')
  const rulesEnd = trace.events.findLast(({ name }) => name === 'URL_REWRITE_END')?.time
  const attempts = attemptsOf(trace)
  return [
    moment('Request accepted', at('GENERAL_REQUEST_START') ?? 0),
    ...(rules === undefined ? [] : [work('Rules', rules, rulesEnd ?? rules)]),
    ...moments('Farm chose a server', at('FARM_CHOICE')),
    ...attempts.flatMap((attempt, index) => attemptStretches(attempt, attempts.length === 1 ? '' : `Attempt ${index + 1}: `)),
    ...moments('Answer to the client', at('WEBSOCKET_OPEN') ?? at('GENERAL_RESPONSE_HEADERS')),
    ...moments('Over', at('WEBSOCKET_OPEN') === undefined ? at('GENERAL_REQUEST_END') : undefined)
  ]
}

function attemptStretches ({ began, lookup, connect, secure, sentAt, answer, failure, reused, server }: Attempt, prefix: string): Stretch[] {
  const stretches: Stretch[] = []
  let now = began
  for (const [label, took] of [['Name look-up', lookup], ['TCP connect', connect], ['TLS', secure]] as const) {
    if (took === null) continue
    stretches.push(work(`${prefix}${label}`, now, now + took))
    now += took
  }
  if (reused) stretches.push(moment(`${prefix}Connection of an earlier request`, now))
  if (sentAt !== null && answer !== null) stretches.push(work(`${prefix}Wait for the first byte`, sentAt, answer.at))
  if (failure !== null) stretches.push({ label: `${prefix}Failed at ${server}`, from: sentAt ?? began, to: failure.at, kind: 'bad' })
  return stretches
}

/** The first frame each way, silences, and how it ended. */
function lifeOf ({ events, timeTaken }: Trace, { open, frames, closed }: WebSocketLife): Stretch[] {
  const first = (from: string): number | undefined => frames.filter(isFrame).find(frame => frame.from === from)?.time
  return [
    work('Handshake', 0, open?.time ?? 0),
    ...moments('First frame from the client', first('client')),
    ...moments('First frame from the upstream', first('upstream')),
    ...events.filter(({ name }) => name === 'WEBSOCKET_QUIET').map(({ time, data }): Stretch => {
      const ms = Number(data.Milliseconds ?? 0) || 0
      return { label: 'Quiet', from: Math.max(0, time - ms), to: time, kind: 'quiet' }
    }),
    ...events.filter(({ name }) => name === 'WEBSOCKET_CLOSE_FRAME').map(({ time, data }) => moment(`Close frame from the ${data.From ?? 'unknown'}`, time)),
    ...events.filter(({ name }) => name === 'WEBSOCKET_SOCKET_END').map(({ time, data }): Stretch =>
      ({ label: `Socket of the ${data.Side ?? 'unknown'}: ${data.How ?? 'ended'}`, from: time, to: time, kind: data.How === 'end' ? 'work' : 'bad' })),
    moment('Closed', closed?.time ?? timeTaken)
  ].toSorted((a, b) => a.from - b.from)
}

function chart (title: string, stretches: readonly Stretch[], end: number): Markup {
  const share = (ms: number): string => (Math.min(1, Math.max(0, end > 0 ? ms / end : 0)) * 100).toFixed(1)
  return html`<table><caption>${title}: ${duration(end)}</caption><thead><tr><th scope="col">What</th><th scope="col" class="num">From</th><th scope="col" class="num">Took</th><th scope="col" class="bar">Share</th></tr></thead><tbody>${stretches.map(({ label, from, to, kind }) =>
    html`<tr><th scope="row">${label}</th><td class="num">${duration(from)}</td><td class="num">${to > from ? duration(to - from) : '–'}</td><td class="bar"><span class="${kind}" style="margin-left:min(${share(from)}%,100% - 3px);width:${share(to - from)}%"></span></td></tr>`)}</tbody></table>`
}

function work (label: string, from: number, to: number): Stretch {
  return { label, from, to, kind: 'work' }
}

function moment (label: string, at: number): Stretch {
  return work(label, at, at)
}

function moments (label: string, at: number | undefined): Stretch[] {
  return at === undefined ? [] : [moment(label, at)]
}
