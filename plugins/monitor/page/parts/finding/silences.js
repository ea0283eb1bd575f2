// After which silences were they cut? A small histogram by the second.
import { html } from '../../preact.js'
import { count, some } from '../numbers.js'

/** @typedef {import('../../../src/messages/index.ts').EndedWebSocket} EndedWebSocket */

/** @param {{ examples: readonly EndedWebSocket[] }} props */
export function Silences ({ examples }) {
  const seconds = examples.map(({ silence }) => Math.round(silence / 1000))
  const least = Math.min(...seconds) - 3
  const bars = Array.from({ length: Math.min(40, Math.max(...seconds) - least + 4) }, (_, n) => ({ second: least + n, many: seconds.filter(second => second === least + n).length }))
  const most = Math.max(...bars.map(({ many }) => many))
  const words = bars.filter(({ many }) => many > 0).map(({ second, many }) => `${count(many)} after ${second} s`).join(', ')
  return html`<figure class="silences">
    <svg viewBox=${`0 0 ${bars.length * 12} 44`} role="img" aria-label=${`Silences before the end: ${words}`}>${bars.map(({ second, many }, n) => html`<rect key=${second} x=${n * 12 + 1} y=${40 - many / most * 36} width="10" height=${Math.max(1, many / most * 36)} />`)}</svg>
    <figcaption class="muted">Silence before the end, of ${some(examples.length, 'example')}: ${words}</figcaption>
  </figure>`
}
