// What does the server tell? One EventSource for one view; it connects again by itself when the server has been away.
import { useEffect, useRef, useState } from '../preact.js'

/** @typedef {import('../../src/messages/index.ts').StreamViews} StreamViews */
/** @typedef {import('../../src/messages/index.ts').Hello} Hello */
/** @typedef {Readonly<Record<string, string | number | boolean>>} Asked */

/**
 * Follows one view until the function that is returned is called.
 *
 * @template {keyof StreamViews} Name
 * @param {Name} view
 * @param {Asked} asked parameters, such as a filter
 * @param {{ tell: (value: StreamViews[Name]) => void, hello?: (hello: Hello) => void, connected?: (isConnected: boolean) => void }} follower
 * @returns {() => void}
 */
export function follow (view, asked, follower) {
  const query = new URLSearchParams({ view })
  for (const [name, value] of Object.entries(asked)) query.set(name, String(value))
  const source = new EventSource(`events?${query}`)
  source.addEventListener(view, event => { follower.tell(JSON.parse(event.data)) })
  source.addEventListener('hello', event => {
    follower.connected?.(true)
    follower.hello?.(JSON.parse(event.data))
  })
  source.addEventListener('error', () => { follower.connected?.(false) })
  return () => { source.close() }
}

/**
 * The last value of a view; null before the first.
 *
 * @template {keyof StreamViews} Name
 * @param {Name} view
 * @param {Asked} [asked]
 * @returns {StreamViews[Name] | null}
 */
export function useView (view, asked = {}) {
  const [value, setValue] = useState(/** @type {StreamViews[Name] | null} */ (null))
  useEffect(() => follow(view, asked, { tell: setValue }), [view, JSON.stringify(asked)])
  return value
}

/**
 * Each message of a view, in turn.
 *
 * @template {keyof StreamViews} Name
 * @param {Name} view
 * @param {Asked} asked
 * @param {(value: StreamViews[Name]) => void} tell
 */
export function useMessages (view, asked, tell) {
  const latest = useRef(tell)
  latest.current = tell
  useEffect(() => follow(view, asked, { tell: value => { latest.current(value) } }), [view, JSON.stringify(asked)])
}
