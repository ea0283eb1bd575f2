// Does one of this proxy's own limits end many WebSockets?
import type { Finding } from '../../messages/index.ts'
import { casesOf, found } from '../codes.ts'
import type { Ended } from '../records/ended.ts'
import { grouped } from '../sentence.ts'

const LEAST = 10
/** Of all that have ended. */
const SHARE = 0.2

interface Words {
  readonly because: string
  readonly remedy: string
}

/** By the names of the fact `request.upstream.tunnel.limit`; the words are those of request-trace. */
const WORDS: Readonly<Record<string, Words>> = {
  idle: { because: 'nothing had passed for `websocket.idleTimeout`', remedy: 'Let the proxy ping (`websocket.ping`, shorter than `idleTimeout`), or raise `websocket.idleTimeout`; 0 switches it off.' },
  age: { because: 'they had been open for `websocket.maxAge`', remedy: 'Right where it is meant: the clients connect again. Elsewhere raise `websocket.maxAge`; 0 switches it off.' },
  until: { because: 'their permission had expired (`websocket.until`)', remedy: 'Let the clients get a new token and connect again before this time.' },
  ping: { because: 'a ping of the proxy got no answer in time (`websocket.ping.timeout`)', remedy: 'The sides that did not answer are gone, or too busy to answer: look at their network (phones that sleep, a Wi-Fi that was left) or raise `websocket.ping.timeout`.' },
  halfClose: { because: 'one side had ended its direction, and nothing came from the other (`websocket.halfCloseTimeout`)', remedy: 'Look why the other side does not end as well: it must close when it reads the end (`allowHalfOpen` of Node.js).' },
  send: { because: 'one side did not read what was sent to it', remedy: 'Look at that side: it hangs, its network is gone, or more is sent to it than its line carries.' },
  messageSize: { because: 'a message was too large (`websocket.maxMessageSize`)', remedy: 'Raise `websocket.maxMessageSize` of upstream-proxy, or send it in parts. It counts the bytes on the wire, compressed where they are.' },
  messageRate: { because: 'too many messages came in a second (`websocket.maxMessageRate`)', remedy: "Raise `websocket.maxMessageRate` or its `burst`, or let messages wait: `over: 'hold'`. Pings count as well." },
  byteRate: { because: 'too many bytes came in a second (`websocket.maxByteRate`)', remedy: "Raise `websocket.maxByteRate` or its `burst`, or let bytes wait: `over: 'hold'`." }
}

export function ownLimits (ended: readonly Ended[]): Finding[] {
  return [...grouped(ended, ({ limit }) => limit)].flatMap(([limit, members]) => {
    const words = Object.hasOwn(WORDS, limit) ? WORDS[limit] : undefined
    if (words === undefined || members.length < LEAST || members.length < ended.length * SHARE) return []
    // No field of an exchange tells its limit.
    return [found('OWN_LIMIT', casesOf(members), `This proxy itself ended ${members.length} of the last ${ended.length} WebSockets, because ${words.because}.`, words.remedy, null)]
  })
}
