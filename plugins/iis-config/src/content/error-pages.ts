// `<httpErrors>`: the pages for what a folder refuses itself, 403 and 404.
// https://learn.microsoft.com/iis/configuration/system.webserver/httperrors/
import { collection } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import type { Change, ErrorPage } from './settings.ts'

const MODES = { File: 'file', ExecuteURL: 'url', Redirect: 'redirect', 0: 'file', 1: 'url', 2: 'redirect' } as const
const ERROR_MODES = { DetailedLocalOnly: 'DetailedLocalOnly', Custom: 'Custom', Detailed: 'Detailed' } as const
const EXISTING = { Auto: 'Auto', Replace: 'Replace', PassThrough: 'PassThrough' } as const
// What applicationHost.config of IIS 10 has: pages that say no more than the status.
const SHIPPED = /^%SystemDrive%\\inetpub\\custerr$/i
/** What happens to answers of upstreams. */
const UPSTREAM = 'what an upstream answers passes as it came'
/** Pages that an application makes. */
const DYNAMIC = /\.(?:aspx?|ashx|asmx|cshtml|php|jsp)(?:\?|$)/i

/** Reads one section. */
export function readHttpErrors (reading: Reading, section: XmlElement): Change {
  reading.used(section)
  if (reading.word(section, 'errorMode', ERROR_MODES) === 'Detailed') reading.differs(section.attributes.get('errorMode'), 'the pages are sent all the same, and no details of an error')
  const existing = reading.word(section, 'existingResponse', EXISTING)
  if (existing === 'Replace') reading.loses(section.attributes.get('existingResponse'), UPSTREAM, 'replace its body with rewriteResponse of upstream-proxy')
  for (const name of ['defaultPath', 'defaultResponseMode']) reading.loses(reading.attribute(section, name), 'pages for other statuses than 403 and 404 are not supported', 'see setErrorHandler of Fastify')
  for (const name of ['detailedMoreInformationLink', 'allowAbsolutePathsWhenDelegated']) reading.text(section, name)
  const pages = collection(reading, section, 'error')
  const read = pages.entries.flatMap(entry => readPage(reading, entry))
  const removed = section.children.filter(({ name }) => name === 'remove').map(element => {
    reading.used(element)
    return keyOf(reading, element)
  })
  return ({ errors }) => {
    if (pages.cleared !== null) errors.clear()
    for (const key of removed) errors.delete(key)
    for (const [key, page] of read) errors.set(key, page)
  }
}

function keyOf (reading: Reading, element: XmlElement): string {
  const status = reading.integer(element, 'statusCode', 400, 999) ?? 0
  const text = reading.text(element, 'subStatusCode')?.trim() ?? '-1'
  return text === '-1' ? String(status) : `${status}.${text}`
}

function readPage (reading: Reading, element: XmlElement): Array<readonly [string, ErrorPage]> {
  const key = keyOf(reading, element)
  const folder = reading.text(element, 'prefixLanguageFilePath') ?? ''
  const text = reading.text(element, 'path') ?? ''
  const kind = reading.word(element, 'responseMode', MODES) ?? 'file'
  if (SHIPPED.test(folder)) {
    reading.usedAll(element, 'the page that IIS ships says no more than the status')
    return []
  }
  if (!/^40[34](?:\.\d{1,3})?$/.test(key)) {
    reading.losesAll(element, `no folder answers ${key}: ${UPSTREAM}`, 'see setErrorHandler of Fastify')
    return []
  }
  if (text === '') {
    reading.losesAll(element, 'names no page')
    return []
  }
  if (kind === 'url' && DYNAMIC.test(text)) {
    reading.losesAll(element, 'the page is made by an application, and only files are sent for errors')
    return []
  }
  if (kind === 'url') reading.differs(element, 'the file is sent with the status of the error')
  return [[key, { kind, text: folder === '' || kind !== 'file' ? text : `${folder}\\${text}`, element }]]
}
