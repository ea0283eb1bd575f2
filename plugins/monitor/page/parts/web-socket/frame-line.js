// What is one line of the time line? A frame, a Close frame with its words, the end of a socket, and the silence before it.
import { html } from '../../preact.js'
import { bytes, clock, count, duration, some } from '../numbers.js'
import { codeWords } from './close-codes.js'

/** @typedef {import('../../../src/messages/index.ts').FrameRow} FrameRow */

/** RFC 6455 §11.8. @type {Readonly<Record<number, string>>} */
const OPCODES = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' }
/** RFC 6455 §5.2; RSV1 is a compressed message by RFC 7692 §6. */
const RSV1 = 0x40
/** ms from which on a silence is told. */
const QUIET = 5_000

const SIDES = { client: ['↑', 'from the client'], upstream: ['↓', 'from the upstream'], proxy: ['◆', 'from the proxy'] }

/** @param {{ row: FrameRow, before: FrameRow | null }} props `before`: the one before it in time */
export function FrameLine ({ row, before }) {
  const silence = before === null ? 0 : row.at - before.at
  const [arrow, words] = row.kind === 'skipped' ? ['…', ''] : SIDES[row.side]
  return html`<li class=${`frame ${row.kind}${'side' in row ? ` ${row.side}` : ''}`}><span class="figure muted">${clock(row.at)}.${String(row.at % 1000).padStart(3, '0')}</span> <span class="arrow" aria-hidden="true" title=${words}>${arrow}</span><span class="unseen">${words}</span> ${text(row)} <span class="muted figure">${silence > 0 && silence < QUIET ? `+${duration(silence)}` : ''}</span></li>
    ${silence >= QUIET ? html`<li class="quiet-stretch"><span>${duration(silence)} of silence</span></li>` : null}`
}

/** @param {FrameRow} row */
function text (row) {
  switch (row.kind) {
    case 'frame': return html`<strong>${OPCODES[row.opcode] ?? `opcode ${row.opcode}`}</strong> <span class="figure">${bytes(row.length)}</span><span class="muted">${row.fin ? '' : ' to be continued'}${(row.rsv & RSV1) === 0 ? '' : ' compressed'}${row.masked === (row.side === 'client') || row.side === 'proxy' ? '' : ' wrongly masked'}</span>`
    case 'close': return html`<strong>Close</strong> ${row.code === null ? 'without a code' : codeWords(row.code)}${row.reason === '' ? '' : `: ${row.reason}`}`
    case 'unreadable': return 'what follows are no frames that can be read'
    case 'ended': return `its connection ${row.how === 'end' ? 'has ended' : row.how === 'cut' ? 'was cut by the proxy' : `was reset${row.systemCode === null ? '' : ` (${row.systemCode})`}`}`
    case 'skipped': return `${some(row.count, 'frame')} more, ${count(row.count)} too many to be shown`
  }
}
