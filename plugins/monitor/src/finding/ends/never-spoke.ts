// Are there many WebSockets through which no message ever passed?
import type { Finding } from '../../messages/index.ts'
import { casesOf, found } from '../codes.ts'
import type { Ended } from '../records/ended.ts'
import { counted, filterOf, grouped } from '../sentence.ts'

const LONG = 30_000
const LEAST = 20

export function neverSpoke (ended: readonly Ended[]): Finding[] {
  const long = ended.filter(({ life, observed }) => life >= LONG && observed)
  return [...grouped(long, ({ site, upstream }) => `${site ?? ''}\n${upstream}`).values()].flatMap(all => {
    const mute = all.filter(({ messages }) => messages === 0)
    if (mute.length < LEAST || mute.length * 2 < all.length) return []
    const { site, upstream } = mute[0] as Ended
    const pinged = mute.filter(({ pings }) => pings > 0).length
    const pings = pinged === 0 ? '' : pinged === mute.length ? '; there were pings' : `; in ${pinged} there were pings`
    return [found('NEVER_SPOKE', casesOf(mute),
      `Through ${mute.length} of ${counted(all.length, 'WebSocket')} with ${upstream} that were open for half a minute or more, no message ever passed${pings}.`,
      'They cost memory on both sides. Let pages open a WebSocket when they need it, and close it when they are hidden; or let the proxy end those that stay silent: `websocket.idleTimeout`, where nobody pings.',
      filterOf({ ws: 'closed', site, upstream }))]
  })
}
