// `<dynamicIpSecurity>`: how much one address may ask.
// https://learn.microsoft.com/iis/configuration/system.webserver/security/dynamicipsecurity/
import { one } from '../reading/collection.ts'
import { written, type Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import { readDenyAction } from './deny-action.ts'
import type { FilterChange } from './filter-settings.ts'

/** Reads one section. */
export function readDynamicIpSecurity (reading: Reading, section: XmlElement): FilterChange {
  reading.used(section)
  const denyAction = readDenyAction(reading, section)
  const enableLoggingOnlyMode = reading.flag(section, 'enableLoggingOnlyMode')
  const concurrent = readLimit(reading, one(reading, section, 'denyByConcurrentRequests'), ['maxConcurrentRequests'])
  const rate = readLimit(reading, one(reading, section, 'denyByRequestRate'), ['maxRequests', 'requestIntervalInMilliseconds'])
  return ({ dynamicIpSecurity }) => {
    Object.assign(dynamicIpSecurity, written({ denyAction, enableLoggingOnlyMode }))
    Object.assign(dynamicIpSecurity.concurrent, concurrent)
    Object.assign(dynamicIpSecurity.rate, rate)
  }
}

/** What an element says of whether it is enabled, and of its numbers. */
function readLimit<Name extends string> (reading: Reading, element: XmlElement | undefined, names: readonly Name[]): { enabled?: boolean } & { [K in Name]?: number } {
  if (element === undefined) return {}
  return written<Record<string, unknown>>({ enabled: reading.flag(element, 'enabled'), ...Object.fromEntries(names.map(name => [name, reading.integer(element, name, 1)])) }) as { enabled?: boolean } & { [K in Name]?: number }
}
