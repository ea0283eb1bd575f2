// Is the server there? What is known of the connection, for the header and for every view.
import { makeStore } from './store.js'

/** @typedef {import('../../src/messages/index.ts').Hello} Hello */
/** @typedef {import('../../src/messages/index.ts').WorkerRow} WorkerRow */

/**
 * @typedef {object} Connection
 * @property {'connecting' | 'connected' | 'away' | 'refused'} state `away` is tried again by itself, `refused` was answered with 401 or 403
 * @property {number} since when the last message came, by this machine's clock; 0 before the first
 * @property {Hello | null} hello what the server last said of itself
 * @property {readonly WorkerRow[]} workers where several processes serve together
 */

/** The connection, as the stream of the shown view finds it. */
export const connection = makeStore(/** @type {Connection} */ ({ state: 'connecting', since: 0, hello: null, workers: [] }))

/** Whether the reader has stopped the view: nothing is asked for meanwhile. */
export const paused = makeStore(false)

/** When the last message came. Not in the store: nothing is drawn anew for it. */
export const lastMessage = { at: 0 }
