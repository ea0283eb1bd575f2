// What does the record of an exchange hold about its upstream?
import type { ExchangeUpstream } from './exchange.ts'
import type { ToldUpstream } from './facts.ts'

export function upstreamPart (upstream: ToldUpstream): ExchangeUpstream {
  const { error } = upstream
  return {
    logId: upstream.logId ?? null,
    server: upstream.server ?? null,
    routed: upstream.routed ?? null,
    status: upstream.status ?? null,
    cacheHit: upstream.cacheHit === true,
    connectTime: upstream.connectTime ?? null,
    firstByteTime: upstream.firstByteTime ?? null,
    error: error === null || error === undefined
      ? null
      : { code: error.code ?? null, moment: error.moment ?? null, side: error.side ?? null, systemCode: error.systemCode ?? null }
  }
}
