// What does a key do? Single keys act while nothing is typed and no dialog is open, and may be switched off.
import { makeStore } from '../store.js'

const KEY = 'fastify-arr-monitor.keys'

/** @returns {boolean} */
function kept () {
  try {
    return localStorage.getItem(KEY) !== 'off'
  } catch {
    return true
  }
}

/** Whether single keys act. Programs that are steered by voice type letters that nobody meant (WCAG 2.1.4). */
export const keysAct = makeStore(kept())

/** @param {boolean} act */
export function letKeysAct (act) {
  try {
    if (act) localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, 'off')
  } catch {
    // Storage may be forbidden; then it holds until the page is left.
  }
  keysAct.set(act)
}

/**
 * Calls what belongs to a key until the function that is returned is called.
 *
 * @param {Readonly<Record<string, () => void>>} keys by `KeyboardEvent.key`
 * @returns {() => void}
 */
export function onKeys (keys) {
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (!keysAct.get() || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || !Object.hasOwn(keys, event.key)) return
    const target = event.target instanceof Element ? event.target : null
    if (target?.closest('input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable], dialog') !== null || document.querySelector('dialog[open]') !== null) return
    event.preventDefault()
    keys[event.key]?.()
  }
  addEventListener('keydown', onKeyDown)
  return () => { removeEventListener('keydown', onKeyDown) }
}
