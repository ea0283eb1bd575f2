// How did a value go? A small line without axes; the number beside it says the value.
import { html } from '../../preact.js'

const WIDTH = 100
const HEIGHT = 24

/**
 * @param {object} props
 * @param {ReadonlyArray<number | null>} props.values the oldest first; null leaves a gap
 * @param {string} [props.colour] a custom property, e.g. `--series-1`
 */
export function Sparkline ({ values, colour = '--accent' }) {
  let most = 0
  for (const value of values) if (value !== null && value > most) most = value
  let path = ''
  let isDrawing = false
  for (const [n, value] of values.entries()) {
    if (value !== null) {
      const x = values.length < 2 ? WIDTH : n / (values.length - 1) * WIDTH
      const y = HEIGHT - 2 - (most === 0 ? 0 : value / most * (HEIGHT - 4))
      path += `${isDrawing ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`
    }
    isDrawing = value !== null
  }
  return html`<svg class="sparkline" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false"><path d=${path} style=${{ stroke: `var(${colour})` }} /></svg>`
}
