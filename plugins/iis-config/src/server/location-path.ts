// Which directory does the path of a `<location>` name? Its segments, decoded once: so all plugins have one and the same path.
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'

// What no decoded path has, and plugins refuse or compare in vain.
const IMPOSSIBLE = /%[\da-f]{2}|[\\/?#\p{Cc}]|^\.\.?$/iu
// Windows drops dots and spaces at the end of a name and reads `::$DATA` as the file itself; Tomcat drops what begins at `;`.
const LOOSE = /;|[. ]$|:[:$]/

/** The segments. Of applicationHost.config the first is a site, whose name is not that of a directory: it stays as it is written. */
export function segmentsOf (reading: Reading, location: XmlElement, isServer: boolean): string[] {
  const written = (reading.text(location, 'path') ?? '').split('/').filter(part => part !== '' && part !== '.')
  const attribute = location.attributes.get('path')
  const segments = written.map((part, index) => isServer && index === 0 ? part : decoded(part))
  const names = segments.slice(isServer ? 1 : 0)
  const wrong = names.find(name => IMPOSSIBLE.test(name))
  if (attribute !== undefined && wrong !== undefined) reading.problem(attribute, `path="${attribute.value}" is not the path of a directory: decoded once, a name in it has no backslash, question mark, # or percent sequence, and is no dot segment`)
  else if (segments.some((segment, index) => segment !== written[index])) reading.differs(attribute, `taken as a URL: the directory is /${names.join('/')}`)
  if (names.some(name => LOOSE.test(name))) reading.differs(attribute, 'servers read such a name in several ways: where request-filter has a place for it, what is asked of the directory is answered 400')
  return segments
}

/** Decodes what is valid UTF-8. A percent sign that begins no sequence is part of the name. */
function decoded (text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, sequences => {
    try {
      return decodeURIComponent(sequences)
    } catch {
      return sequences
    }
  })
}
