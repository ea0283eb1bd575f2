// Was each extension that was agreed also offered, and did the offer arrive (RFC 6455 §9.1)?
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'
import { extensionNames } from '../story/header-list.ts'
import type { Story } from '../story/story.ts'

const NAME = 'sec-websocket-extensions'

export function extensionFindings ({ request, sent, answer, delivered, tunnel }: Story): Finding[] {
  if (answer?.status !== 101) return []
  const findings: Finding[] = []
  const offered = request?.headers.get(NAME) ?? null
  const left = sent === null ? offered : sent.headers.get(NAME)
  const agreed = answer.headers.get(NAME)
  const unasked = extensionNames(agreed).filter(name => !extensionNames(left).includes(name))
  const lost = extensionNames(left).length < extensionNames(offered).length
  const source = sent ?? request
  if (unasked.length > 0 && source !== null) {
    const why = lost ? `: the client had offered ${offered ?? ''}, and it was taken away on the way` : ''
    findings.push(found('EXTENSION_NOT_OFFERED', [request?.index, source.index, answer.index], `The upstream agreed to ${unasked.join(', ')}, which it was not offered (it was sent ${left ?? 'no Sec-WebSocket-Extensions'})${why}: a client must fail the connection.`, lost
      ? 'Pass the header on: take away the rule that sets HTTP_SEC_WEBSOCKET_EXTENSIONS to nothing. IIS needs it, this proxy does not.'
      : 'Look at the application, or at a gateway in front of it: it must answer only what it was offered. Switching compression off there (`perMessageDeflate: false` of ws, `DangerousEnableCompression` of ASP.NET Core) ends it for now.'))
  }
  const got = delivered?.headers.get(NAME) ?? null
  const changes = [
    ...sent !== null && offered !== left ? [`the client offered ${offered ?? 'none'}, the upstream was sent ${left ?? 'none'}`] : [],
    ...delivered !== null && tunnel !== null && agreed !== got ? [`the upstream agreed to ${agreed ?? 'none'}, the client was told ${got ?? 'none'}`] : []
  ]
  if (changes.length > 0 && unasked.length === 0) {
    const reserved = tunnel?.frames.find(({ rsv }) => rsv !== 0)
    const risky = reserved === undefined ? '' : '; frames with reserved bits passed, which the other side cannot read'
    findings.push(found('EXTENSIONS_CHANGED', [request?.index, sent?.index, answer.index, delivered?.index, reserved?.index], `Sec-WebSocket-Extensions was changed on the way: ${changes.join('; ')}${risky}.`, 'Where this is on purpose (no compression), leave it. Elsewhere take away the rule or hook that sets it: both sides must see the same offer and the same answer, as this proxy does not read or change messages.'))
  }
  return findings
}
