// Was the sub-protocol that was chosen one of those that were asked for (RFC 6455 §4.1)?
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'
import type { Story } from '../story/story.ts'

const NAME = 'sec-websocket-protocol'

export function subProtocolFindings ({ request, sent, answer }: Story): Finding[] {
  if (request === null || answer?.status !== 101) return []
  const asked = listed(request.headers.get(NAME))
  const arrived = sent === null ? asked : listed(sent.headers.get(NAME))
  const chosen = answer.headers.get(NAME)
  const evidence = [request.index, sent?.index, answer.index]
  if (asked.length > 0 && chosen === null) {
    const lost = arrived.length === 0
    return [found('SUBPROTOCOL_NOT_ANSWERED', evidence, `The client asked for the sub-protocol ${asked.join(' or ')}${lost ? ', which was taken away on the way,' : ''} and the upstream chose none: browsers and most libraries close the connection at once.`, lost
      ? 'Pass Sec-WebSocket-Protocol on: take away the rule or hook that removes it.'
      : 'Let the application choose one: `handleProtocols` of ws, `AcceptWebSocketAsync(subProtocol)` of ASP.NET Core, `subprotocols` of Python websockets. Or do not ask for one: `new WebSocket(url)` without a second parameter.')]
  }
  if (chosen !== null && !asked.includes(chosen)) {
    return [found('SUBPROTOCOL_NOT_ASKED', evidence, `The upstream chose the sub-protocol ${chosen}; the client asked for ${asked.length === 0 ? 'none' : asked.join(' or ')}: a client must fail the connection.`, 'Let the application choose one of those that the request has, spelled as there, or none. Or ask for it in the client: the second parameter of `new WebSocket`.')]
  }
  return []
}

function listed (value: string | null): string[] {
  return (value ?? '').split(',').map(one => one.trim()).filter(one => one !== '')
}
