// Did a side end the connection without a Close frame, and how?
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'
import { duration } from '../story/duration.ts'
import { SideName, type Story } from '../story/story.ts'
import { silenceIn } from '../silence/silence-cut.ts'
import { isData, type TunnelStory } from '../story/tunnel-story.ts'

const AT_ONCE = 1_000

export function endFindings ({ tunnel }: Story): Finding[] {
  if (tunnel === null || tunnel.closes.length > 0) return []
  if ((tunnel.closed?.limit ?? '') !== '' || tunnel.closed?.ending === 'drain') return []
  const side = tunnel.firstEnd?.side ?? tunnel.closed?.by ?? ''
  if (side !== 'client' && side !== 'upstream') return []
  if (silenceIn(tunnel) !== null) return []
  const reset = tunnel.firstEnd?.how === 'reset' || (tunnel.firstEnd === null && tunnel.closed?.ending === 'reset')
  const evidence = [tunnel.firstEnd?.index, tunnel.closed?.index]
  const age = duration((tunnel.endedAt ?? tunnel.open.time) - tunnel.open.time)
  if (side === 'upstream' && endedAtOnce(tunnel)) {
    return [found('ENDED_AT_ONCE', [tunnel.open.index, ...evidence], `The upstream ${reset ? 'reset' : 'ended'} the connection ${age} after its 101, without a word.`, 'What answered 101 cannot go on. IIS: install the feature WebSocket Protocol, or, with iisnode, switch it off (`<webSocket enabled="false"/>`). Others: the handler ends or fails at once (its log), or a proxy before the application cannot reach it.')]
  }
  const code = tunnel.firstEnd?.systemCode ?? ''
  if (reset) {
    return [found('RESET', evidence, `${SideName(side)} reset the connection${code === '' ? '' : ` (${code})`} after ${age}, without a Close: 1006 on the other side.`, side === 'client'
      ? 'The browser or its machine ended, its network changed (Wi-Fi to mobile), or a firewall or proxy on its way cut the connection. Where it is always after the same time, it is a time limit.'
      : 'The application crashed or was killed, or a proxy or firewall before it cut the connection: look at its log, and for a restart at this time.')]
  }
  return [found('ENDED_WITHOUT_CLOSE', evidence, `${SideName(side)} ended the connection in order (FIN) after ${age}, without a Close: the other side sees 1006.`, side === 'client'
    ? 'A client that ends without closing its WebSocket (a program that exits, `terminate()`), or a proxy on its way that was stopped or reloaded.'
    : 'The application ended without closing its WebSockets (a process that exits), or a proxy before it was stopped or reloaded. At a restart it should close them with 1001 or 1012.')]
}

function endedAtOnce (tunnel: TunnelStory): boolean {
  const spoke = tunnel.unreadable.length > 0 || tunnel.frames.some(frame => isData(frame)) || (tunnel.closed?.messagesFromUpstream ?? 0) > 0 || (tunnel.closed?.messagesFromClient ?? 0) > 0
  return !spoke && tunnel.endedAt !== null && tunnel.endedAt - tunnel.open.time <= AT_ONCE
}
