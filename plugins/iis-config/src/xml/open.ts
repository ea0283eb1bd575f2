// Opens a file, within a size limit, and parses it.
import { readFileSync, statSync } from 'node:fs'
import { UnreadableError, problemsError } from '../errors.ts'
import { decodeXml } from './decode.ts'
import type { XmlElement } from './element.ts'
import { parseXml } from './parse.ts'

/** The default of the option `maxBytes`. */
export const MAX_BYTES = 4 * 1024 * 1024

/**
 * Opens and parses a file.
 *
 * @throws `FST_ARR_IIS_CONFIG_UNREADABLE`, `…_INVALID_ENCODING`, `…_INVALID_XML`
 */
export function openXml (file: string, maxBytes: number): XmlElement {
  return parseXml(decodeXml(openBytes(file, maxBytes), file), file)
}

function openBytes (file: string, maxBytes: number): Uint8Array {
  let reason
  try {
    const stats = statSync(file)
    if (stats.isFile() && stats.size <= maxBytes) return readFileSync(file)
    reason = stats.isFile() ? `its ${stats.size} bytes are more than maxBytes (${maxBytes}) allows` : 'it is not a file'
  } catch (error) {
    reason = (error as Error).message
  }
  throw problemsError(UnreadableError, [{ file, line: 1, column: 1, message: `cannot be read: ${reason}` }])
}
