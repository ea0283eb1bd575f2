// How do the open tunnels of a server get to another process? Several at a time; each is stopped, told, sent, and then gone or as before.
import type { Socket } from 'node:net'
import type { HandOver, SendTunnel, TunnelRecord } from '@fastify-arr/facts'
import type { Tunnel } from '../tunnel/tunnel.ts'
import { canMove, comesToRest, goesOn, holdBack, isOver } from './rest.ts'
import { tellTunnel, VERSION, type TunnelSockets } from './record.ts'
import type { TunnelCarriers } from './tunnel-carriers.ts'

/** How many are on their way at a time. More would only stand still for longer: Node sends one socket after the other. */
const TOGETHER = 32
/** How long a tunnel may be on its way, ms. After that nobody knows where it is. */
const PATIENCE = 30_000

type Outcome = keyof HandOver | 'ended'

/** Moves those that can move. One that ends meanwhile counts for neither. */
export async function handOver (tunnels: readonly Tunnel[], carriers: TunnelCarriers, send: SendTunnel): Promise<HandOver> {
  const counts = { moved: 0, stayed: 0, ended: 0 }
  let next = 0
  await Promise.all(Array.from({ length: Math.min(TOGETHER, tunnels.length) }, sendOn))
  return { moved: counts.moved, stayed: counts.stayed }

  async function sendOn (): Promise<void> {
    for (let tunnel = tunnels[next++]; tunnel !== undefined; tunnel = tunnels[next++]) counts[await move(tunnel, carriers, send)]++
  }
}

async function move (tunnel: Tunnel, carriers: TunnelCarriers, send: SendTunnel): Promise<Outcome> {
  if (!canMove(tunnel)) return isOver(tunnel.up) && isOver(tunnel.down) ? 'ended' : 'stayed'
  if (!await comesToRest(tunnel)) {
    goesOn(tunnel)
    return isOver(tunnel.up) || isOver(tunnel.down) ? 'ended' : 'stayed'
  }
  const { request } = tunnel.opening
  tunnel.away = []
  const release = holdBack(tunnel)
  const sockets = { client: tunnel.up.from, upstream: tunnel.down.from } as TunnelSockets
  const own = disown(sockets.client)
  let isTaken: boolean | null = false
  try {
    const record = { version: VERSION, id: tunnel.id, state: tellTunnel(tunnel), carried: carriers.give(request) }
    isTaken = await inTime(send(record satisfies TunnelRecord, sockets.client, sockets.upstream))
  } catch (error) {
    request.log.debug({ err: error }, 'upstream-proxy: this WebSocket could not be sent to another process')
  }
  if (isTaken === true) {
    carriers.left(request)
    leave(tunnel)
    return 'moved'
  }
  own()
  // Where it may be open in two processes, this one lets go of it.
  if (isTaken === null) tunnel.destroy('proxy', 'reset')
  comeBack(tunnel)
  goesOn(tunnel)
  release()
  return 'stayed'
}

/** The other process has it. Its sockets are closed here, which their peers do not notice. */
function leave (tunnel: Tunnel): void {
  for (const way of [tunnel.up, tunnel.down]) {
    way.over = true
    way.closed()
    way.from.destroy()
  }
  tunnel.opening.onEnd(tunnel, true)
}

/** It stays after all: what had to wait is done. */
function comeBack (tunnel: Tunnel): void {
  const waiting = tunnel.away ?? []
  tunnel.away = null
  for (const then of waiting) then()
}

/** Null where nobody has said in time. */
async function inTime (sent: Promise<boolean>): Promise<boolean | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>(resolve => { timer = setTimeout(() => { resolve(null) }, PATIENCE).unref() })
  try {
    return await Promise.race([sent, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Takes a socket from its server, as far as Node's sending is concerned: a server whose sockets were sent waits at its close until the other
 * process has closed them. Returns what gives it back.
 */
function disown (socket: Socket & { server?: unknown }): () => void {
  const { server } = socket
  socket.server = undefined
  return () => { socket.server = server }
}
