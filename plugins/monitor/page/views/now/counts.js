// Which errors were there, and how did WebSockets end? Lists of the last five minutes, each line with a link to its exchanges.
import { html } from '../../preact.js'
import { Empty } from '../../parts/empty.js'
import { filterBy, ViewLink } from '../../parts/link.js'
import { count } from '../../parts/numbers.js'

/** What Close codes mean (RFC 6455, section 7.4.1, and IANA's registry). */
/** @type {Readonly<Record<string, string>>} */
const CLOSES = {
  1000: 'normal',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'no code',
  1006: 'cut',
  1007: 'invalid text',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'extension missing',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
  1014: 'bad gateway',
  3000: 'unauthorized',
  3003: 'forbidden',
  3008: 'timeout',
  none: 'without a Close'
}

/** @typedef {ReadonlyArray<{ readonly name: string, readonly count: number }> | null} Counts null before the first message */

/**
 * @param {object} props
 * @param {string} props.title
 * @param {Counts} props.counts
 * @param {(name: string) => string} props.filter
 * @param {(name: string) => string} props.words
 * @param {string} props.colour
 * @param {string} props.none
 */
function List ({ title, counts, filter, words, colour, none }) {
  const most = Math.max(1, ...(counts ?? []).map(one => one.count))
  return html`<section class="card counts"><div class="card-head"><h2>${title}</h2><span class="muted">last 5 minutes</span></div>
    ${counts?.length === 0 && html`<${Empty} title=${none} />`}
    ${counts !== null && counts.length > 0 && html`<ol>${counts.map(one => html`<li key=${one.name}>
      <${ViewLink} to="exchanges" params=${{ filter: filter(one.name) }}><span class="counts-name">${one.name}</span> <span class="muted">${words(one.name)}</span><//>
      <span class="counts-bar" aria-hidden="true"><span style=${{ width: `${one.count / most * 100}%`, background: `var(${colour})` }}></span></span>
      <span class="value figure">${count(one.count)}</span></li>`)}</ol>`}
  </section>`
}

/** @type {Readonly<Record<string, string>>} */
const STATUSES = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 408: 'Request Timeout', 413: 'Content Too Large', 414: 'URI Too Long', 421: 'Misdirected Request', 426: 'Upgrade Required', 429: 'Too Many Requests', 431: 'Header Fields Too Large', 499: 'client left', 500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout' }

/** @param {{ counts: Counts }} props */
export function Errors ({ counts }) {
  return html`<${List} title="Errors" counts=${counts} none="No errors" colour="--series-error" filter=${(/** @type {string} */ name) => filterBy(/^\d+$/.test(name) ? 'status' : 'error', name)} words=${(/** @type {string} */ name) => STATUSES[name] ?? ''} />`
}

/** @param {{ counts: Counts }} props */
export function Closes ({ counts }) {
  return html`<${List} title="How WebSockets ended" counts=${counts} none="No WebSocket has ended" colour="--series-4" filter=${(/** @type {string} */ name) => filterBy('close', name)} words=${(/** @type {string} */ name) => CLOSES[name] ?? ''} />`
}
