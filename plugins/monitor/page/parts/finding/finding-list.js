// What is wrong with one exchange, and what helps?
import { html } from '../../preact.js'
import { Badge } from '../badge.js'

/** @param {{ findings: readonly import('@fastify-arr/facts').TraceFinding[] }} props */
export function FindingList ({ findings }) {
  if (findings.length === 0) return null
  return html`<ul class="findings">${findings.map(({ code, severity, sentence, remedy }) => html`<li key=${code}><${Badge} kind=${severity}>${severity}<//> <strong>${sentence}</strong><p class="muted">${remedy} <code>${code}</code></p></li>`)}</ul>`
}
