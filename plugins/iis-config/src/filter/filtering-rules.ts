// `<filteringRules>`: texts that may not be in the URL, the query or headers.
// https://learn.microsoft.com/iis/configuration/system.webserver/security/requestfiltering/filteringrules/
import type { FilteringRule } from '../config/filter-options.ts'
import { collection, one } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'

/** Reads one rule. */
export function readFilteringRule (reading: Reading, element: XmlElement): FilteringRule {
  const name = reading.required(element, 'name')
  const scans = Object.fromEntries((['scanUrl', 'scanQueryString', 'scanAllRaw'] as const).flatMap(scan => reading.flag(element, scan) === true ? [[scan, true]] : []))
  const denyUnescapedPercent = reading.flag(element, 'denyUnescapedPercent') ?? true
  const scanHeaders = texts(reading, element, 'scanHeaders', 'requestHeader')
  const appliesTo = texts(reading, element, 'appliesTo', 'fileExtension')
  const denyStrings = texts(reading, element, 'denyStrings', 'string')
  if (denyStrings.length === 0) reading.mistake('empty-filter', element, `the rule "${name}" has no <denyStrings>: it finds nothing`)
  return reading.made<FilteringRule>({ name, ...scans, ...scanHeaders.length > 0 && { scanHeaders }, ...appliesTo.length > 0 && { appliesTo }, denyUnescapedPercent, denyStrings }, element)
}

/** The texts of a list in a rule. */
function texts (reading: Reading, element: XmlElement, name: string, key: string): string[] {
  const list = one(reading, element, name)
  return list === undefined ? [] : collection(reading, list, 'add', key).entries.map(entry => reading.required(entry, key))
}
