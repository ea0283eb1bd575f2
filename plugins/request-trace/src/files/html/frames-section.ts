// Which frames have passed? Those that were kept, and how many were not.
import { closeCodeName, opcodeName } from '../../story/frame-words.ts'
import { isFrame, type Frame, type SkippedFrames, type WebSocketLife } from '../../story/web-socket.ts'
import { bytes, duration } from './duration.ts'
import { html, type Content, type Markup } from './markup.ts'

const COLUMNS = ['Time', 'Direction', 'Opcode', 'Fin', 'RSV', 'Masked', 'Length', 'Payload']

export function framesSection (life: WebSocketLife | null): Markup | null {
  if (life === null || life.open === null) return null
  const kept = life.frames.filter(isFrame).length
  const skipped = life.frames.reduce((sum, one) => sum + (isFrame(one) ? 0 : one.fromClient + one.fromUpstream), 0)
  return html`<section aria-labelledby="frames"><h2 id="frames">WebSocket frames</h2><p>${kept} kept${skipped === 0 ? '' : `, ${skipped} counted only`}.</p>${life.frames.length === 0
    ? null
    : html`<div class="scroll" tabindex="0" role="region" aria-label="Frames, one by one"><table class="mono"><thead><tr>${COLUMNS.map(title => html`<th scope="col">${title}</th>`)}</tr></thead><tbody>${life.frames.map(row)}</tbody></table></div>`}</section>`
}

function row (one: Frame | SkippedFrames): Markup {
  if (!isFrame(one)) {
    return html`<tr><td class="num">${duration(one.time)}</td><td colspan="7">${one.fromClient} frames from the client and ${one.fromUpstream} from the upstream were not kept (${bytes(one.bytes)})</td></tr>`
  }
  const { time, from, opcode, fin, rsv, masked, length, payload } = one
  const ways: Readonly<Record<string, string>> = { client: 'client → upstream', upstream: 'client ← upstream', proxy: 'from the proxy' }
  return html`<tr><td class="num">${duration(time)}</td><td class="word">${ways[from] ?? from}</td><td>${opcodeName(opcode)} (${opcode})</td><td>${fin ? 'yes' : 'no'}</td><td>${reserved(rsv)}</td><td>${masked ? 'yes' : 'no'}</td><td class="num">${length}</td><td>${payload ?? html`<span class="dim">not kept</span>`}</td></tr>`
}

/** RFC 6455 §5.2: the three bits behind FIN. */
function reserved (rsv: number): string {
  return [[0x40, 'RSV1'], [0x20, 'RSV2'], [0x10, 'RSV3']].filter(([bit]) => (rsv & Number(bit)) !== 0).map(([, name]) => name).join(' ') || '0'
}

/** A close code with its name; in words where there is none. */
export function closeCode (code: unknown): Content {
  return typeof code === 'number' ? `${code} ${closeCodeName(code)}` : 'none'
}
