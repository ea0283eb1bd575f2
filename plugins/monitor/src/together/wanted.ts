// What does this worker do, or give, when another one asks once?
import type { ServerFacts, Told } from '@fastify-arr/facts'
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

function act (wanted: Exclude<Wanted, { kind: 'history' | 'story' | 'storyPage' | 'tracePage' }>, { views }: Own, { tunnels }: Told<ServerFacts>): unknown {
  return wanted.kind === 'close' ? close(wanted.ids, wanted) : close([...views.matching(wanted.filter)], wanted).length

  function close (ids: readonly string[], { code, reason }: { readonly code: number, readonly reason: string }): string[] {
    return ids.filter(id => {
      const tunnel = tunnels?.get?.(id)
      if (tunnel?.close === undefined) return false
      tunnel.close(code, reason)
      return true
    })
  }
}

function short (page: string | undefined): string | undefined {
  return page !== undefined && page.length > LONGEST_PAGE ? undefined : page
}
