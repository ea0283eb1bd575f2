// In which ways may servers read one path? Every reading that some server in use has, so that a filter can look at all of them.
//
// A filter and an upstream that read a path differently are a hole: what the filter takes for `/x` is `/admin` to the upstream. No single
// reading is safe, since it is not known who reads next. So a request is refused where any reading is one that is refused.
import { decodeNames, decodeOnce } from './decode.ts'
import { fold } from './fold.ts'

/** The readings of a path, all folded. */
export interface Readings {
  /** With dot segments resolved. The first is HTTP.sys's: decoded once, backslashes and runs of slashes as one slash. */
  readonly resolved: readonly string[]
  /** With dot segments kept, where there are any: a server that knows no dot segments compares the path as it is. */
  readonly literal: readonly string[]
  /** What each step of decoding makes of the path, before anything else is done; not folded. */
  readonly steps: readonly string[]
  /** It would still change by decoding once more. */
  readonly deeper: boolean
  /** It goes up by `..`, and servers disagree from where: there are backslashes, empty segments, separators that are encoded, or `..` is spelt so that only some see it. */
  readonly tangled: boolean
}

// Letters, digits and what means nothing to any server; no empty segment, no segment that begins or ends with a dot.
const NOT_PLAIN = /[^\w\-~!$&'()*+,=@/.:]|\/[/.]|\.(?:\/|$)|:[:$]/
const DOTS = /(?:^|[/\\])\.\.?[. ]*(?:[;/\\]|$)/
// Tomcat drops what begins at `;`. Windows drops dots and spaces at the end of a name, and reads `::$DATA` as the file itself.
const LOOSE = /;|[. ](?:[/\\]|$)|:[:$]/
// What reading changes, apart from case.
const UNTIDY = /\\|\/\/|\/\.\.?(?:\/|$)/
// The same for a segment that goes up; and the spellings of it that not everybody takes for one.
const UP = /(?:^|[/\\])\.\.[. ]*(?:[;/\\]|$)/
const ODD_UP = /(?:^|[/\\])\.\.(?:[ ;]|\.+ )/
// `new URL(request.url, base)`, with which many servers in Node take their target apart, has a host behind two slashes (WHATWG URL).
const HOST = /^[/\\]{2,}[^/\\?#]*/
const STEPS = 3

/** How one reader goes through a decoded path. */
interface Reader {
  readonly backslash: boolean
  readonly resolve: boolean
}

// HTTP.sys (Microsoft KB 896287) and browsers, RFC 3986, and a server that knows no dot segments.
const HTTP_SYS: Reader = { backslash: true, resolve: true }
const RFC: Reader = { backslash: false, resolve: true }
const LITERAL: Reader = { backslash: true, resolve: false }

/** Whether all servers read a path alike, without regard to case. */
export function isPlain (path: string): boolean {
  return !NOT_PLAIN.test(path)
}

/** All readings of a path as it came. */
export function readingsOf (rawPath: string): Readings {
  const resolved: string[] = []
  const literal: string[] = []
  const steps: string[] = []
  let before = rawPath
  let deeper = true
  for (let step = 0; step < STEPS && deeper; step++) {
    const text = decodeOnce(before, step === 0)
    if (step > 0 && text === before) {
      deeper = false
      break
    }
    steps.push(text)
    add(resolved, text, HTTP_SYS)
    if (text.includes('\\')) add(resolved, text, RFC)
    const host = HOST.exec(text)
    if (host !== null) add(resolved, behind(text, host[0].length), HTTP_SYS)
    if (DOTS.test(text)) add(literal, text, LITERAL)
    if (/%(?:2f|5c)/i.test(before)) add(resolved, decodeNames(before, step === 0), RFC)
    before = text
  }
  if (deeper) deeper = decodeOnce(before, false) !== before
  return { resolved, literal, steps, deeper, tangled: isTangled(rawPath, steps) }
}

/** What is a path behind a host that ends there. */
function behind (text: string, end: number): string {
  const path = text.slice(end)
  return path.startsWith('/') || path.startsWith('\\') ? path : '/'
}

/** Adds what a reader makes of a text and, where that differs, what it makes of it on Windows or behind Tomcat. */
function add (readings: string[], text: string, reader: Reader): void {
  const strict = read(text, reader, false)
  if (!readings.includes(strict)) readings.push(strict)
  const folded = fold(text)
  // A fullwidth dot or slash is one only to those that replace it.
  if (!LOOSE.test(folded) && folded === text.toLowerCase()) return
  const loose = read(folded, reader, true)
  if (!readings.includes(loose)) readings.push(loose)
}

function read (text: string, { backslash, resolve }: Reader, loose: boolean): string {
  if (!loose && !UNTIDY.test(text)) return fold(text)
  const kept: string[] = []
  let ends = false
  const segments = text.split(backslash ? /[/\\]/ : '/')
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i] as string
    const name = loose ? bare(segment) : segment
    const dots = resolve && (name === '.' || name === '..')
    // A path whose last segment is empty, or is a dot segment, ends with a slash.
    ends = segment === '' || dots
    if (name === '..' && resolve) kept.pop()
    else if (segment !== '' && !dots) kept.push(name)
  }
  return fold(`/${kept.join('/')}${ends ? '/' : ''}`.replace(/\/{2,}/g, '/'))
}

/**
 * Where a path goes up, only plain slashes between its segments leave no doubt: HTTP.sys merges slashes first, to RFC 3986 §5.2.4 an empty
 * segment is one to go up from, and each server decodes more or less. There are too many such readings to list them, and no need for such paths.
 */
function isTangled (rawPath: string, steps: readonly string[]): boolean {
  if (!steps.some(step => UP.test(step))) return false
  const [text] = steps as readonly [string]
  const empty = text.indexOf('//')
  return steps.length > 1 || text.includes('\\') || (empty !== -1 && empty < text.lastIndexOf('/..')) || ODD_UP.test(text) || text.split('/').length !== rawPath.split('/').length
}

/** A name as Windows and Tomcat take it. */
function bare (segment: string): string {
  const end = segment.search(/;|:[:$]/)
  const name = (end === -1 ? segment : segment.slice(0, end)).trimEnd()
  return name === '.' || name === '..' ? name : trimmed(name)
}

// No pattern: one that looks for dots and spaces at the end takes quadratic time where they are in the middle.
function trimmed (name: string): string {
  let end = name.length
  while (end > 0 && (name.charCodeAt(end - 1) === 0x2e || name.charCodeAt(end - 1) === 0x20)) end--
  return name.slice(0, end)
}
