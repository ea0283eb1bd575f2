// What does the server tell? One EventSource for one view, closed while nobody can see it; it connects again by itself when the server has been away.
import { useEffect, useRef, useState } from '../preact.js'
import { connection, lastMessage, paused } from './connection.js'

/** @typedef {import('../../src/messages/index.ts').StreamViews} StreamViews */
/** @typedef {import('../../src/messages/index.ts').Hello} Hello */
/** @typedef {Readonly<Record<string, string | number | boolean>>} Asked */

/**
 * What a follower is told. Values come at most once per frame of the screen, several in a row where there were several.
 *
 * @template Value
 * @typedef {object} Follower
 * @property {(value: Value) => void} tell
 * @property {(hello: Hello, isNewProcess: boolean) => void} [begin] a stream has begun: the first one, or after a pause or an absence; messages between the two are lost. Comes before its first value
 * @property {() => void} [missing] the server knows no such thing (404): nothing will come
 */

const FIRST_WAIT = 500
const LONGEST_WAIT = 5000

/**
 * Follows one view until the function that is returned is called.
 *
 * @template {keyof StreamViews} Name
 * @param {Name} view
 * @param {Asked} asked parameters, such as a filter
 * @param {Follower<StreamViews[Name]>} follower
 * @returns {() => void}
 */
export function follow (view, asked, follower) {
  const query = new URLSearchParams({ view })
  for (const [name, value] of Object.entries(asked)) query.set(name, String(value))
  const url = `events?${query}`
  /** @type {EventSource | undefined} */
  let source
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  /** @type {AbortController | undefined} */
  let asking
  let wait = FIRST_WAIT
  let frame = 0
  let isMissing = false
  let process = ''
  /** @type {string[]} */
  let texts = []

  const stop = () => {
    clearTimeout(timer)
    cancelAnimationFrame(frame)
    asking?.abort()
    source?.close()
    source = undefined
    frame = 0
    texts = []
  }
  const draw = () => {
    frame = 0
    const now = texts
    texts = []
    for (const text of now) follower.tell(JSON.parse(text))
  }
  const start = () => {
    stop()
    if (isMissing || document.hidden || paused.get()) return
    const opened = new EventSource(url)
    source = opened
    opened.addEventListener('hello', event => {
      /** @type {Hello} */
      const hello = JSON.parse(event.data)
      // Whichever of several workers it is, what it tells is of all.
      const name = hello.worker === undefined ? `${hello.process} ${hello.startedAt}` : 'workers'
      const isNewProcess = process !== '' && process !== name
      process = name
      wait = FIRST_WAIT
      texts = []
      lastMessage.at = Date.now()
      connection.set({ ...connection.get(), state: 'connected', since: lastMessage.at, hello })
      follower.begin?.(hello, isNewProcess)
    })
    opened.addEventListener('workers', event => { connection.set({ ...connection.get(), workers: JSON.parse(event.data).workers }) })
    opened.addEventListener(view, event => {
      lastMessage.at = Date.now()
      texts.push(event.data)
      if (frame === 0) frame = requestAnimationFrame(draw)
    })
    opened.addEventListener('error', () => {
      const wasAnswered = opened.readyState === EventSource.CLOSED
      stop()
      // An EventSource does not tell what it was answered, if anything.
      if (wasAnswered) ask()
      else again('away')
    })
  }
  const again = (/** @type {'away' | 'refused'} */ state) => {
    connection.set({ ...connection.get(), state })
    timer = setTimeout(start, wait)
    wait = Math.min(wait * 2, LONGEST_WAIT)
  }
  const ask = async () => {
    asking = new AbortController()
    const { signal } = asking
    const status = await fetch(url, { signal }).then(response => response.status, () => 0)
    if (signal.aborted) return
    asking.abort()
    if (status === 404) {
      isMissing = true
      follower.missing?.()
    } else {
      again(status === 401 || status === 403 ? 'refused' : 'away')
    }
  }
  const onChange = () => {
    if (document.hidden || paused.get()) stop()
    else if (source === undefined) start()
  }
  document.addEventListener('visibilitychange', onChange)
  const unsubscribe = paused.subscribe(onChange)
  start()
  return () => {
    document.removeEventListener('visibilitychange', onChange)
    unsubscribe()
    stop()
  }
}

/**
 * The last value of a view; null before the first, and again when the server was started anew.
 *
 * @template {keyof StreamViews} Name
 * @param {Name} view
 * @param {Asked} [asked] while another value is on its way the last one stays
 * @returns {StreamViews[Name] | null}
 */
export function useView (view, asked = {}) {
  const [value, setValue] = useState(/** @type {StreamViews[Name] | null} */ (null))
  useEffect(() => follow(view, asked, { tell: setValue, begin: (_hello, isNewProcess) => { if (isNewProcess) setValue(null) } }), [view, JSON.stringify(asked)])
  return value
}

/**
 * Each message of a view, in turn.
 *
 * @template {keyof StreamViews} Name
 * @param {Name} view
 * @param {Asked} asked
 * @param {Follower<StreamViews[Name]>['tell']} tell
 * @param {Omit<Follower<StreamViews[Name]>, 'tell'>} [more]
 */
export function useMessages (view, asked, tell, more = {}) {
  const latest = useRef({ tell, more })
  latest.current = { tell, more }
  useEffect(() => follow(view, asked, {
    tell: value => { latest.current.tell(value) },
    begin: (hello, isNewProcess) => { latest.current.more.begin?.(hello, isNewProcess) },
    missing: () => { latest.current.more.missing?.() }
  }), [view, JSON.stringify(asked)])
}
