// What is in force before a file says anything? IIS's defaults, and the lists that it ships.
import { EXTENSIONS, SEGMENTS } from '../access/request-filtering.ts'
import type { FilteringRule, IpSecurityAddress, DenyAction } from '../config/filter-options.ts'
import type { Entries } from './entries.ts'

/** A list with `allowUnlisted`. */
export interface Listed {
  allowUnlisted: boolean
  /** By name as it is written, whether it is let in. */
  readonly list: Entries<readonly [string, boolean]>
}

/** `<requestFiltering>` at a place. */
export interface Filtering {
  allowDoubleEscaping: boolean
  allowHighBitCharacters: boolean
  unescapeQueryString: boolean
  /** In bytes. */
  readonly limits: { maxAllowedContentLength: number, maxUrl: number, maxQueryString: number }
  readonly headerLimits: Entries<readonly [string, number]>
  readonly verbs: Listed
  readonly fileExtensions: Listed
  readonly hiddenSegments: Entries<string>
  readonly denyUrlSequences: Entries<string>
  readonly alwaysAllowedUrls: Entries<string>
  readonly denyQueryStringSequences: Entries<string>
  readonly alwaysAllowedQueryStrings: Entries<string>
  readonly filteringRules: Entries<FilteringRule>
}

/** What the sections say of a place. */
export interface FilterSettings {
  readonly requestFiltering: Filtering
  readonly ipSecurity: { allowUnlisted: boolean, denyAction: DenyAction, readonly addresses: Entries<IpSecurityAddress> }
  readonly dynamicIpSecurity: {
    denyAction: DenyAction
    enableLoggingOnlyMode: boolean
    readonly concurrent: { enabled: boolean, maxConcurrentRequests: number }
    readonly rate: { enabled: boolean, maxRequests: number, requestIntervalInMilliseconds: number }
  }
}

/** What a section changes in the settings that it inherits. */
export type FilterChange = (settings: FilterSettings) => void

/** IIS's defaults. The lists are in applicationHost.config as IIS installs it: where that file is read, `lists` is false. */
export function defaultSettings (lists: boolean): FilterSettings {
  const shipped = <T>(names: readonly string[], value: (name: string) => T): Entries<T> =>
    new Map((lists ? names : []).map(name => [name.toLowerCase(), { value: value(name), element: null }]))
  return {
    requestFiltering: {
      allowDoubleEscaping: false,
      allowHighBitCharacters: true,
      unescapeQueryString: true,
      limits: { maxAllowedContentLength: 30_000_000, maxUrl: 4096, maxQueryString: 2048 },
      headerLimits: new Map(),
      verbs: { allowUnlisted: true, list: new Map() },
      fileExtensions: { allowUnlisted: true, list: shipped(EXTENSIONS, name => [name, false] as const) },
      hiddenSegments: shipped(SEGMENTS, name => name),
      denyUrlSequences: new Map(),
      alwaysAllowedUrls: new Map(),
      denyQueryStringSequences: new Map(),
      alwaysAllowedQueryStrings: new Map(),
      filteringRules: new Map()
    },
    ipSecurity: { allowUnlisted: true, denyAction: 'Forbidden', addresses: new Map() },
    dynamicIpSecurity: {
      denyAction: 'Forbidden',
      enableLoggingOnlyMode: false,
      concurrent: { enabled: false, maxConcurrentRequests: 5 },
      rate: { enabled: false, maxRequests: 20, requestIntervalInMilliseconds: 200 }
    }
  }
}
