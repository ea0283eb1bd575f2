// `<urlCompression>` and `<httpCompression>`: whether files are compressed. What an upstream answers is left to the upstream.
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import type { Change } from './settings.ts'

const DYNAMIC = 'what an upstream answers is compressed by the upstream, or not at all'

/** Reads one `<urlCompression>`. https://learn.microsoft.com/iis/configuration/system.webserver/urlcompression */
export function readUrlCompression (reading: Reading, section: XmlElement): Change {
  reading.used(section)
  const files = reading.flag(section, 'doStaticCompression')
  if (reading.flag(section, 'doDynamicCompression') === true) reading.loses(section.attributes.get('doDynamicCompression'), DYNAMIC, 'register @fastify/compress where the backend does not compress')
  reading.flag(section, 'dynamicCompressionBeforeCache')
  return settings => { settings.compress = files ?? settings.compress }
}

/** `<httpCompression>` says how IIS compresses: its engines, its cache, its limits. Here @fastify/compress decides. */
export function readHttpCompression (reading: Reading, section: XmlElement): void {
  reading.differsAll(section, '@fastify/compress decides how a file is compressed, by its media type and what the client accepts')
}
