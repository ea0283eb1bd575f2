// Which attempts to reach an upstream failed, how, and did another one succeed?
import type { Finding } from '../../trace/trace.ts'
import { textOf } from '../story/event-values.ts'
import { found, type FindingCode } from '../findings.ts'
import { duration } from '../story/duration.ts'
import { seen, type Seen, type Story } from '../story/story.ts'
import { tlsFinding } from './tls-failures.ts'

/** By the end of the stable code; `says` follows the server's name. */
const FAILURES: Readonly<Record<string, readonly [code: FindingCode, says: string, remedy: string]>> = {
  FST_ARR_UPSTREAM_REFUSED: ['UPSTREAM_REFUSED', 'does not accept connections', 'Start the application, or correct its port. It may listen on 127.0.0.1 alone, or on IPv6 alone: `ss -ltn` there shows it. A firewall that rejects does the same.'],
  FST_ARR_UPSTREAM_NOT_RESOLVED: ['UPSTREAM_NOT_RESOLVED', 'has a name that cannot be resolved', 'Correct the name, or ask the name server of this machine for it (`nslookup`). In containers, the name is that of the service, and both must be in one network.'],
  FST_ARR_UPSTREAM_CONNECT_TIMEOUT: ['UPSTREAM_CONNECT_TIMEOUT', 'did not accept the connection in time', 'A firewall drops the packets, the address is wrong, or the server is overloaded (its backlog is full). The limit is `timeouts.connect` of upstream-proxy.'],
  FST_ARR_UPSTREAM_TIMEOUT: ['UPSTREAM_TIMEOUT', 'was connected, and did not answer in time', 'The application hangs, or needs longer: raise `timeouts.handshake` for WebSockets, `timeouts.headers` for others (`timeout` of ARR), or look at what it waits for.'],
  FST_ARR_UPSTREAM_RESET: ['UPSTREAM_RESET', 'closed the connection before it answered', "The application crashed or was restarted, or it does not know upgrades and hangs up. A server that expects TLS does the same with plain HTTP: try `https://` in the upstream's URL."],
  FST_ARR_UPSTREAM_BAD_ANSWER: ['UPSTREAM_BAD_ANSWER', 'gave an answer that is no valid HTTP', 'Another protocol is at this port (TLS, HTTP/2 without upgrade, a database), or the application writes a faulty head. Ask it with `curl -v` from this machine.']
}

export function attemptFindings (story: Story): Finding[] {
  const starts = seen(story, 'ATTEMPT_START')
  const failures = seen(story, 'ATTEMPT_FAILED')
  const last = failures.at(-1)
  if (last === undefined) return []
  // A failure in the middle of an answer comes after its head.
  const answered = story.answer !== null && story.answer.index > last.index
  const servers = [...new Set(failures.map(({ event }) => textOf(event, 'Server')))]
  if (answered) {
    const took = duration((starts.at(-1)?.event.time ?? last.event.time) - (starts[0]?.event.time ?? 0))
    return [found('TRIED_AGAIN', [...failures.map(({ index }) => index), starts.at(-1)?.index], `${failures.length === 1 ? 'One attempt' : `${failures.length} attempts`} failed (${failures.map(told).join('; ')}), then ${textOf(starts.at(-1)?.event, 'Server')} was reached, ${took} after the first one began.`, 'Find out about the server that failed: what follows goes on to ask it, until its health says otherwise (`health` of server-farm).')]
  }
  const findings: Finding[] = []
  if (servers.length > 1) findings.push(found('ALL_SERVERS_FAILED', failures.map(({ index }) => index), `${servers.length} servers were tried and each one failed: ${failures.map(told).join('; ')}.`, 'What they have in common is the first suspect: the network between, a deployment that stopped all at once, one wrong port or one wrong certificate.'))
  const finding = failureFinding(last, starts.filter(({ index }) => index < last.index).at(-1))
  if (finding !== null) findings.push(finding)
  return findings
}

/** Null for a failure that is not the upstream's. */
function failureFinding ({ event, index }: Seen, start: Seen | undefined): Finding | null {
  const code = textOf(event, 'Code')
  const server = textOf(event, 'Server')
  const systemCode = textOf(event, 'SystemCode')
  const evidence = [start?.index, index]
  if (textOf(event, 'Moment') === 'body' && code.startsWith('FST_ARR_UPSTREAM_')) {
    return found('ANSWER_CUT', evidence, `${server} broke off in the middle of its answer (${systemCode === '' ? code : systemCode}), ${duration(event.time - (start?.event.time ?? 0))} after the attempt began.`, 'The application failed while it wrote, was stopped, or was silent for longer than `timeouts.body` of upstream-proxy: look at its log. A Content-Length that is too large does the same.')
  }
  if (code === 'FST_ARR_UPSTREAM_TLS') return tlsFinding(server, systemCode, evidence)
  const words = Object.hasOwn(FAILURES, code) ? FAILURES[code] : undefined
  if (words === undefined) return null
  const [name, says, remedy] = words
  const after = start === undefined ? '' : ` after ${duration(event.time - start.event.time)}`
  return found(name, evidence, `${server} ${says}${systemCode === '' ? '' : ` (${systemCode})`}${after}.`, remedy)
}

function told ({ event }: Seen): string {
  const systemCode = textOf(event, 'SystemCode')
  return `${textOf(event, 'Server')} ${systemCode === '' ? textOf(event, 'Code') : systemCode}`
}
