// From what holds at a place to the options of request-filter. A part that `open` names refuses nothing.
import { isOpen, type Door } from '../access/doors.ts'
import type { FilterOptions, RequestFilteringOptions } from '../config/filter-options.ts'
import { written } from '../reading/reading.ts'
import { valuesOf, type Entries } from './entries.ts'
import type { FilterSettings, Filtering, Listed } from './filter-settings.ts'
import type { FilterPart } from './filter-sections.ts'

/** The largest number that IIS takes for a limit. */
const UNLIMITED = 4_294_967_295

/** The options of one part; `false` where it refuses nothing. */
export function partOf (part: FilterPart, settings: FilterSettings, open: readonly string[]): Required<FilterOptions>[FilterPart] {
  switch (part) {
    case 'requestFiltering': return filteringOf(settings.requestFiltering, door => isOpen(door, open))
    case 'ipSecurity': {
      const { allowUnlisted, denyAction, addresses } = settings.ipSecurity
      const list = valuesOf(addresses)
      return allowUnlisted && list.every(({ allowed }) => allowed) ? false : { allowUnlisted, addresses: list, denyAction }
    }
    case 'dynamicIpSecurity': {
      const { denyAction, enableLoggingOnlyMode, concurrent, rate } = settings.dynamicIpSecurity
      if (!concurrent.enabled && !rate.enabled) return false
      return {
        // A WebSocket is a request of IIS that is not answered yet.
        ...concurrent.enabled && { denyByConcurrentRequests: { maxConcurrentRequests: concurrent.maxConcurrentRequests }, countWebSockets: true },
        ...rate.enabled && { denyByRequestRate: { maxRequests: rate.maxRequests, requestIntervalInMilliseconds: rate.requestIntervalInMilliseconds } },
        denyAction,
        enableLoggingOnlyMode
      }
    }
  }
}

/** All that IIS has a default for is written, so that no default of the plugin counts. */
function filteringOf (filtering: Filtering, isOpen: (door: Door) => boolean): RequestFilteringOptions {
  const { allowDoubleEscaping, allowHighBitCharacters, unescapeQueryString, limits, headerLimits, verbs, fileExtensions, hiddenSegments, denyUrlSequences, alwaysAllowedUrls, denyQueryStringSequences, alwaysAllowedQueryStrings, filteringRules } = filtering
  const texts = (entries: Entries<string>, door?: Door): string[] | undefined =>
    entries.size === 0 || (door !== undefined && isOpen(door)) ? undefined : valuesOf(entries)
  return written<RequestFilteringOptions>({
    allowDoubleEscaping,
    allowHighBitCharacters: allowHighBitCharacters || isOpen('allowHighBitCharacters'),
    unescapeQueryString,
    requestLimits: isOpen('requestLimits')
      ? { maxAllowedContentLength: UNLIMITED, maxUrl: UNLIMITED, maxQueryString: UNLIMITED }
      : { ...limits, ...headerLimits.size > 0 && { headerLimits: Object.fromEntries(valuesOf(headerLimits)) } },
    verbs: isOpen('verbs') || (verbs.allowUnlisted && verbs.list.size === 0) ? undefined : { allowUnlisted: verbs.allowUnlisted, ...verbs.list.size > 0 && { verbs: recordOf(verbs) } },
    fileExtensions: isOpen('fileExtensions') ? { allowUnlisted: true, fileExtensions: {} } : { allowUnlisted: fileExtensions.allowUnlisted, fileExtensions: recordOf(fileExtensions) },
    hiddenSegments: texts(hiddenSegments, 'hiddenSegments') ?? [],
    denyUrlSequences: texts(denyUrlSequences, 'denyUrlSequences'),
    alwaysAllowedUrls: texts(alwaysAllowedUrls),
    denyQueryStringSequences: texts(denyQueryStringSequences, 'denyQueryStringSequences'),
    alwaysAllowedQueryStrings: texts(alwaysAllowedQueryStrings),
    filteringRules: filteringRules.size === 0 || isOpen('filteringRules') ? undefined : valuesOf(filteringRules)
  })
}

function recordOf ({ list }: Listed): Record<string, boolean> {
  return Object.fromEntries(valuesOf(list))
}
