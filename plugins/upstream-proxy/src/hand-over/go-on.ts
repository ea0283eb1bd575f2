// How does an adopted tunnel go on? From where it was, as far as its record says, and with what its sockets have read since.
import type { Socket } from 'node:net'
import type { Tunnel } from '../tunnel/tunnel.ts'
import { momentOf } from './moment.ts'
import type { TunnelState } from './record.ts'
import { goOnFrom } from './way-state.ts'

/** Makes a tunnel that has just been made go on as its record says. */
export function goOn (tunnel: Tunnel, state: TunnelState): void {
  const { up, down, clocks } = tunnel
  const now = performance.now()
  // The moment of the telling; both processes have the same system clock.
  const told = now - Math.max(0, Date.now() - state.at)
  clocks.openedAt = momentOf(state.age, told)
  clocks.movedAt = momentOf(state.quiet, told)
  if (state.halfClosed !== null) tunnel.halfClosedAt = momentOf(state.halfClosed, told)
  if (state.saidGoodbye !== null) tunnel.goodbyeAt = momentOf(state.saidGoodbye, told)
  tunnel.goodbye = { ...state.goodbye }
  for (const { from } of [up, down]) ownSocket(from as Socket)
  const early = goOnFrom(up, state.up, told)
  const late = goOnFrom(down, state.down, told)
  tunnel.start(early, late)
}

/** What a socket of ours is like. Node makes one that comes from another process like any other. */
function ownSocket (socket: Socket): void {
  socket.allowHalfOpen = true
  socket.setTimeout(0)
  socket.setNoDelay(true)
}
