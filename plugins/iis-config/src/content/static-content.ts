// `<staticContent>`: media types by extension, and what clients are told of caching.
// https://learn.microsoft.com/iis/configuration/system.webserver/staticcontent/
import { collection, one } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import type { Change, Settings } from './settings.ts'

const MODES = { NoControl: 'NoControl', DisableCache: 'DisableCache', UseMaxAge: 'UseMaxAge', UseExpires: 'UseExpires', 0: 'NoControl', 1: 'DisableCache', 2: 'UseMaxAge', 3: 'UseExpires' } as const
const FOOTER = 'no footers are added to pages'

/** Reads one section. */
export function readStaticContent (reading: Reading, section: XmlElement): Change {
  reading.used(section)
  if (reading.flag(section, 'enableDocFooter') === true) reading.loses(section.attributes.get('enableDocFooter'), FOOTER)
  reading.flag(section, 'isDocFooterFileName')
  if ((reading.text(section, 'defaultDocFooter') ?? '') !== '') reading.loses(section.attributes.get('defaultDocFooter'), FOOTER)
  const cache = readClientCache(reading, one(reading, section, 'clientCache'))
  const maps = collection(reading, section, 'mimeMap', 'fileExtension')
  const types = maps.entries.map(entry => [reading.required(entry, 'fileExtension').toLowerCase(), reading.required(entry, 'mimeType')] as const)
  const removed = [...maps.removed.keys()]
  if (maps.cleared !== null) reading.differs(maps.cleared, 'the media types that are known here stay', 'take an extension away with <remove fileExtension="…"/>')
  return settings => {
    cache(settings)
    if (maps.cleared !== null) settings.mediaTypes.clear()
    for (const extension of removed) settings.mediaTypes.set(extension, null)
    for (const [extension, type] of types) if (extension.startsWith('.')) settings.mediaTypes.set(extension, type)
  }
}

function readClientCache (reading: Reading, element: XmlElement | undefined): Change {
  if (element === undefined) return () => {}
  const mode = reading.word(element, 'cacheControlMode', MODES)
  const maxAge = reading.duration(element, 'cacheControlMaxAge')
  const custom = reading.text(element, 'cacheControlCustom')
  const expires = readExpires(reading, element)
  if (reading.flag(element, 'setEtag') === false) reading.differs(element.attributes.get('setEtag'), 'an ETag is sent all the same')
  return ({ cache }: Settings) => {
    if (mode !== undefined) cache.mode = mode
    if (maxAge !== undefined) cache.maxAge = Math.floor(maxAge / 1000)
    if (custom !== undefined) cache.custom = custom
    if (expires !== undefined) cache.expires = expires
  }
}

function readExpires (reading: Reading, element: XmlElement): string | undefined {
  const text = reading.text(element, 'httpExpires')
  if (text === undefined || text.trim() === '') return undefined
  if (!Number.isNaN(Date.parse(text))) return text.trim()
  reading.differs(element.attributes.get('httpExpires'), 'is no date, and no Expires header is sent')
  return undefined
}
