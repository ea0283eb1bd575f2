// `configSource`: a section whose contents are in another file.
import { dirname, isAbsolute, join, normalize } from 'node:path'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from './element.ts'

/** The limit of files that name files. */
const DEEPEST = 16

/**
 * Replaces `configSource` by the contents of the file it names, in a section and in every element below it.
 * As in IIS, the file must lie in the folder of the file that names it, or below, and its root must be the element itself.
 */
export function includeFiles (reading: Reading, element: XmlElement, open: (file: string) => XmlElement, depth = 0): void {
  const source = reading.attribute(element, 'configSource')
  if (source !== undefined) {
    reading.used(source)
    if (depth >= DEEPEST) {
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
    // Attributes and children move to the element that names the file, so that each is reported once, at the place where it is written.
    for (const [name, attribute] of root.attributes) element.attributes.set(name, attribute)
    root.attributes.clear()
    for (const child of root.children.splice(0)) {
      child.parent = element
      element.children.push(child)
    }
  }
  for (const child of element.children) includeFiles(reading, child, open, depth + (source === undefined ? 0 : 1))
}
