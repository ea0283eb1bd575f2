// Where does a link go? To a view with parameters: `#/exchanges?filter=site%3AShop`.
import { createContext, html, useContext } from '../preact.js'

/** @typedef {Readonly<Record<string, string | number | boolean | null | undefined>>} Params empty ones are left out of the link */

/**
 * The link to a view.
 *
 * @param {string} view
 * @param {Params} [params]
 */
export function linkTo (view, params = {}) {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) if (value !== null && value !== undefined && value !== '' && value !== false) query.set(name, String(value))
  const text = query.toString()
  return text === '' ? `#/${view}` : `#/${view}?${text}`
}

/**
 * Shows a view; the browser's back button leads back.
 *
 * @param {string} view
 * @param {Params} [params]
 */
export function show (view, params) {
  location.hash = linkTo(view, params)
}

/**
 * Changes the link without a step for the back button, as for each letter that is typed.
 *
 * @param {string} view
 * @param {Params} [params]
 */
export function replaceLink (view, params) {
  const link = linkTo(view, params)
  if (link === location.hash) return
  history.replaceState(history.state, '', link)
  dispatchEvent(new HashChangeEvent('hashchange'))
}

/**
 * A word of a filter: `site:Shop`, or `rule:"to the backend"` where the value has spaces.
 *
 * @param {string} name
 * @param {string | number} value
 */
export function filterBy (name, value) {
  const text = String(value)
  return `${name}:${/^[^\s":]+$/.test(text) ? text : `"${text.replaceAll('"', '')}"`}`
}

/** Whether links take part in the order of the Tab key: in a table only those of one row do. */
export const TabStop = createContext(/** @type {0 | -1 | undefined} */ (undefined))

/**
 * A link that goes to a view.
 *
 * @param {object} props
 * @param {string} props.to the view
 * @param {Params} [props.params]
 * @param {string} [props.title] for a tooltip
 * @param {string} [props.class]
 * @param {unknown} [props.children]
 */
export function ViewLink ({ to, params, title, class: name, children }) {
  const tabIndex = useContext(TabStop)
  return html`<a class=${name} href=${linkTo(to, params)} title=${title} tabIndex=${tabIndex}>${children}</a>`
}
