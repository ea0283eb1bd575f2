// Which columns are asked for, and are in none of the files?
import { printable } from '../../format/escape.ts'
import { idOf } from '../rows/column-ids.ts'
import type { Row } from '../rows/row.ts'
import { columnsOf } from '../questions/values.ts'
import { whereIn, type Asked } from './arguments.ts'

interface Wanted {
  /** The option, as it is written. */
  readonly option: string
  readonly columns: readonly string[]
  readonly ids: readonly number[]
  readonly ofSite: boolean
}

/** Looks through the lines for the columns that filters and groups read: without them nothing is found, and nothing says why. */
export class MissingColumns {
  #wanted: Wanted[]
  #seen = false

  constructor (values: Asked) {
    const { path, longer, slower, shorter, refused, by = '' } = values
    this.#wanted = [
      ...Object.keys(whereIn(values)).map(name => wanted(Object.hasOwn(values, name) ? `--${name}` : `--where ${name}`, columnsOf(name), name)),
      ...by.split(',').map(name => name.trim()).filter(name => name !== '').map(name => wanted(`--by ${name}`, columnsOf(name), name)),
      ...path === undefined ? [] : [wanted('--path', columnsOf('path'))],
      ...longer === undefined && slower === undefined ? [] : [wanted(longer === undefined ? '--slower' : '--longer', ['time-taken'])],
      ...shorter === undefined ? [] : [wanted('--shorter', ['time-taken'])],
      ...refused === true ? [wanted('--refused', ['x-ws-attempt'])] : []
    ].filter(({ columns }) => columns.length > 0)
  }

  see (row: Row): void {
    this.#seen = true
    if (this.#wanted.length > 0) this.#wanted = this.#wanted.filter(({ ids, ofSite }) => !ids.some(id => row.has(id)) && !(ofSite && row.folder !== null))
  }

  /** Says on standard error which columns no line has. */
  tell (): void {
    if (!this.#seen) return
    for (const { option, columns } of this.#wanted) process.stderr.write(`arr-log: no line has the column ${printable(columns.join(' or '))}, which ${printable(option)} reads\n`)
  }
}

function wanted (option: string, columns: readonly string[], name = ''): Wanted {
  return { option, columns, ids: columns.map(idOf), ofSite: name === 'site' }
}
