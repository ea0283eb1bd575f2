// Light or dark? As the system says, or as the reader has chosen; kept in this browser.
import { makeStore } from '../store.js'

/** @typedef {'system' | 'light' | 'dark'} Theme */

const KEY = 'fastify-arr-monitor.theme'

/** @returns {Theme} */
function kept () {
  try {
    const text = localStorage.getItem(KEY)
    return text === 'light' || text === 'dark' ? text : 'system'
  } catch {
    return 'system'
  }
}

/** What is chosen. */
export const theme = makeStore(kept())

/** Counts up whenever the colours have changed, for what reads them by itself, such as charts. */
export const colourChanges = makeStore(0)

/** @param {Theme} next */
export function choose (next) {
  if (next === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = next
  try {
    if (next === 'system') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, next)
  } catch {
    // Storage may be forbidden; then it holds until the page is left.
  }
  theme.set(next)
  colourChanges.set(colourChanges.get() + 1)
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { colourChanges.set(colourChanges.get() + 1) })
