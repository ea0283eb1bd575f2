// `<requestFiltering>`: limits, and what may not be in a request.
// https://learn.microsoft.com/iis/configuration/system.webserver/security/requestfiltering/
import { isExtension } from '../access/shape.ts'
import { one } from '../reading/collection.ts'
import { written, type Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import { readEntries, type Entries } from './entries.ts'
import type { FilterChange, Listed } from './filter-settings.ts'
import { readFilteringRule } from './filtering-rules.ts'

/** Reads one section. `removeServerHeader` is read with the headers. */
export function readRequestFiltering (reading: Reading, section: XmlElement): FilterChange {
  reading.used(section)
  const flags = written({
    allowDoubleEscaping: reading.flag(section, 'allowDoubleEscaping'),
    allowHighBitCharacters: reading.flag(section, 'allowHighBitCharacters'),
    unescapeQueryString: reading.flag(section, 'unescapeQueryString')
  })
  const requestLimits = one(reading, section, 'requestLimits')
  const limits = requestLimits === undefined ? {} : readLimits(reading, requestLimits)
  const headerLimits = readEntries(reading, requestLimits && one(reading, requestLimits, 'headerLimits'), {
    key: 'header',
    read: entry => [reading.required(entry, 'header'), requiredInteger(reading, entry, 'sizeLimit')] as const
  })
  const verbs = readListed(reading, one(reading, section, 'verbs'), 'verb')
  const fileExtensions = readListed(reading, one(reading, section, 'fileExtensions'), 'fileExtension')
  const hidden = one(reading, section, 'hiddenSegments')
  withoutWebDav(reading, hidden)
  const hiddenSegments = readTexts(reading, hidden, 'segment')
  const denyUrlSequences = readTexts(reading, one(reading, section, 'denyUrlSequences'), 'sequence')
  const alwaysAllowedUrls = readTexts(reading, one(reading, section, 'alwaysAllowedUrls'), 'url')
  const denyQueryStringSequences = readTexts(reading, one(reading, section, 'denyQueryStringSequences'), 'sequence')
  const alwaysAllowedQueryStrings = readTexts(reading, one(reading, section, 'alwaysAllowedQueryStrings'), 'queryString')
  const filteringRules = readEntries(reading, one(reading, section, 'filteringRules'), { name: 'filteringRule', key: 'name', read: entry => readFilteringRule(reading, entry) })
  return ({ requestFiltering }) => {
    Object.assign(requestFiltering, flags)
    Object.assign(requestFiltering.limits, limits)
    headerLimits(requestFiltering.headerLimits)
    verbs(requestFiltering.verbs)
    fileExtensions(requestFiltering.fileExtensions)
    hiddenSegments(requestFiltering.hiddenSegments)
    denyUrlSequences(requestFiltering.denyUrlSequences)
    alwaysAllowedUrls(requestFiltering.alwaysAllowedUrls)
    denyQueryStringSequences(requestFiltering.denyQueryStringSequences)
    alwaysAllowedQueryStrings(requestFiltering.alwaysAllowedQueryStrings)
    filteringRules(requestFiltering.filteringRules)
  }
}

function readLimits (reading: Reading, element: XmlElement): { maxAllowedContentLength?: number, maxUrl?: number, maxQueryString?: number } {
  return written({
    maxAllowedContentLength: reading.integer(element, 'maxAllowedContentLength'),
    maxUrl: reading.integer(element, 'maxUrl'),
    maxQueryString: reading.integer(element, 'maxQueryString')
  })
}

/** A list of names that are let in or not. */
function readListed (reading: Reading, element: XmlElement | undefined, key: string): (inherited: Listed) => void {
  if (element === undefined) return () => {}
  const allowUnlisted = reading.flag(element, 'allowUnlisted')
  withoutWebDav(reading, element)
  const entries = readEntries(reading, element, {
    key,
    read: entry => {
      reading.required(entry, 'allowed')
      const name = reading.required(entry, key)
      if (key === 'fileExtension' && !isExtension(name)) {
        // One that is not allowed closes.
        reading.usedWith(entry, 'no path has an extension like this one: it begins with its only dot')
        return null
      }
      return [name, reading.flag(entry, 'allowed') ?? false] as const
    }
  })
  return inherited => {
    if (allowUnlisted !== undefined) inherited.allowUnlisted = allowUnlisted
    entries(inherited.list)
  }
}

function readTexts (reading: Reading, element: XmlElement | undefined, key: string): (inherited: Entries<string>) => void {
  return readEntries(reading, element, { key, read: entry => reading.required(entry, key) })
}

function withoutWebDav (reading: Reading, element: XmlElement | undefined): void {
  if (element === undefined || reading.flag(element, 'applyToWebDAV') === undefined) return
  const attribute = element.attributes.get('applyToWebDAV')
  if (attribute !== undefined) reading.usedWith(attribute, 'there is no WebDAV here')
}

function requiredInteger (reading: Reading, element: XmlElement, name: string): number {
  const value = reading.integer(element, name)
  if (value === undefined && !element.attributes.has(name)) reading.required(element, name)
  return value ?? 0
}
