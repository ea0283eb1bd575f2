// Which colour does a custom property have now? A canvas needs it as a value, and it changes with light and dark.
import { colourChanges } from '../header/theme.js'

/** @type {Map<string, string>} */
const known = new Map()
colourChanges.subscribe(() => { known.clear() })

/** @type {HTMLElement | undefined} */
let probe

/** @param {string} property e.g. `--accent` */
export function colour (property) {
  const kept = known.get(property)
  if (kept !== undefined) return kept
  if (probe === undefined) {
    probe = document.createElement('span')
    probe.hidden = true
    document.body.append(probe)
  }
  probe.style.color = `var(${property})`
  const value = getComputedStyle(probe).color
  known.set(property, value)
  return value
}
