// Which exchanges are shown?
import type { Line } from './columns.ts'

export type Filter = (line: Line) => boolean

export interface FilterOptions {
  /** `404`, `5xx`, `200-299`, or several with commas. */
  readonly status?: string | undefined
  /** A host, `*` for any part of it; case-insensitive. */
  readonly host?: string | undefined
  /** The beginning of a path; with `*` a pattern for the whole path. */
  readonly path?: string | undefined
  readonly webSockets?: boolean | undefined
  /** ms, or with a unit: `500ms`, `2s`, `5min`, `1h`. */
  readonly slower?: string | undefined
}

const UNITS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1_000, min: 60_000, h: 3_600_000 }

/** Throws an Error that names the value it cannot parse. */
export function compileFilter (options: FilterOptions): Filter {
  const filters: Filter[] = []
  const { status, host, path, webSockets, slower } = options
  if (status !== undefined) filters.push(compileStatus(status))
  if (host !== undefined) {
    const pattern = wildcard(host, 'i')
    filters.push(line => pattern.test((line.host ?? '').replace(/:\d+$/, '')))
  }
  if (path !== undefined) {
    const pattern = path.includes('*') ? wildcard(path, '') : null
    filters.push(line => pattern === null ? (line.path ?? '').startsWith(path) : pattern.test(line.path ?? ''))
  }
  if (webSockets === true) filters.push(line => line.status === 101)
  if (slower !== undefined) {
    const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|min|h|)$/.exec(slower) ?? []
    const limit = Number(digits) * UNITS[unit]!
    if (digits === '') throw new Error(`"${slower}" is not a time: write 500, 2s, 5min or 1h`)
    filters.push(line => (line.timeTaken ?? 0) > limit)
  }
  return line => filters.every(filter => filter(line))
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
