// Bytes to text. The encoding comes from the byte order mark, else the XML declaration, else it is UTF-8 (XML 1.0, appendix F).
import { EncodingError, problemsError } from '../errors.ts'

/** Bytes at the start of a file that identify its encoding: byte order marks, and `<` in UTF-16. */
const SIGNATURES = [
  { bytes: [0xEF, 0xBB, 0xBF], encoding: 'utf-8' },
  { bytes: [0xFF, 0xFE], encoding: 'utf-16le' },
  { bytes: [0xFE, 0xFF], encoding: 'utf-16be' },
  { bytes: [0x3C, 0x00], encoding: 'utf-16le' },
  { bytes: [0x00, 0x3C], encoding: 'utf-16be' }
] as const

const DECLARED = /^<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']/

/**
 * Turns the bytes of an XML file into text, without its byte order mark.
 *
 * Windows editors write UTF-8 with a byte order mark, IIS writes UTF-8 without one, some old tools write UTF-16.
 *
 * @throws `FST_ARR_IIS_CONFIG_INVALID_ENCODING` for an unknown encoding or for bytes that are invalid in it.
 */
export function decodeXml (bytes: Uint8Array, file: string): string {
  const signature = SIGNATURES.find(one => one.bytes.every((byte, index) => bytes[index] === byte))
  const declared = DECLARED.exec(new TextDecoder('latin1').decode(bytes.subarray(0, 256)))?.[1]?.toLowerCase()
  if (signature === undefined && declared?.startsWith('utf-16') === true) {
    throw refused(file, `the declaration says ${declared}, but the bytes are not UTF-16`)
  }
  const encoding = signature?.encoding ?? declared ?? 'utf-8'
  let decoder
  try {
    decoder = new TextDecoder(encoding, { fatal: true })
  } catch {
    throw refused(file, `the encoding "${encoding}" is not known here; save the file as UTF-8`)
  }
  try {
    return decoder.decode(bytes)
  } catch {
    throw refused(file, `the file is not valid ${encoding}${encoding === 'utf-8' ? '; save it as UTF-8, or declare its encoding in the first line' : ''}`, badLine(bytes, encoding))
  }
}

/** The first line with invalid UTF-8; 1 for other encodings. */
function badLine (bytes: Uint8Array, encoding: string): number {
  if (encoding !== 'utf-8') return 1
  let line = 1
  let start = 0
  for (let end = bytes.indexOf(0x0A); end !== -1; end = bytes.indexOf(0x0A, start)) {
    if (!decodes(bytes.subarray(start, end))) return line
    line++
    start = end + 1
  }
  return line
}

function decodes (bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

function refused (file: string, message: string, line = 1): Error {
  return problemsError(EncodingError, [{ file, line, column: 1, message }])
}
