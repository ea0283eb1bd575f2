// What was recorded? Every event, as it is.
import { shapeOf } from '../../trace/shape.ts'
import type { Trace, TraceEvent } from '../../trace/trace.ts'
import { duration } from './duration.ts'
import { html, type Markup } from './markup.ts'

/** IIS's names of its levels; those from Verbose on are not marked. */
const LEVELS: Readonly<Record<number, string>> = { 1: 'critical error', 2: 'error', 3: 'warning' }

export function eventsSection (trace: Trace): Markup {
  return html`<section aria-labelledby="events"><h2 id="events">All events</h2><ol class="plain">${trace.events.map(one)}</ol></section>`
}

function one (event: TraceEvent, at: number): Markup {
  const { level, provider, descriptions } = shapeOf(event)
  const mark = LEVELS[level]
  return html`<li><details id="e${at}"><summary>${at}. <span class="dim">${duration(event.time)}</span> <strong>${event.name}</strong>${mark === undefined ? null : ` ⚠ ${mark}`}</summary><dl><dt>Provider</dt><dd>${provider.name}</dd>${Object.entries(event.data).map(([name, value]) =>
    html`<dt>${name}</dt><dd><code>${String(value)}</code>${Object.hasOwn(descriptions, name) ? html` <span class="dim">${descriptions[name]}</span>` : null}</dd>`)}</dl></details></li>
`
}
