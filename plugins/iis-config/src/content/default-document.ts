// `<defaultDocument>`: the files that answer for a folder.
// https://learn.microsoft.com/iis/configuration/system.webserver/defaultdocument/
import { collection, one } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import type { Change } from './settings.ts'

/** Reads one section. Its files go before those that it inherits. */
export function readDefaultDocument (reading: Reading, section: XmlElement): Change {
  reading.used(section)
  const enabled = reading.flag(section, 'enabled')
  const list = one(reading, section, 'files')
  const files = list === undefined ? null : collection(reading, list, 'add', 'value')
  const names = files?.entries.flatMap(entry => readName(reading, entry)) ?? []
  return settings => {
    const { documents } = settings
    const inherited = files !== null && files.cleared !== null ? [] : documents.files.filter(name => files?.removed.has(name.toLowerCase()) !== true)
    settings.documents = { enabled: enabled ?? documents.enabled, files: [...names, ...inherited] }
  }
}

function readName (reading: Reading, entry: XmlElement): string[] {
  const name = reading.required(entry, 'value')
  if (!/[/\\\0]/.test(name)) return name === '' ? [] : [name]
  reading.losesAll(entry, 'a default document in another folder is not looked for', 'write a rule that rewrites the folder to it')
  return []
}
