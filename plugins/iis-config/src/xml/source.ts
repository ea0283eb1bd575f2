// Where does the XML come from? Files with a size limit, and the parts of sections that `configSource` keeps in other files.
import { readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, normalize } from 'node:path'
import { decodeXml } from './decode.ts'
import { UnreadableError, problemsError } from '../errors.ts'
import type { Reading } from '../reading/reading.ts'
import { parseXml, type XmlElement } from './parse.ts'

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

/**
 * Puts the contents of other files where `configSource` names them, in a section and everything below it.
 * As in IIS, such a file lies in the folder of the file that names it, or below, and its root is the element itself.
 */
export function includeFiles (reading: Reading, element: XmlElement, open: (file: string) => XmlElement, depth = 0): void {
  const source = reading.attribute(element, 'configSource')
  if (source !== undefined) {
    reading.used(source)
    if (depth >= 16) {
      reading.problem(source, 'files name files, and it does not end')
      return
    }
    const path = normalize(source.value.replaceAll('\\', '/'))
    if (isAbsolute(path) || /^[a-z]:/i.test(path) || path.startsWith('..') || path === '.') {
      reading.problem(source, `configSource="${source.value}" must be a file in this folder or below it`)
      return
    }
    const file = join(dirname(source.place.file), path)
    const root = open(file)
    if (root.name !== element.name) {
      reading.problem(root, `the root element is <${root.name}>, but <${element.name}> names this file`)
      return
    }
    reading.container(root)
    element.text += root.text
    element.textPlace ??= root.textPlace
    // The parts move, so that each is reported once: where it is written.
    for (const [name, attribute] of root.attributes) element.attributes.set(name, attribute)
    root.attributes.clear()
    for (const child of root.children.splice(0)) {
      child.parent = element
      element.children.push(child)
    }
  }
  for (const child of element.children) includeFiles(reading, child, open, depth + (source === undefined ? 0 : 1))
}
