// Which side of a tunnel is silent? It gets a ping, and may end its tunnel where it does not answer.
import type { PingSettings } from '../frames/frame-options.ts'
import type { Tunnel } from '../tunnel.ts'
import type { Silence } from '../ways/silence.ts'
import type { Way } from '../ways/way.ts'

/** Pings the silent sides of a tunnel, and ends it where one has not answered in time. Must be called regularly; `now` is on `performance.now()`'s clock. */
export function holdPing (tunnel: Tunnel, settings: PingSettings, now: number): void {
  if (tunnel.away !== null || tunnel.fact.limit !== null || tunnel.goodbyeAt !== 0 || tunnel.up.reader.closed !== null || tunnel.down.reader.closed !== null) return
  if (settings.toClient) look(tunnel, tunnel.up, settings, now)
  if (settings.toUpstream) look(tunnel, tunnel.down, settings, now)
}

/** Looks at the side where a direction begins. */
function look (tunnel: Tunnel, from: Way, { interval, timeout }: PingSettings, now: number): void {
  const to = from.reverse
  // A side that has ended can answer nothing; `halfCloseTimeout` is for it.
  if (from.from.readableEnded) return
  const silence: Silence = from.silence ??= { bytes: NaN, since: now, lookedAt: now, pingedAt: 0, isAsking: false }
  if (from.flow.bytes !== silence.bytes || from.isUnread) {
    silence.bytes = from.flow.bytes
    // The bytes came after the last look: a ping too early does no harm, one too late might.
    silence.since = silence.lookedAt
    silence.pingedAt = 0
  } else if (silence.isAsking && !to.isWaiting) {
    silence.pingedAt = now
  }
  silence.lookedAt = now
  silence.isAsking = to.isWaiting
  // A side that has not taken what it was sent before may not have the ping either; `timeouts.send` is for that.
  if (silence.isAsking || to.to.writableLength > 0) return
  if (timeout > 0 && silence.pingedAt !== 0 && now - silence.pingedAt >= timeout) {
    tunnel.end('ping', 1011, 'no answer to a ping')
  } else if (now - (silence.pingedAt === 0 ? silence.since : Math.max(silence.since, silence.pingedAt)) >= interval && to.ping()) {
    silence.isAsking = to.isWaiting
    if (!silence.isAsking) silence.pingedAt = now
  }
}
