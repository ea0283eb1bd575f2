// `<httpErrors>`: which page an error gets, and who gets it.
// https://learn.microsoft.com/iis/configuration/system.webserver/httperrors/
import { at } from '../errors.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import type { ErrorChange, WrittenPage } from './settings.ts'

const MODES = { File: 'file', ExecuteURL: 'url', Redirect: 'redirect', 0: 'file', 1: 'url', 2: 'redirect' } as const
const ERROR_MODES = { DetailedLocalOnly: 'DetailedLocalOnly', Custom: 'Custom', Detailed: 'Detailed' } as const
const EXISTING = { Auto: 'Auto', Replace: 'Replace', PassThrough: 'PassThrough' } as const

/** They say what a file further down may not change, and one that was read has been checked. */
const LOCKS = ['lockAttributes', 'lockElements', 'lockAllAttributesExcept', 'lockAllElementsExcept', 'lockItem']

/** Reads one section. */
export function readHttpErrors (reading: Reading, section: XmlElement): ErrorChange {
  reading.used(section)
  const errorMode = reading.word(section, 'errorMode', ERROR_MODES)
  if (errorMode === 'Detailed') reading.differs(section.attributes.get('errorMode'), 'nobody gets the pages, as in IIS; the errors have no details here')
  const existingResponse = reading.word(section, 'existingResponse', EXISTING)
  const defaultMode = reading.word(section, 'defaultResponseMode', MODES)
  const defaultPath = reading.attribute(section, 'defaultPath')
  reading.used(defaultPath)
  for (const name of ['detailedMoreInformationLink', 'allowAbsolutePathsWhenDelegated', ...LOCKS]) reading.text(section, name)
  const changes = changesOf(reading, section)
  return settings => {
    settings.errorMode = errorMode ?? settings.errorMode
    settings.existingResponse = existingResponse ?? settings.existingResponse
    settings.defaultMode = defaultMode ?? settings.defaultMode
    settings.defaultPath = defaultPath ?? settings.defaultPath
    for (const change of changes) change(settings)
  }
}

/** What its children do to the list of pages, in their order. */
function changesOf (reading: Reading, section: XmlElement): ErrorChange[] {
  const own = new Map<string, XmlElement>()
  return section.children.flatMap((child): ErrorChange[] => {
    switch (child.name) {
      case 'clear':
        reading.used(child)
        own.clear()
        return [({ pages }) => { pages.clear() }]
      case 'remove': {
        reading.used(child)
        const key = keyOf(reading, child)
        own.delete(key)
        return [({ pages }) => { pages.delete(key) }]
      }
      case 'error': {
        reading.used(child)
        const key = keyOf(reading, child)
        const twin = own.get(key)
        if (twin !== undefined) reading.problem(child, `a second <error> for ${key}; the first is at ${at(twin.place)}`)
        own.set(key, child)
        const page = pageOf(reading, child)
        return [({ pages }) => {
          if (page === null) pages.delete(key)
          else pages.set(key, page)
        }]
      }
      default: return []
    }
  })
}

function keyOf (reading: Reading, element: XmlElement): string {
  reading.required(element, 'statusCode')
  const status = reading.integer(element, 'statusCode', 400, 999) ?? 0
  const text = reading.text(element, 'subStatusCode')?.trim() ?? '-1'
  if (text === '-1') return String(status)
  return `${status}.${reading.integer(element, 'subStatusCode', 0, 999) ?? 0}`
}

function pageOf (reading: Reading, element: XmlElement): WrittenPage | null {
  const languages = reading.text(element, 'prefixLanguageFilePath')?.trim() ?? ''
  const text = reading.text(element, 'path')?.trim() ?? ''
  const kind = reading.word(element, 'responseMode', MODES) ?? 'file'
  if (text === '') {
    reading.losesAll(element, 'names no page')
    return null
  }
  return { kind, text, languages: languages === '' || kind !== 'file' ? null : languages, part: element }
}
