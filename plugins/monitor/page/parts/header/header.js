// What stands above every view? Which process it is, whether it is there, pause, light or dark, and the way to the other views.
import { html, useEffect, useRef, useState } from '../../preact.js'
import { connection, lastMessage, paused } from '../connection.js'
import { age } from '../numbers.js'
import { Segments } from '../segments.js'
import { useStore } from '../store.js'
import { choose, theme } from './theme.js'

const THEMES = [{ value: 'system', title: 'Auto' }, { value: 'light', title: 'Light' }, { value: 'dark', title: 'Dark' }]

/** The time, again each second. */
function useClock () {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => { setNow(Date.now()) }, 1000)
    return () => { clearInterval(timer) }
  }, [])
  return now
}

/** Which process it is, and since when. */
function Process () {
  const { hello } = useStore(connection)
  const now = useClock()
  if (hello === null) return html`<p class="process"></p>`
  return html`<p class="process figure"><span>${hello.worker === undefined ? '' : `worker ${hello.worker.number} of ${hello.worker.count}, `}pid ${hello.process}</span><span>v${hello.version}</span><span class="process-node">Node ${hello.node.replace(/^v/, '')}</span><span>up ${age(now - hello.startedAt)}</span></p>`
}

/** How old what is shown is, where nothing new comes. */
function Age () {
  const now = useClock()
  return lastMessage.at === 0 ? null : html`<span class="figure">${age(now - lastMessage.at)} old</span>`
}

/** Who of several workers does not answer: nothing of it is shown. */
function Silent () {
  const silent = useStore(connection).workers.filter(({ answers }) => !answers)
  return html`<p class="silent" role="status">${silent.length === 0 ? '' : `${silent.length === 1 ? 'Worker' : 'Workers'} ${silent.map(({ number, pid }) => `${number} (pid ${pid})`).join(', ')} ${silent.length === 1 ? 'does' : 'do'} not answer: nothing of ${silent.length === 1 ? 'it' : 'them'} is shown.`}</p>`
}

/** Whether the server is there. The words change when the state does, so that a screen reader says them once. */
function State () {
  const { state } = useStore(connection)
  const isPaused = useStore(paused)
  const words = isPaused ? 'Paused' : { connecting: 'Connecting …', connected: 'Connected', away: 'The server is away: connecting again …', refused: 'Not allowed any more: open the page anew, with its token' }[state]
  const isOld = isPaused || state === 'away' || state === 'refused'
  return html`<div class=${`state ${isPaused ? 'paused' : state}`}><span class="state-mark" aria-hidden="true"></span><span role="status">${words}</span>${isOld ? html`<${Age} />` : null}</div>`
}

/**
 * @param {object} props
 * @param {ReadonlyArray<{ name: string, title: string }>} props.views in the order of their keys
 * @param {string} props.shown
 * @param {() => void} props.onHelp
 */
export function Header ({ views, shown, onHelp }) {
  const isPaused = useStore(paused)
  const chosen = useStore(theme)
  const nav = useRef(/** @type {HTMLElement | null} */ (null))
  // Where the window is narrow, the views are scrolled.
  useEffect(() => { nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }) }, [shown])
  return html`<header class="bar">
    <div class="bar-row">
      <a class="brand" href="#/now"><img src="page/icon.svg" alt="" width="18" height="18" />Monitor</a>
      <${Process} />
      <${State} />
      <${Silent} />
      <div class="bar-controls">
        <button type="button" class="control" aria-pressed=${String(isPaused)} aria-keyshortcuts="p" onClick=${() => paused.set(!isPaused)}>${isPaused ? 'Go on' : 'Pause'}</button>
        <${Segments} label="Colours" options=${THEMES} value=${chosen} onChange=${choose} />
        <button type="button" class="control help" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" aria-keyshortcuts="?" onClick=${onHelp}>?</button>
      </div>
    </div>
    <nav ref=${nav} aria-label="Views"><ul>${views.map(({ name, title }) => html`<li key=${name}><a href=${`#/${name}`} aria-current=${name === shown ? 'page' : undefined}>${title}</a></li>`)}</ul></nav>
  </header>`
}
