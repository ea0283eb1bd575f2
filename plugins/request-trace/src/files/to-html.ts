// What does a trace look like to people? One page that any browser opens from a disk, without a network and without a script.
import type { Trace } from '../trace/trace.ts'
import { webSocketOf } from '../story/web-socket.ts'
import { endingSection } from './html/ending-section.ts'
import { eventsSection } from './html/events-section.ts'
import { findingsSection } from './html/findings-section.ts'
import { framesSection } from './html/frames-section.ts'
import { headersSection } from './html/headers-section.ts'
import { html, Markup, type Content } from './html/markup.ts'
import { rulesSection } from './html/rules-section.ts'
import { STYLESHEET } from './html/stylesheet.ts'
import { statusOf, summarySection } from './html/summary-section.ts'
import { timelineSection } from './html/timeline-section.ts'
import { upstreamSection } from './html/upstream-section.ts'

/** Nothing is loaded and nothing runs, whatever a trace holds. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

/** The trace as one page: self-contained, with every text escaped. */
export function toHtml (trace: Trace): string {
  const life = webSocketOf(trace)
  const sections: ReadonlyArray<readonly [id: string, title: string, content: Content]> = [
    ['why', 'What went wrong', findingsSection(trace)],
    ['summary', 'Summary', summarySection(trace)],
    ['times', 'Time line', timelineSection(trace)],
    ['headers', 'Headers', headersSection(trace)],
    ['rules', 'Rules', rulesSection(trace)],
    ['upstream', 'Farm and attempts', upstreamSection(trace)],
    ['frames', 'Frames', framesSection(life)],
    ['end', 'How it ended', endingSection(trace, life)],
    ['events', 'All events', eventsSection(trace)]
  ]
  const there = sections.filter(([, , content]) => content !== null)
  return html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">
<title>${statusOf(trace)} ${trace.verb} ${trace.url} – ${trace.id}</title><style>${new Markup(STYLESHEET)}</style></head>
<body><a class="skip" href="#main">Skip to the trace</a>
<header><h1>${trace.id}: <code>${trace.verb} ${trace.url}</code></h1></header>
<nav aria-label="Sections"><ul>${there.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main id="main" tabindex="-1">
${there.map(([, , content]) => html`${content}
`)}</main>
<footer>Times are counted from the request’s arrival.</footer></body></html>
`.text
}
