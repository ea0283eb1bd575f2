// How does a text get into XML, whatever it is? Always well-formed; what XML 1.0 has no way to write becomes U+FFFD.

/** All but the characters of XML 1.0 §2.2: control characters, halves of surrogate pairs, U+FFFE and U+FFFF. */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\x00-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;'
}
const refer = (character: string): string => REFERENCES[character] ?? character

/** The text with U+FFFD for each character that XML 1.0 forbids: what a reader of the XML gets. */
export function withoutForbidden (text: string): string {
  return text.replace(FORBIDDEN, '\uFFFD')
}

/** For an attribute, or for an element whose line breaks are to come back as they are. */
export function escapeExactly (text: string): string {
  return withoutForbidden(text).replace(/[&<>"'\t\n\r]/g, refer)
}

/** For an element with lines: the line breaks themselves are in the file, as IIS has them. */
export function escapeLines (text: string): string {
  return withoutForbidden(text).replace(/[&<>"']/g, refer)
}
