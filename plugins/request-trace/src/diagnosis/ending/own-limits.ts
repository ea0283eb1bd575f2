// Did this proxy end the WebSocket itself: a limit of its own, or its end?
import type { Finding } from '../../trace/trace.ts'
import { found, type FindingCode } from '../findings.ts'
import { duration, size } from '../story/duration.ts'
import { SideName, type Story } from '../story/story.ts'
import type { Closed, TunnelStory } from '../story/tunnel-story.ts'
import { largestMessage } from './messages.ts'

interface Limit {
  readonly code: FindingCode
  readonly says: (tunnel: TunnelStory, closed: Closed) => string
  readonly remedy: string
}

/** By the names of the fact `request.upstream.tunnel.limit`. */
const LIMITS: Readonly<Record<string, Limit>> = {
  idle: { code: 'LIMIT_IDLE', says: ({ open }, { idle, time }) => `nothing had passed for ${duration(idle ?? time - open.time)} (\`websocket.idleTimeout\`)`, remedy: 'Let the proxy ping (`websocket.ping`, shorter than `idleTimeout`), or raise `websocket.idleTimeout`; 0 switches it off.' },
  age: { code: 'LIMIT_AGE', says: ({ open }, { time }) => `it had been open for ${duration(time - open.time)} (\`websocket.maxAge\`)`, remedy: 'Right where it is meant: the client connects again. Elsewhere raise `websocket.maxAge`; 0 switches it off.' },
  until: { code: 'LIMIT_UNTIL', says: () => 'its permission had expired (`websocket.until`)', remedy: 'Let the client get a new token and connect again before this time.' },
  ping: { code: 'LIMIT_PING', says: () => 'a ping of the proxy got no answer in time (`websocket.ping.timeout`)', remedy: 'The side that did not answer is gone, or too busy to answer: look at its network (a phone that sleeps, a Wi-Fi that was left) or raise `websocket.ping.timeout`.' },
  halfClose: { code: 'LIMIT_HALF_CLOSE', says: () => 'one side had ended its direction, and nothing came from the other (`websocket.halfCloseTimeout`)', remedy: 'Look why the other side does not end as well: it must close when it reads the end (`allowHalfOpen` of Node.js).' },
  send: { code: 'LIMIT_SEND', says: () => 'one side did not read what was sent to it', remedy: 'Look at that side: it hangs, its network is gone, or more is sent to it than its line carries.' },
  messageSize: { code: 'LIMIT_MESSAGE_SIZE', says: tunnel => `a message was too large${largest(tunnel)} (\`websocket.maxMessageSize\`)`, remedy: 'Raise `websocket.maxMessageSize` of upstream-proxy, or send it in parts. It counts the bytes on the wire, compressed where they are.' },
  messageRate: { code: 'LIMIT_MESSAGE_RATE', says: () => 'too many messages came in a second (`websocket.maxMessageRate`)', remedy: 'Raise `websocket.maxMessageRate` or its `burst`, or let messages wait: `over: \'hold\'`. Pings count as well.' },
  byteRate: { code: 'LIMIT_BYTE_RATE', says: () => 'too many bytes came in a second (`websocket.maxByteRate`)', remedy: 'Raise `websocket.maxByteRate` or its `burst`, or let bytes wait: `over: \'hold\'`.' }
}

export function limitFindings ({ tunnel }: Story): Finding[] {
  const closed = tunnel?.closed ?? null
  if (tunnel === null || closed === null) return []
  const evidence = [...tunnel.closes.filter(({ from }) => from === 'proxy').map(({ index }) => index), closed.index]
  const limit = Object.hasOwn(LIMITS, closed.limit) ? LIMITS[closed.limit] : undefined
  if (limit !== undefined) {
    const told = tunnel.closes.find(({ from }) => from === 'proxy')
    return [found(limit.code, evidence, `This proxy ended the WebSocket: ${limit.says(tunnel, closed)}${told?.code == null ? '' : `, with ${told.code}`}.`, limit.remedy)]
  }
  if (closed.ending !== 'drain') return []
  const code = closed.code === null ? '' : ` (${closed.code}${closed.reason === '' ? '' : ` "${closed.reason}"`})`
  return [found('DRAINED', evidence, `${SideName('proxy')} was closing, or the server of its farm was taken out: both sides were told goodbye${code} after ${duration(closed.time - tunnel.open.time)}.`, 'Nothing, where it is a restart: the client connects again. `websocket.drain` spreads the goodbyes over a time.')]
}

function largest (tunnel: TunnelStory): string {
  const message = largestMessage(tunnel)
  return message === null ? '' : `, the largest that was seen has ${size(message.bytes)} from the ${message.from}`
}
