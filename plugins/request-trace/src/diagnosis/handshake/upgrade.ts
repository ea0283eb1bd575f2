// Is the request a handshake still, when it comes in and when it leaves (RFC 6455 §4.1)?
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'
import type { Story } from '../story/story.ts'

const IN_FRONT = 'Let what is in front pass them on. nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";`. Apache: `ProxyPass … upgrade=websocket`. A load balancer of AWS must be an ALB or NLB, not a Classic one with an HTTP listener.'

export function upgradeFindings ({ request, sent, answer, handshake, trace, tunnel }: Story): Finding[] {
  if (request === null || !handshake || trace.httpVersion.startsWith('2')) return []
  const { headers } = request
  const missing = [
    ...headers.tokens('upgrade').includes('websocket') ? [] : ['Upgrade'],
    ...headers.tokens('connection').includes('upgrade') ? [] : ['Connection: Upgrade']
  ]
  if (missing.length > 0) {
    const which = headers.get('sec-websocket-key') !== null ? 'Sec-WebSocket-Key' : headers.get('sec-websocket-version') !== null ? 'Sec-WebSocket-Version' : 'Upgrade'
    return [found('UPGRADE_STRIPPED', [request.index], `The request has ${which} but no ${missing.join(' and no ')}: something between the client and this proxy strips hop-by-hop headers${via(headers.get('via'))}.`, IN_FRONT)]
  }
  const findings: Finding[] = []
  if (trace.httpVersion === '1.0') findings.push(found('HTTP_1_0_HANDSHAKE', [request.index], 'The handshake came in HTTP/1.0, which has no upgrades: something between the client and this proxy speaks HTTP/1.0.', 'nginx: `proxy_http_version 1.1;` (1.0 was its default for long).'))
  const version = headers.get('sec-websocket-version')
  const lacks = [
    ...headers.get('sec-websocket-key') === null ? ['no Sec-WebSocket-Key'] : [],
    ...version === '13' ? [] : [version === null ? 'no Sec-WebSocket-Version' : `Sec-WebSocket-Version ${version} instead of 13`]
  ]
  if (lacks.length > 0 && tunnel === null) findings.push(found('HANDSHAKE_INCOMPLETE', [request.index], `The handshake has ${lacks.join(' and ')}.`, 'Use a client that speaks RFC 6455, or look for what removes the header between the client and this proxy. A request that was written by hand (curl) needs `Sec-WebSocket-Key` (16 bytes in base64) and `Sec-WebSocket-Version: 13`.'))
  if (sent !== null && tunnel === null && !sent.headers.tokens('upgrade').includes('websocket')) {
    findings.push(found('UPGRADE_NOT_SENT', [request.index, sent.index, answer?.index], `The client asked for a WebSocket; ${sent.server === '' ? 'the upstream' : sent.server} was sent a plain request without Upgrade.`, 'Allow it in upstream-proxy: `websocket: true`, and `upgrades` must have `websocket`. A rule that sets HTTP_UPGRADE or HTTP_CONNECTION to nothing takes it away as well. A handshake with a body is no handshake.'))
  }
  return findings
}

function via (value: string | null): string {
  return value === null ? '' : ` (Via: ${value})`
}
