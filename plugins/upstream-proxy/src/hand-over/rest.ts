// When may a tunnel be sent? Once nothing is read from its sockets any more, and all that was read has left.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { isTcp } from '../sockets/reset.ts'
import { isReadInto } from '../tunnel/ways/read-buffer.ts'
import { LimitedWay } from '../tunnel/ways/limited-way.ts'
import type { Way } from '../tunnel/ways/way.ts'
import type { Tunnel } from '../tunnel/tunnel.ts'

/** How long what was read may take to leave, ms. Where a peer does not read, the tunnel stays. */
const LIMIT = 1000
/** Between two looks, ms; the first ones are at the next turns of the event loop. */
const STEP = 5
const TURNS = 3

/** A socket's handle in Node. */
export type Handled = Socket & { readonly _handle?: { readonly reading?: boolean } | null }

/**
 * Whether the tunnel is one that can be sent: two plain sockets that read into our buffers. TLS and HTTP/2 have a state in this process
 * which nobody can take along, and Windows sends no sockets but those of a listener.
 */
export function canMove ({ up, down, away }: Tunnel): boolean {
  if (process.platform === 'win32' || away !== null || up.still || isOver(up) || isOver(down)) return false
  return isPlain(up.from) && isPlain(down.from) && !(up.from.readableEnded && down.from.readableEnded)
}

/** Stops the reading, and resolves when nothing is on its way inside this process. False where that takes too long, or the tunnel has ended meanwhile. */
export async function comesToRest ({ up, down }: Tunnel): Promise<boolean> {
  up.still = down.still = true
  const until = performance.now() + LIMIT
  for (let look = 0; ; look++) {
    up.from.pause()
    down.from.pause()
    // A resume that was asked for before takes place in this turn.
    if (look < TURNS) await turn()
    else await wait(STEP)
    if (isOver(up) || isOver(down)) return false
    if (isAtRest(up) && isAtRest(down)) return true
    if (performance.now() >= until) return false
  }
}

/** What a rate holds back stays held back, while the tunnel is under way. Returns what lets it go on. */
export function holdBack ({ up, down }: Tunnel): () => void {
  const held = [up, down].filter(way => way instanceof LimitedWay).filter(({ timer }) => timer !== undefined)
  for (const way of held) clearTimeout(way.timer)
  return () => {
    for (const way of held) {
      if (way.timer === undefined) continue
      way.timer = undefined
      way.release()
    }
  }
}

/** The tunnel stays: its sockets are read again. */
export function goesOn (tunnel: Tunnel): void {
  for (const way of [tunnel.up, tunnel.down]) {
    way.still = false
    // Whoever was to send the socket has taken it apart.
    if (!way.from.destroyed && (way.from as Handled)._handle == null) {
      tunnel.destroy('proxy', 'reset')
      return
    }
    if (!way.to.writableNeedDrain) way.resume()
  }
}

/** Whether one of a tunnel's sockets has closed, or is about to. */
export function isOver ({ from, over }: Way): boolean {
  return over || from.destroyed
}

function isPlain (socket: Duplex): boolean {
  return isTcp(socket) && socket instanceof Socket && isReadInto(socket)
}

function isAtRest ({ from, to }: Way): boolean {
  return (from as Handled)._handle?.reading === false && from.readableLength === 0 && to.writableLength === 0 && to.writableEnded === to.writableFinished
}
