// Which lines are shown, and how? What the command line says of both.
import { once } from 'node:events'
import { jsonLine } from '../../format/escape.ts'
import { painted, plain, type Paint } from '../show/colour.ts'
import type { Line } from '../columns.ts'
import { compileFilter, type Filter } from '../questions/filter.ts'
import { momentIn, offsetOf } from '../questions/time.ts'
import { namedValues, type Value } from '../questions/values.ts'
import { readable } from '../show/readable.ts'
import { whereIn, type Asked } from './arguments.ts'
import { coloursWanted } from './colours-wanted.ts'
import { MissingColumns } from './missing-columns.ts'

/** The filter, the clock and the form of the output. */
export class Shown {
  readonly json: boolean
  readonly paint: Paint
  readonly named: Readonly<Record<string, Value>>
  readonly offsetOf: (at: number) => number
  readonly wanted: Filter
  /** The columns that are asked for, and that no line has. */
  readonly missing: MissingColumns
  readonly #utc: boolean

  /** Throws an Error that names a value it cannot parse. */
  constructor (values: Asked) {
    this.#utc = values.utc === true
    this.json = values.json === true
    this.paint = values['no-color'] !== true && coloursWanted(process.env, process.stdout.isTTY === true) ? painted : plain
    this.offsetOf = offsetOf(this.#utc)
    this.named = namedValues(this.offsetOf)
    const moment = (text: string | undefined): number | undefined => text === undefined ? undefined : momentIn(text, this.#utc, Date.now())
    const missing = this.missing = new MissingColumns(values)
    const filter = compileFilter({
      status: values.status,
      path: values.path,
      webSockets: values.websockets === true,
      refused: values.refused === true,
      longer: values.longer ?? values.slower,
      shorter: values.shorter,
      since: moment(values.since),
      until: moment(values.until),
      where: whereIn(values)
    }, this.named)
    this.wanted = row => {
      missing.see(row)
      return filter(row)
    }
  }

  /** `2026-05-28 10:25:40`, on the clock that is asked for. */
  readonly clock = (at: number): string => `${new Date(at + this.offsetOf(at)).toISOString().slice(0, 19).replace('T', ' ')}${this.#utc ? 'Z' : ''}`

  line (line: Line): void {
    this.write(this.json ? jsonLine(line) : readable(line, this.paint, this.clock))
  }

  write (text: string): void {
    process.stdout.write(`${text}\n`)
  }

  /** A pager takes lines more slowly than the disk gives them. */
  readonly drained = (): Promise<unknown> | undefined => process.stdout.writableNeedDrain ? once(process.stdout, 'drain') : undefined
}
