// How is a part of the file named in a line of text?
import type { Row } from './report.ts'

/** A part as it is written; an element with the attribute that tells it from others of its name. */
export function label ({ part, name, key, value }: Pick<Row, 'part' | 'name' | 'key' | 'value'>): string {
  if (part === 'attribute') return `${name}="${value ?? ''}"`
  return `<${name}${key === undefined ? '' : ` ${key}`}>`
}
