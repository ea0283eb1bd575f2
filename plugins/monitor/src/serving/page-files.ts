// Which files is the page made of? They are served as they are: there is no build step.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the page's own files. */
const PAGE = fileURLToPath(new URL('../../page/', import.meta.url))

/** Files of libraries, by the name that the page asks for. */
const LIBRARIES: Readonly<Record<string, string>> = {
  'vendor/htm-preact.js': 'htm/preact/standalone',
  'vendor/uPlot.js': 'uplot/dist/uPlot.esm.js',
  'vendor/uPlot.css': 'uplot/dist/uPlot.min.css'
}

/** Other files of the folder are not for browsers. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml'
}

/** A file as it is served. */
export interface PageFile {
  readonly type: string
  readonly content: Buffer
  readonly etag: string
}

/** The page. */
export interface PageFiles {
  readonly index: PageFile
  /** By their paths below the page's own: `page/app.js`, `vendor/uPlot.js`. */
  readonly files: ReadonlyMap<string, PageFile>
  /** The Link header of the page: a browser asks for all modules at once, and not for one after the other has named it. */
  readonly links: string
}

/** Reads the files, once. */
export function readPage (): PageFiles {
  const files = new Map<string, PageFile>()
  for (const name of readdirSync(PAGE, { recursive: true, encoding: 'utf8' }).sort()) {
    const type = TYPES[extname(name)]
    if (type !== undefined) files.set(`page/${name.replaceAll('\\', '/')}`, fileOf(type, join(PAGE, name)))
  }
  for (const [name, path] of Object.entries(LIBRARIES)) files.set(name, fileOf(TYPES[extname(name)] as string, fileURLToPath(import.meta.resolve(path))))
  const links = [...files.keys()].filter(name => name.endsWith('.js')).map(name => `<${name}>; rel=modulepreload`).join(', ')
  return { index: files.get('page/index.html') as PageFile, files, links }
}

function fileOf (type: string, path: string): PageFile {
  const content = readFileSync(path)
  return { type, content, etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"` }
}
