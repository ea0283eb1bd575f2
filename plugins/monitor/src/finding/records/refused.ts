// Which handshakes were refused? The last 2,000, told at the end of each exchange.
import type { ExchangeRow } from '../../messages/index.ts'
import { Ring } from './ring.ts'

/** The same bound as that of the WebSockets that have ended: less than 1 MiB. */
const MOST = 2_000

/** What is known of a handshake that opened nothing. */
export type Refused = Pick<ExchangeRow, 'id' | 'at' | 'status' | 'client' | 'site' | 'rejection' | 'upstream' | 'error'>

export class RefusedHandshakes {
  readonly #ring = new Ring<Refused>(MOST)

  /** To be called at the end of each exchange whose `webSocket` is `refused`; a row of exchanges has all that is kept. */
  add ({ id, at, status, client, site, rejection, upstream, error }: Refused): void {
    this.#ring.add({ id, at, status, client, site, rejection, upstream, error })
  }

  /** As `Ring.after`. */
  after (seen: number, most: number): { readonly items: Refused[], readonly seen: number } {
    return this.#ring.after(seen, most)
  }

  all (): Refused[] {
    return this.#ring.all()
  }
}
