// Which files is the page made of? They are served as they are: there is no build step.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** The folder of the page's own files. */
export const PAGE = fileURLToPath(new URL('../../page/', import.meta.url))

/** Files of libraries, by the name that the page asks for. */
export const LIBRARIES: Readonly<Record<string, { readonly type: string, readonly content: () => Buffer }>> = {
  'htm-preact.js': { type: 'text/javascript; charset=utf-8', content: () => readFileSync(require.resolve('htm/preact/standalone.module.js')) },
  'uPlot.js': { type: 'text/javascript; charset=utf-8', content: () => readFileSync(require.resolve('uplot/dist/uPlot.esm.js')) },
  'uPlot.css': { type: 'text/css; charset=utf-8', content: () => readFileSync(require.resolve('uplot/dist/uPlot.min.css')) }
}
