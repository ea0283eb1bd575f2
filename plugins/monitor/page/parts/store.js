// What do several parts of the page know together? A value that tells when it has changed.
import { useEffect, useState } from '../preact.js'

/**
 * @template Value
 * @typedef {{ get: () => Value, set: (value: Value) => void, subscribe: (tell: () => void) => () => void }} Store
 */

/**
 * @template Value
 * @param {Value} value
 * @returns {Store<Value>}
 */
export function makeStore (value) {
  /** @type {Array<() => void>} */
  let listeners = []
  return {
    get: () => value,
    set (next) {
      if (Object.is(next, value)) return
      value = next
      for (const tell of listeners) tell()
    },
    subscribe (tell) {
      listeners = [...listeners, tell]
      return () => { listeners = listeners.filter(one => one !== tell) }
    }
  }
}

/**
 * The value of a store, now and whenever it changes.
 *
 * @template Value
 * @param {Store<Value>} store
 * @returns {Value}
 */
export function useStore (store) {
  const [, again] = useState(0)
  useEffect(() => {
    let seen = store.get()
    const check = () => {
      if (Object.is(seen, store.get())) return
      seen = store.get()
      again(n => n + 1)
    }
    return store.subscribe(check)
  }, [store])
  return store.get()
}
