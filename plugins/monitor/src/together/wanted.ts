// What does this worker do, or give, when another one asks once?
import type { FarmServerState, ServerFacts, Told } from '@fastify-arr/facts'
import type { Wanted } from './messages.ts'
import type { Own } from './parts.ts'

/** A page that is longer is not told, in characters. */
const LONGEST_PAGE = 8 * 1024 * 1024

/** Undefined where it has no such thing. `allowed`: whether anything may be changed from the page. */
export function doWanted (wanted: Wanted, own: Own, beside: Told<ServerFacts>, allowed: boolean): unknown {
  switch (wanted.kind) {
    case 'history': return own.gathered.history()
    case 'story': return wanted.pid === process.pid ? own.views.story(wanted.id) : undefined
    case 'storyPage': return wanted.pid === process.pid ? short(own.views.storyPage(wanted.id)) : undefined
    case 'tracePage': return wanted.pid === null || wanted.pid === process.pid ? short(own.views.tracePage(wanted.key)) : undefined
    default: return allowed ? act(wanted, own, beside) : undefined
  }
}

function act (wanted: Exclude<Wanted, { kind: 'history' | 'story' | 'storyPage' | 'tracePage' }>, { views }: Own, { tunnels, farms }: Told<ServerFacts>): unknown {
  switch (wanted.kind) {
    case 'close': return close(wanted.ids, wanted)
    case 'closeMatching': return close([...views.matching(wanted.filter)], wanted).length
    case 'farmState': return farmOf(wanted.farm)?.setState?.(wanted.server, wanted.state as FarmServerState)
    case 'rebalance': return farmOf(wanted.farm)?.rebalance?.()
  }

  function close (ids: readonly string[], { code, reason }: { readonly code: number, readonly reason: string }): string[] {
    return ids.filter(id => {
      const tunnel = tunnels?.get?.(id)
      if (tunnel?.close === undefined) return false
      tunnel.close(code, reason)
      return true
    })
  }

  function farmOf (name: string): ReturnType<NonNullable<NonNullable<typeof farms>['farm']>> | undefined {
    return farms?.get?.(name) === undefined ? undefined : farms.farm?.(name)
  }
}

function short (page: string | undefined): string | undefined {
  return page !== undefined && page.length > LONGEST_PAGE ? undefined : page
}
