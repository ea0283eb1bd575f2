// Which files is the page made of? They are served as they are: there is no build step.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ALL_STYLES, paintSoon } from './first-paint.ts'

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
}

/** Reads the files, once. */
export function readPage (): PageFiles {
  const files = new Map<string, PageFile>()
  for (const name of readdirSync(PAGE, { recursive: true, encoding: 'utf8' }).sort()) {
    const type = TYPES[extname(name)]
    if (type !== undefined) files.set(`page/${name.replaceAll('\\', '/')}`, fileOf(type, join(PAGE, name)))
  }
  for (const [name, path] of Object.entries(LIBRARIES)) files.set(name, fileOf(TYPES[extname(name)] as string, fileURLToPath(import.meta.resolve(path))))
  const { html, styles } = paintSoon(String(files.get('page/index.html')?.content), files)
  files.set(ALL_STYLES, { type: TYPES['.css'] as string, ...taggedOf(Buffer.from(styles)) })
  return { index: { type: TYPES['.html'] as string, ...taggedOf(Buffer.from(html)) }, files }
}

function fileOf (type: string, path: string): PageFile {
  return { type, ...taggedOf(readFileSync(path)) }
}

function taggedOf (content: Buffer): Omit<PageFile, 'type'> {
  return { content, etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"` }
}
