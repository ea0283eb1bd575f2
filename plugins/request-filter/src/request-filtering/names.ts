// Which names may a path have? Its extension, and its segments.
import { booleanAt, isBoolean, objectAt, tableAt, textsAt } from '../filter/shape.ts'
import { fold } from '../url/fold.ts'
import type { CompileFiltering } from './compile-filtering.ts'

/** The most of a request's own text that a detail has. */
const DETAIL = 100
const SLASH = 0x2f

export const compileFileExtensions: CompileFiltering = ({ fileExtensions }, above, mistakes) => {
  if (fileExtensions === undefined) return null
  const at = `${above}.fileExtensions`
  const options = objectAt(fileExtensions, ['allowUnlisted', 'fileExtensions'], at, mistakes) ?? {}
  const allowUnlisted = booleanAt(options.allowUnlisted, true, `${at}.allowUnlisted`, mistakes)
  const listed = new Map<string, boolean>()
  for (const [extension, allowed] of tableAt(options.fileExtensions, isBoolean, 'true or false', `${at}.fileExtensions`, mistakes)) {
    if (isExtension(extension)) listed.set(fold(extension), allowed)
    else mistakes.push(`\`${at}.fileExtensions\` has ${JSON.stringify(extension)}, which is no extension: it must begin with its only dot`)
  }
  if (allowUnlisted && ![...listed.values()].includes(false)) return null
  const isDenied = (extension: string): boolean => listed.get(extension) === false

  return ({ target }) => {
    for (const reading of target.readings.resolved) {
      const extension = extensionOf(reading)
      const denied = !(listed.get(extension) ?? allowUnlisted) ? extension : inFront(reading, isDenied)
      if (denied !== null) return { reason: 'fileExtensions', statusCode: 404, subStatusCode: 7, detail: denied.slice(0, DETAIL) }
    }
    return null
  }
}

export const compileHiddenSegments: CompileFiltering = ({ hiddenSegments }, above, mistakes) => {
  const segments = textsAt(hiddenSegments, `${above}.hiddenSegments`, mistakes)
  for (const segment of segments) if (/[/\\]/.test(segment)) mistakes.push(`\`${above}.hiddenSegments\` has ${JSON.stringify(segment)}, which is no segment: it must be without slashes`)
  if (segments.length === 0) return null
  const hidden = segments.map(segment => ({ segment, search: `/${fold(segment)}` }))

  return ({ target }) => {
    for (const reading of target.readings.resolved) {
      for (const { segment, search } of hidden) if (hasSegment(reading, search)) return { reason: 'hiddenSegments', statusCode: 404, subStatusCode: 8, detail: segment }
    }
    return null
  }
}

function hasSegment (path: string, search: string): boolean {
  for (let at = path.indexOf(search); at !== -1; at = path.indexOf(search, at + 1)) {
    const end = at + search.length
    if (end === path.length || path.charCodeAt(end) === SLASH) return true
  }
  return false
}

/** Whether a text is an extension: `.` or a dot and what follows it. */
export function isExtension (text: string): boolean {
  return text.startsWith('.') && !/[./\\]/.test(text.slice(1))
}

/** The extension in front of a slash that ends the path, where `is` says so: servers that drop the slash serve the file. Null elsewhere. */
export function inFront (path: string, is: (extension: string) => boolean): string | null {
  if (path.length < 2 || path.charCodeAt(path.length - 1) !== SLASH) return null
  const extension = extensionOf(path.slice(0, -1))
  return is(extension) ? extension : null
}

/** The extension of a path, with its dot: that of its last segment. `.` where it has none, which is how IIS lists it. */
export function extensionOf (path: string): string {
  const dot = path.lastIndexOf('.')
  return dot === -1 || path.indexOf('/', dot) !== -1 ? '.' : path.slice(dot)
}
