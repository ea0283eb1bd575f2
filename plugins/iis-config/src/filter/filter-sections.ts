// The sections that say what may come in.

/** Their paths. */
export const FILTER_SECTIONS = [
  'system.webServer/security/requestFiltering',
  'system.webServer/security/ipSecurity',
  'system.webServer/security/dynamicIpSecurity'
] as const

/** One of their paths. */
export type FilterPath = typeof FILTER_SECTIONS[number]

/** What each is called in the options of request-filter, and in `open`. */
export const PART = {
  'system.webServer/security/requestFiltering': 'requestFiltering',
  'system.webServer/security/ipSecurity': 'ipSecurity',
  'system.webServer/security/dynamicIpSecurity': 'dynamicIpSecurity'
} as const satisfies Record<FilterPath, string>

/** A part of the options. */
export type FilterPart = typeof PART[FilterPath]
