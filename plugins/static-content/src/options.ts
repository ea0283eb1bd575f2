// What can be said about folders? The options, as they are written.
import { isAbsolute } from 'node:path'
import { unknownOptions } from './known-options.ts'

/** Options of the plugin. */
export interface StaticContentOptions {
  /** The folders, in any order: of those that hold a request's site and path, the one with the longest path serves it. No default. */
  readonly folders: readonly FolderOptions[]
}

/** One folder, as an application or a virtual directory of IIS has it, with what its web.config says of files. */
export interface FolderOptions {
  /** The folder in the file system, as an absolute path. Needed unless `served` is false. No default. */
  readonly root?: string
  /** The path of the URLs under which it stands, e.g. `/app`; compared without case. Defaults to `/`. */
  readonly path?: string
  /** The name of the site that it belongs to, as host-routing writes it to `request.site`. Defaults to all sites. */
  readonly site?: string
  /** The files that answer for a folder, in this order. Defaults to `['index.html', 'index.htm', 'Default.htm']`. */
  readonly defaultDocuments?: readonly string[]
  /** Media types by extension, e.g. `{ '.woff2': 'font/woff2' }`; null for one that is not served. Defaults to those of the package `mime`. */
  readonly mediaTypes?: Readonly<Record<string, string | null>>
  /** What clients are told of caching. Defaults to nothing but ETag and Last-Modified. */
  readonly clientCache?: ClientCacheOptions
  /** Whether files are compressed for clients that accept it (gzip, brotli, zstd, by @fastify/compress). Defaults to false. */
  readonly compress?: boolean
  /** Segments of a path that make it 404, in any case. Defaults to IIS's: `web.config`, `bin`, `App_Data` and five more. */
  readonly hiddenSegments?: readonly string[]
  /** Extensions that are never served, in any case. Defaults to IIS's: `.config`, `.cs`, `.asax` … */
  readonly hiddenExtensions?: readonly string[]
  /** Pages for this plugin's own 403 and 404, by status or by status and substatus (`404`, `404.3`). Defaults to Fastify's error handling. */
  readonly errorPages?: Readonly<Record<string, ErrorPageOptions>>
  /** Whether a file is found in another spelling of its name, as on Windows. Defaults to false. */
  readonly ignoreCase?: boolean
  /** False for a path that belongs to something else, such as an application: no file is served below it, not even of a folder further up. Defaults to true. */
  readonly served?: boolean
}

/** `<clientCache>`. With `noCache`, the others have no meaning. */
export interface ClientCacheOptions {
  /** `Cache-Control: max-age`, in seconds. */
  readonly maxAge?: number
  /** The Expires header, as a date that `Date.parse` reads. */
  readonly expires?: string
  /** `Cache-Control: no-cache`. */
  readonly noCache?: boolean
  /** What Cache-Control has besides, e.g. `public`. */
  readonly custom?: string
}

/** A page for a status: a file, which keeps the status, or a URL to be redirected to (302). */
export type ErrorPageOptions = { readonly file: string } | { readonly redirect: string }

// Records, so that a missing key is a compile error.
const OPTIONS: Readonly<Record<keyof StaticContentOptions, true>> = { folders: true }
const FOLDER: Readonly<Record<keyof FolderOptions, true>> = {
  root: true,
  path: true,
  site: true,
  defaultDocuments: true,
  mediaTypes: true,
  clientCache: true,
  compress: true,
  hiddenSegments: true,
  hiddenExtensions: true,
  errorPages: true,
  ignoreCase: true,
  served: true
}
const CACHE: Readonly<Record<keyof ClientCacheOptions, true>> = { maxAge: true, expires: true, noCache: true, custom: true }

const EXTENSION = /^\.[^/\\]*$/
const STATUS = /^(?:403|404)(?:\.\d{1,3})?$/
// What a header may hold (RFC 9110 §5.5).
const FIELD = /^[\x20-\x7e]*$/

type Kind = readonly [isRight: (value: unknown) => boolean, kind: string]

const isText = (value: unknown): value is string => typeof value === 'string'
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isList = (value: unknown, isRight: (item: string) => boolean): boolean => Array.isArray(value) && value.every(item => isText(item) && isRight(item))
const isName = (name: string): boolean => name !== '' && !/[/\\\0]/.test(name)
const isField = (value: unknown): boolean => isText(value) && FIELD.test(value)

const KINDS: Readonly<Record<Exclude<keyof FolderOptions, 'clientCache' | 'errorPages'>, Kind>> = {
  root: [value => isText(value) && isAbsolute(value), 'must be an absolute path'],
  path: [value => isText(value) && /^\/[^?#]*$/.test(value), 'must be a path that begins with a slash'],
  site: [value => isText(value) && value !== '', 'must be a name'],
  defaultDocuments: [value => isList(value, isName), 'must be a list of file names'],
  mediaTypes: [value => isRecord(value) && Object.entries(value).every(([extension, type]) => EXTENSION.test(extension) && (type === null || isField(type))), 'must be an object of extensions such as .json and their types'],
  compress: [value => typeof value === 'boolean', 'must be true or false'],
  hiddenSegments: [value => isList(value, isName), 'must be a list of names'],
  hiddenExtensions: [value => isList(value, extension => EXTENSION.test(extension)), 'must be a list of extensions such as .config'],
  ignoreCase: [value => typeof value === 'boolean', 'must be true or false'],
  served: [value => typeof value === 'boolean', 'must be true or false']
}

/** The mistakes in the options, a sentence for each. */
export function mistakesIn (options: StaticContentOptions): string[] {
  const mistakes = unknownOptions(options, Object.keys(OPTIONS))
  if (!Array.isArray(options.folders)) return [...mistakes, '`folders` must be a list']
  options.folders.forEach((folder, index) => {
    const at = `folders[${index}]`
    if (isRecord(folder)) checkFolder(folder, at, mistakes)
    else mistakes.push(`\`${at}\` must be an object`)
  })
  return mistakes
}

function checkFolder (folder: Record<string, unknown>, at: string, mistakes: string[]): void {
  mistakes.push(...unknownOptions(folder, Object.keys(FOLDER)).map(text => `\`${at}\`: ${text}`))
  for (const [key, [isRight, kind]] of Object.entries(KINDS)) {
    const value = folder[key]
    if ((value !== undefined || (key === 'root' && folder.served !== false)) && !isRight(value)) mistakes.push(`\`${at}.${key}\` ${kind}`)
  }
  const { clientCache, errorPages } = folder
  if (clientCache !== undefined) checkCache(clientCache, `${at}.clientCache`, mistakes)
  if (errorPages === undefined) return
  if (!isRecord(errorPages)) {
    mistakes.push(`\`${at}.errorPages\` must be an object`)
    return
  }
  for (const [status, page] of Object.entries(errorPages)) {
    if (!STATUS.test(status)) mistakes.push(`\`${at}.errorPages\` has ${JSON.stringify(status)}, and only 403 and 404 are answered here, with or without a substatus`)
    const [key, ...others] = isRecord(page) ? Object.keys(page) : []
    const isRight = isRecord(page) && others.length === 0 && ((key === 'file' && isText(page.file) && isAbsolute(page.file)) || (key === 'redirect' && isField(page.redirect) && page.redirect !== ''))
    if (!isRight) mistakes.push(`\`${at}.errorPages.${status}\` must be { file } with an absolute path, or { redirect } with a URL`)
  }
}

function checkCache (cache: unknown, at: string, mistakes: string[]): void {
  if (!isRecord(cache)) {
    mistakes.push(`\`${at}\` must be an object`)
    return
  }
  mistakes.push(...unknownOptions(cache, Object.keys(CACHE)).map(text => `\`${at}\`: ${text}`))
  const { maxAge, expires, noCache, custom } = cache
  if (maxAge !== undefined && !(Number.isSafeInteger(maxAge) && (maxAge as number) >= 0)) mistakes.push(`\`${at}.maxAge\` must be a number of seconds`)
  if (expires !== undefined && !(isText(expires) && !Number.isNaN(Date.parse(expires)))) mistakes.push(`\`${at}.expires\` must be a date`)
  if (noCache !== undefined && typeof noCache !== 'boolean') mistakes.push(`\`${at}.noCache\` must be true or false`)
  if (custom !== undefined && !isField(custom)) mistakes.push(`\`${at}.custom\` must be what a header may hold`)
}
