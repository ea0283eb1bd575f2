// What does the file of `--config` say? JSON, in which comments may be, or a module of JavaScript; a mistake has its line and column.
import { readFileSync, statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import jsonc, { type Node, type ParseError } from 'jsonc-parser'
import { UsageError } from '../asking/arguments.ts'
import { mistakesIn, type Mistake } from './mistakes.ts'

/** The file, read and checked. */
export interface ConfigFile {
  readonly path: string
  readonly values: Readonly<Record<string, unknown>>
  /** A line for each value that is none; `values` is without them. */
  readonly mistakes: readonly string[]
  /** `FILE:LINE:COLUMN` of a setting; the file's name where nothing is known of the place. */
  place (key: string): string
}

// More than this is not a file that somebody has written.
const MAX_BYTES = 1024 * 1024
const MODULES: ReadonlySet<string> = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'])
const SYNTAX: Readonly<Record<string, string>> = {
  InvalidSymbol: 'this is no value: a text stands between double quotes',
  InvalidNumberFormat: 'this is no number',
  PropertyNameExpected: 'there must be a name between double quotes here',
  ValueExpected: 'there must be a value here',
  ColonExpected: 'there must be a colon here',
  CommaExpected: 'there must be a comma here',
  CloseBraceExpected: 'there must be a } here',
  CloseBracketExpected: 'there must be a ] here',
  EndOfFileExpected: 'nothing may come here any more',
  UnexpectedEndOfComment: 'this comment has no end',
  UnexpectedEndOfString: 'this text has no closing quote',
  InvalidEscapeCharacter: 'there is no such escape: a backslash is written \\\\'
}

/** @throws UsageError with a line for each mistake. */
export async function readConfig (path: string): Promise<ConfigFile> {
  if (MODULES.has(extname(path).toLowerCase())) return await readModule(path)
  const text = textOf(path)
  const errors: ParseError[] = []
  const tree = jsonc.parseTree(text, errors, { allowTrailingComma: true })
  const at = (offset: number): string => {
    const before = text.slice(0, offset).split('\n')
    return `${path}:${before.length}:${(before.at(-1) as string).length + 1}`
  }
  if (tree === undefined || errors.length > 0) {
    const told = errors.map(({ error, offset }) => `${at(offset)}: ${SYNTAX[jsonc.printParseErrorCode(error)] ?? 'this is no JSON'}.`)
    throw new UsageError(told.length === 0 ? `${path} is empty: the least is {}.` : told.join('\n'))
  }
  const place = (keys: readonly string[], isName: boolean): string => at(nodeAt(tree, keys, isName).offset)
  const values = jsonc.getNodeValue(tree) as unknown
  const found = [...mistakesIn(values), ...twiceIn(tree)]
  const mistakes = found.map(({ keys, isName, text, node }) => ({ offset: (node ?? nodeAt(tree, keys, isName)).offset, text })).sort((a, b) => a.offset - b.offset)
  return { path, values: without(values, found), mistakes: mistakes.map(({ offset, text }) => `${at(offset)}: ${text}`), place: key => place(key.split('.'), false) }
}

/** A module whose default export is the settings. */
async function readModule (path: string): Promise<ConfigFile> {
  textOf(path)
  let values: unknown
  try {
    // At a restart the file is read again, and Node.js would have the first one still.
    const url = pathToFileURL(resolve(path))
    url.searchParams.set('read', String(statSync(path).mtimeMs))
    values = (await import(url.href) as { default?: unknown }).default
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new UsageError(`${path}: ${code === 'ERR_UNKNOWN_FILE_EXTENSION' ? `Node.js ${process.version} reads no TypeScript: write it as .js, or as JSON` : message.split('\n')[0]}.`)
  }
  const mistakes = mistakesIn(values)
  return { path, values: without(values, mistakes), mistakes: mistakes.map(({ text }) => `${path}: ${text}`), place: () => path }
}

/** What can be used of it: other mistakes are found with that. */
function without (values: unknown, mistakes: readonly Mistake[]): ConfigFile['values'] {
  if (mistakes.some(({ keys, node }) => keys.length === 0 && node === undefined)) return {}
  const wrong = new Set(mistakes.map(({ keys }) => keys[0]))
  return Object.fromEntries(Object.entries(values as ConfigFile['values']).filter(([key]) => !wrong.has(key)))
}

function textOf (path: string): string {
  try {
    if (statSync(path).size > MAX_BYTES) throw new UsageError(`--config ${path}: it has more than ${MAX_BYTES} bytes.`)
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    if (error instanceof UsageError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(`--config ${path}: ${code === 'ENOENT' || code === 'ENOTDIR' ? 'there is no such file' : code === 'EISDIR' ? 'this is a folder, and no file' : `it cannot be read (${code})`}.`)
  }
}

/** The value, or the name, that a mistake is about; what is around it where there is none. */
function nodeAt (tree: Node, keys: readonly string[], isName: boolean): Node {
  let found = tree
  for (let length = keys.length; length > 0; length--) {
    const node = jsonc.findNodeAtLocation(tree, keys.slice(0, length).map((key, at) => /^\d+$/.test(key) && at > 0 ? Number(key) : key))
    if (node === undefined) continue
    found = isName ? node.parent?.children?.[0] ?? node : node
    break
  }
  return found
}

/** Of a name that is there twice the last one would count, silently. */
function twiceIn (tree: Node): Mistake[] {
  const names = new Set<string>()
  return (tree.children ?? []).flatMap(property => {
    const [name] = property.type === 'property' ? property.children ?? [] : []
    const key = String(name?.value)
    if (name === undefined || !names.has(key)) {
      names.add(key)
      return []
    }
    return [{ keys: [], isName: false, text: `"${key}" is there twice: leave one.`, node: name }]
  })
}
