// Which format was chosen?
import type { Settings } from '../options.ts'
import type { Format } from './format.ts'
import { JSON_LINES } from './json-lines.ts'
import { NCSA } from './ncsa.ts'
import { compileW3c } from './w3c.ts'

/** The chosen format, compiled for its columns. `custom`: the names of the custom fields, in their order. */
export function compileFormat (settings: Settings, custom: readonly string[]): Format {
  if (settings.format === 'ncsa') return NCSA
  if (settings.format === 'json') return JSON_LINES
  return compileW3c({ ...settings, custom })
}
