// Does a server close with the same error code again and again (RFC 6455 §7.4.1)?
import type { Finding } from '../../messages/index.ts'
import { casesOf, found } from '../codes.ts'
import type { Ended } from '../records/ended.ts'
import { counted, filterOf, grouped } from '../sentence.ts'

const LEAST = 5

interface Words {
  readonly means: string
  readonly remedy: string
}

/** Codes that say that something is wrong; 1000 and 1001 are ordinary ends, 1012 is a restart, from 3000 on they are the application's. */
const WORDS: Readonly<Record<number, Words>> = {
  1002: { means: 'it found what it got against the protocol', remedy: 'Look whether another proxy in between changes `Sec-WebSocket-Extensions`, or adds bytes; `Sec-WebSocket-Extensions` set to an empty value in a rule switches compression off.' },
  1003: { means: 'it does not take this kind of message', remedy: 'The client sends binary messages where text is wanted, or the other way round.' },
  1007: { means: 'a message was no valid UTF-8, or could not be decompressed', remedy: 'Send binary messages for what is no text. If all were compressed, look whether another proxy in between changes `Sec-WebSocket-Extensions`.' },
  1008: { means: 'what it got is against its policy', remedy: "Look at the application's own log: usually a token that has expired, an origin that it does not allow, or too many messages." },
  1009: { means: 'a message was too large for it', remedy: 'Raise its limit (`maxPayload` of ws, `MaximumReceiveMessageSize` of SignalR, `max_size` of websockets, `maxHttpBufferSize` of socket.io), or send smaller messages. The size is that on the wire: compressed, it may be many times larger for the application.' },
  1010: { means: 'it needs an extension that was not agreed to', remedy: 'Look whether a rule or another proxy removes `Sec-WebSocket-Extensions`.' },
  1011: { means: 'it failed', remedy: "Look at the application's own log at these times: an error was thrown while it handled a message. Some servers send it as well where a ping got no answer (`ping_timeout` of websockets)." },
  1013: { means: 'it is overloaded', remedy: 'Add a server, or let fewer come at a time: `websocket.admission` of upstream-proxy.' },
  1014: { means: 'a gateway behind this proxy got no valid answer', remedy: 'Look at the log of that gateway.' }
}

export function closeCodes (ended: readonly Ended[]): Finding[] {
  const groups = grouped(ended, ({ closedBy, closeCode, limit, upstream }) => closedBy === 'upstream' && limit === null && Object.hasOwn(WORDS, closeCode ?? 0) ? `${closeCode}\n${upstream}` : null)
  return [...groups.values()].flatMap(members => {
    if (members.length < LEAST) return []
    const { closeCode, upstream } = members[0] as Ended
    const { means, remedy } = WORDS[closeCode as number] as Words
    return [found('CLOSED_WITH_ERROR', casesOf(members), `${upstream} closed ${counted(members.length, 'WebSocket')} with ${closeCode}: ${means}.`, remedy, filterOf({ close: closeCode, upstream }))]
  })
}
