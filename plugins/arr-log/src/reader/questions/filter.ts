// Which exchanges are asked about?
import { ID } from '../rows/column-ids.ts'
import type { Row } from '../rows/row.ts'
import { durationIn } from './time.ts'
import { isAttempt, valueOf, type Value } from './values.ts'

export type Filter = (row: Row) => boolean

export interface FilterOptions {
  /** `404`, `5xx`, `200-299`, or several with commas. */
  readonly status?: string | undefined
  /** The beginning of a path; with `*` a pattern for the whole path. */
  readonly path?: string | undefined
  /** WebSockets, and requests for one that were refused. */
  readonly webSockets?: boolean | undefined
  /** Requests for a WebSocket that were refused. */
  readonly refused?: boolean | undefined
  /** `500`, `500ms`, `2s`, `5min`, `1h`: exchanges that took longer. */
  readonly longer?: string | undefined
  readonly shorter?: string | undefined
  /** ms since the epoch. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Texts by the name of a value or column: `*` stands for anything, commas separate several; case-insensitive. */
  readonly where?: Readonly<Record<string, string>> | undefined
}

/** Throws an Error that names the value it cannot parse. */
export function compileFilter (options: FilterOptions, named: Readonly<Record<string, Value>>): Filter {
  const filters: Filter[] = []
  const { status, path, webSockets, refused, longer, shorter, since = -Infinity, until = Infinity, where = {} } = options
  if (since !== -Infinity || until !== Infinity) filters.push(({ at }) => at >= since && at < until)
  if (status !== undefined) filters.push(compileStatus(status))
  if (path !== undefined) filters.push(compilePath(path, valueOf('path', named)))
  if (webSockets === true) filters.push(isAttempt)
  if (refused === true) filters.push(row => row.status !== 101 && isAttempt(row))
  if (longer !== undefined) {
    const limit = durationIn(longer)
    filters.push(row => row.number(ID.timeTaken) > limit)
  }
  if (shorter !== undefined) {
    const limit = durationIn(shorter)
    filters.push(row => row.number(ID.timeTaken) < limit)
  }
  for (const [name, text] of Object.entries(where)) {
    const value = valueOf(name, named)
    const patterns = text.split(',').map(one => wildcard(one.trim(), 'i'))
    filters.push(row => {
      const found = value(row) ?? '-'
      return patterns.some(pattern => pattern.test(found))
    })
  }
  return row => filters.every(filter => filter(row))
}

function compilePath (path: string, value: Value): Filter {
  if (!path.includes('*')) return row => (value(row) ?? '').startsWith(path)
  const pattern = wildcard(path, '')
  return row => pattern.test(value(row) ?? '')
}

function compileStatus (text: string): Filter {
  const ranges = text.split(',').map(part => {
    const [, digit, from, to] = /^(?:(\d)xx|(\d{3})(?:-(\d{3}))?)$/i.exec(part.trim()) ?? []
    if (digit !== undefined) return [Number(digit) * 100, Number(digit) * 100 + 99] as const
    if (from === undefined) throw new Error(`"${part}" is not a status: write 404, 5xx or 200-299`)
    return [Number(from), Number(to ?? from)] as const
  })
  return ({ status }) => ranges.some(([from, to]) => status >= from && status <= to)
}

function wildcard (text: string, flags: string): RegExp {
  return new RegExp(`^${text.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, flags)
}
