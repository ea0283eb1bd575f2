// Which server was asked? The farm's choice, with all its servers, and each attempt.
import { attemptsOf, type Attempt } from '../../story/attempts.ts'
import type { Trace, TraceEvent } from '../../trace/trace.ts'
import { duration } from './duration.ts'
import { html, type Content, type Markup } from './markup.ts'
import { definitions } from './summary-section.ts'

export function upstreamSection (trace: Trace): Markup | null {
  const attempts = attemptsOf(trace)
  const farm = farmMarkup(trace)
  if (attempts.length === 0 && farm === null) return null
  return html`<section aria-labelledby="upstream"><h2 id="upstream">Farm and attempts</h2>${farm}${attempts.map((one, at) => attempt(one, at + 1))}</section>`
}

/** The choices, and the servers as they were at each. */
function farmMarkup ({ events }: Trace): Content {
  const candidates = events.filter(({ name }) => name === 'FARM_CANDIDATE')
  const choices = events.filter(({ name }) => name === 'FARM_CHOICE')
  if (candidates.length === 0 && choices.length === 0) return null
  const chosen = choices.map(({ data: { Farm, Server, Algorithm, Why } }) =>
    html`<p>Farm <code>${String(Farm ?? '')}</code> chose <code>${String(Server ?? 'no server')}</code> by ${String(Algorithm ?? 'an unknown algorithm')}: ${String(Why ?? '')}.</p>`)
  if (candidates.length === 0) return chosen
  return html`${chosen}<div class="scroll" tabindex="0" role="region" aria-label="Servers of the farm"><table><caption>Servers of the farm</caption><thead><tr>${['Asked', 'Server', 'State', 'Healthy', 'Why not', 'Requests', 'Handshakes', 'Tunnels', 'Weight', 'Response time'].map(title =>
    html`<th scope="col">${title}</th>`)}</tr></thead><tbody>${candidates.map(candidate)}</tbody></table></div>`
}

function candidate ({ time, data }: TraceEvent): Markup {
  const cell = (name: string): Markup => html`<td>${String(data[name] ?? '')}</td>`
  return html`<tr><td>${duration(time)}</td><th scope="row">${String(data.Server ?? '')}</th>${cell('State')}<td>${data.Healthy === undefined ? '' : data.Healthy === true ? '✓ yes' : '✗ no'}</td>${['Why', 'Requests', 'Handshakes', 'Tunnels', 'Weight', 'ResponseTime'].map(cell)}</tr>`
}

function attempt ({ server, began, local, remote, reused, lookup, connect, secure, tls, sentAt, answer, failure }: Attempt, number: number): Markup {
  const step = (ms: number | null): string => ms === null ? '' : duration(ms)
  return html`<h3>Attempt ${number}: <code>${server}</code></h3>${definitions([
    ['Began', `${duration(began)} after the request came`],
    ['From', local],
    ['To', remote],
    ['Connection', sentAt === null ? '' : reused ? 'one of an earlier request' : 'a new one'],
    ['Look-up', step(lookup)],
    ['TCP connect', step(connect)],
    ['TLS', secure === null ? tls : `${step(secure)} ${tls}`],
    ['Answer', answer === null ? '' : `${answer.status} ${answer.reason}${sentAt === null ? '' : `, ${duration(answer.at - sentAt)} after the request was sent`}`],
    ['Failed', failure === null ? '' : `${failure.code}${failure.systemCode === '' ? '' : ` (${failure.systemCode})`}${failure.moment === '' ? '' : `, moment: ${failure.moment}`}, after ${duration(failure.at - began)}`]
  ])}`
}
