// What became of the headers? What came in beside what went out, on both ways.
import { handshakeOf, headerDifferences, type HeaderChange, type HeaderLine } from '../../trace/handshake.ts'
import type { Trace } from '../../trace/trace.ts'
import { html, type Markup } from './markup.ts'

/** A sign and a word: nothing is told by colour alone. */
const CHANGES: Readonly<Record<HeaderChange, string>> = { same: '= same', added: '+ added', removed: '− removed', changed: '≠ changed' }

export function headersSection (trace: Trace): Markup {
  const { received, sent, answered, passedOn } = handshakeOf(trace)
  return html`<section aria-labelledby="headers"><h2 id="headers">Headers side by side</h2><div class="pair">
${pair('Request', ['Sent by the client', 'client', received], ['As it left for the upstream', 'to upstream', sent])}
${pair('Answer', ['The upstream’s answer', 'upstream', answered], ['As it left for the client', 'to client', passedOn])}
</div></section>`
}

/** Its heading, a short one for narrow screens, and its lines. */
type List = readonly [title: string, short: string, lines: readonly HeaderLine[] | null]

function pair (caption: string, [first, from, before]: List, [second, to, after]: List): Markup {
  if (before === null && after === null) return html`<p class="dim">${caption}: ${first} and ${second.toLowerCase()}: not there, or not recorded.</p>`
  const both = before !== null && after !== null
  const missing = '(not recorded)'
  return html`<table class="mono"><caption>${caption}</caption><thead><tr><th scope="col">Name</th><th scope="col">${first}${before === null ? html` <span class="dim">${missing}</span>` : null}</th><th scope="col">${second}${after === null ? html` <span class="dim">${missing}</span>` : null}</th>${both ? html`<th scope="col">Difference</th>` : null}</tr></thead><tbody>${headerDifferences(before ?? [], after ?? []).map(row =>
    html`<tr${both && row.change !== 'same' ? html` class="${row.change}"` : null}><th scope="row">${row.name}</th><td data-from="${from}">${row.before.join('\n')}</td><td data-from="${to}">${row.after.join('\n')}</td>${both ? html`<td class="word">${CHANGES[row.change]}</td>` : null}</tr>`)}</tbody></table>`
}
