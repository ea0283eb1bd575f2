// Which of the formats does a line have?
import type { Settings } from './options.ts'
import { compileW3c, type Format } from './w3c.ts'
import { JSON_LINES, NCSA } from './ncsa.ts'

/** The format that was chosen, compiled for its columns. */
export function compileFormat (settings: Settings, custom: readonly string[]): Format {
  if (settings.format === 'ncsa') return NCSA
  if (settings.format === 'json') return JSON_LINES
  return compileW3c({ ...settings, custom })
}
