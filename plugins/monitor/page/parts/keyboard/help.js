// Which keys are there? A list, behind `?`.
import { html } from '../../preact.js'
import { Panel } from '../panel.js'
import { Switch } from '../segments.js'
import { useStore } from '../store.js'
import { keysAct, letKeysAct } from './keys.js'

const ROWS = [
  ['↑ ↓', 'From row to row in a table; Page up, Page down, Home and End as well'],
  ['Enter', 'Open the row'],
  ['Space', 'Select the row, where rows can be selected'],
  ['Esc', 'Close what is open, empty the filter']
]

const LETTERS = [
  ['/', 'Go to the filter'],
  ['p', 'Pause, and go on'],
  ['t', 'Colours: automatic, light, dark'],
  ['?', 'This list']
]

/**
 * @param {object} props
 * @param {ReadonlyArray<{ title: string }>} props.views
 * @param {() => void} props.onClose
 */
export function Help ({ views, onClose }) {
  const act = useStore(keysAct)
  const line = (/** @type {readonly string[]} */ [key = '', what = '']) => html`<div key=${key}><dt>${key.split(' ').map(one => html`<kbd key=${one}>${one}</kbd> `)}</dt><dd>${what}</dd></div>`
  return html`<${Panel} title="Keyboard" middle onClose=${onClose}>
    <dl class="keys">${ROWS.map(line)}</dl>
    <${Switch} checked=${act} onChange=${letKeysAct}>Single keys act<//>
    <dl class=${act ? 'keys' : 'keys off'}>${views.map(({ title }, n) => line([String(n + 1), title]))}${LETTERS.map(line)}</dl>
  <//>`
}
