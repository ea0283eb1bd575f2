// Which statuses and close codes does a list name? `404.13,500-599,101` and `1002-1015,none`.

/** A number, a range of numbers, or a status with its substatus. */
interface Entry {
  readonly from: number
  readonly to: number
  /** Null for any. */
  readonly sub: number | null
}

const STATUS = /^([1-9]\d{2})(?:\.(\d{1,3})|\s*-\s*([1-9]\d{2}))?$/
const CODE = /^([1-4]\d{3})(?:\s*-\s*([1-4]\d{3}))?$/

/** The statuses that a trigger names. */
export type StatusList = readonly Entry[]

/** Null where it is no such list. */
export function readStatuses (text: string): StatusList | null {
  return entriesOf(text, part => {
    const match = STATUS.exec(part)
    if (match === null) return null
    const from = Number(match[1])
    return { from, to: Number(match[3] ?? from), sub: match[2] === undefined ? null : Number(match[2]) }
  })
}

/** How a list names this status: `502.3` or `502`; null where it does not. */
export function named (list: StatusList, status: number, subStatus: number): string | null {
  if (!list.some(({ from, to, sub }) => status >= from && status <= to && (sub === null || sub === subStatus))) return null
  return subStatus === 0 ? String(status) : `${status}.${subStatus}`
}

/** The close codes that a trigger names. */
export interface CodeList {
  readonly entries: readonly Entry[]
  /** Whether an end without a Close frame is named. */
  readonly none: boolean
}

/** Null where it is no such list. 1006 is what a client sees of an end without a Close frame: the same as `none`. */
export function readCodes (text: string): CodeList | null {
  let none = false
  const entries = entriesOf(text, part => {
    if (part.toLowerCase() === 'none') {
      none = true
      return { from: 0, to: 0, sub: null }
    }
    const match = CODE.exec(part)
    if (match === null) return null
    const from = Number(match[1])
    const to = Number(match[2] ?? from)
    if (from <= 1006 && to >= 1006) none = true
    return { from, to, sub: null }
  })
  return entries === null ? null : { entries, none }
}

/** `code`: that of the first Close frame, 1005 for one without a code; null where there was none. */
export function namesCode ({ entries, none }: CodeList, code: number | null): boolean {
  return code === null ? none : entries.some(({ from, to }) => code >= from && code <= to)
}

function entriesOf (text: string, read: (part: string) => Entry | null): Entry[] | null {
  const entries: Entry[] = []
  for (const part of text.split(',')) {
    const entry = read(part.trim())
    if (entry === null || entry.to < entry.from) return null
    entries.push(entry)
  }
  return entries
}
