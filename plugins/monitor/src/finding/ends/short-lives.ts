// Is there a server whose WebSockets end as soon as they are open?
import type { Finding } from '../../messages/index.ts'
import { casesOf, found } from '../codes.ts'
import type { Ended } from '../records/ended.ts'
import { counted, filterOf, grouped } from '../sentence.ts'

const SHORT = 1_000
const LEAST = 5

export function shortLives (ended: readonly Ended[]): Finding[] {
  return [...grouped(ended, ({ upstream }) => upstream)].flatMap(([upstream, all]) => {
    const short = all.filter(isShort)
    if (short.length < LEAST || short.length * 2 < all.length) return []
    return [found('SHORT_LIVES', casesOf(short),
      `${short.length} of the last ${counted(all.length, 'WebSocket')} with ${upstream} ended within a second of their 101, by the server or without a Close.`,
      'Look at the log of the application: it accepts and then fails, for want of a session (several servers without affinity), of a sub-protocol or of an origin that it checks late, or it finds a compressed frame that it did not agree to (another proxy changes `Sec-WebSocket-Extensions`).',
      filterOf({ ws: 'closed', time: '<1s', upstream }))]
  })
}

/** A client that closes at once has only looked whether anybody is there. */
function isShort ({ life, limit, ending, closedBy, closed }: Ended): boolean {
  return life < SHORT && limit === null && ending !== 'drain' && (closedBy === 'upstream' || (closedBy === 'client' && !closed))
}
