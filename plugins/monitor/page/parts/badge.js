// How bad is it? A mark with a word: the shape and the word say it, the colour only helps.
import { html } from '../preact.js'

/** @typedef {'ok' | 'information' | 'warning' | 'error' | 'off'} Kind */

/** @type {Readonly<Record<Kind, string>>} */
const SHAPES = { ok: '●', information: '◆', warning: '▲', error: '■', off: '○' }

/**
 * @param {object} props
 * @param {Kind} props.kind
 * @param {string} [props.title] for a tooltip
 * @param {unknown} props.children a word or two
 */
export function Badge ({ kind, title, children }) {
  return html`<span class=${`badge ${kind}`} title=${title}><span class="shape" aria-hidden="true">${SHAPES[kind]}</span> ${children}</span>`
}

/**
 * A status of HTTP as a badge; null is an exchange without an answer.
 *
 * @param {object} props
 * @param {number | null} props.status
 */
export function Status ({ status }) {
  const kind = status === null || status >= 500 ? 'error' : status >= 400 ? 'warning' : status < 200 ? 'information' : 'ok'
  return html`<${Badge} kind=${kind}>${status === null ? 'none' : String(status)}<//>`
}
