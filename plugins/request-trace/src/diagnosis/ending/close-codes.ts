// With which code was the WebSocket closed, by whom, and was the Close answered (RFC 6455 §7.1.2)?
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'
import { duration, size } from '../story/duration.ts'
import { sideName, SideName, type Story } from '../story/story.ts'
import type { CloseFrame, TunnelStory } from '../story/tunnel-story.ts'
import { codeWords } from './code-words.ts'
import { largestMessage } from './messages.ts'
import { limitsUnder } from './size-limits.ts'

const PATIENCE = 500

export function closeFindings ({ tunnel }: Story): Finding[] {
  const first = tunnel?.closes[0]
  if (tunnel === null || first === undefined) return []
  const findings: Finding[] = []
  // What the proxy sent because of a limit or its end is told as that.
  const ours = first.from === 'proxy' && ((tunnel.closed?.limit ?? '') !== '' || tunnel.closed?.ending === 'drain')
  if (!ours && first.code !== null) findings.push(...codeFindings(tunnel, first, first.code))
  const unanswered = unansweredIn(tunnel, first)
  if (unanswered !== null) findings.push(unanswered)
  return findings
}

function codeFindings (tunnel: TunnelStory, first: CloseFrame, code: number): Finding[] {
  const reason = first.reason === '' ? '' : ` "${first.reason}"`
  const after = duration(first.time - tunnel.open.time)
  const evidence = [first.index, tunnel.closed?.index]
  if (code === 1009) {
    const other = first.from === 'client' ? 'upstream' : 'client'
    const message = largestMessage(tunnel, other)
    const told = message === null ? '' : `; the largest from ${sideName(other)} has ${size(message.bytes)}`
    const limits = message === null ? [] : limitsUnder(message.bytes)
    return [found('CLOSE_TOO_BIG', [...message?.frames.map(({ index }) => index) ?? [], ...evidence], `${SideName(first.from)} closed with 1009${reason} after ${after}: a message is too large for it${told}.`, `Raise its limit${limits.length === 0 ? '' : ` (${limits.map(({ who, setting }) => `${who}: ${setting}`).join('; ')})`}, or send smaller messages. The size is that on the wire: compressed, it may be many times larger for the application.`)]
  }
  const words = codeWords(code)
  if (words === null) return []
  return [found(words.finding, evidence, `${SideName(first.from)} closed with ${code}${reason} after ${after}: ${words.means}.`, words.remedy)]
}

/** A Close that one side sent and the other never answered, though there was time for it. */
function unansweredIn (tunnel: TunnelStory, first: CloseFrame): Finding | null {
  const end = tunnel.closed ?? tunnel.ends.at(-1)
  if (end === undefined || end === null) return null
  const answered = new Set(tunnel.closes.slice(1).map(({ from }) => from))
  const silent = (first.from === 'proxy' ? ['client', 'upstream'] : [first.from === 'client' ? 'upstream' : 'client']).filter(side => !answered.has(side))
  const waited = end.time - first.time
  // A side that is gone cannot answer; one that ends its socket within a moment has heard it.
  const ended = tunnel.ends.filter(({ how, side }) => how !== 'cut' && silent.includes(side))
  if (silent.length === 0 || (waited < PATIENCE && ended.length > 0)) return null
  // Nothing to say where the one who closed did not wait.
  const left = tunnel.firstEnd
  if (left !== null && left.side === first.from && left.time - first.time < PATIENCE) return null
  if (waited < PATIENCE) return null
  return found('CLOSE_NOT_ANSWERED', [first.index, ...tunnel.ends.map(({ index }) => index), tunnel.closed?.index], `${SideName(first.from)} sent a Close${first.code === null ? '' : ` (${first.code})`}, and ${silent.map(sideName).join(' and ')} did not answer it in ${duration(waited)}.`, `${silent.includes('upstream') ? 'The application does not read while it is closed, hangs, or is gone' : 'The client hangs or is gone (a phone without network)'}: both sides must answer a Close with a Close (RFC 6455 §5.5.1), as every library does by itself while it reads.`)
}
