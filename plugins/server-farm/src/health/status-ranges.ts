// Which statuses does a text such as `200-399,404-` mean?

/** Numbers and ranges of statuses. */
export interface StatusRanges {
  /** As it was written. */
  readonly text: string
  includes (status: number): boolean
}

const RANGE = /^([1-9]\d\d)(?:(-)([1-9]\d\d)?)?$/

/** The ranges of a text with numbers (`204`), ranges (`200-399`) and ranges without an end (`500-`), with commas between; null where it is none. */
export function statusRanges (text: string): StatusRanges | null {
  const ranges: Array<readonly [from: number, to: number]> = []
  for (const part of text.split(',')) {
    const [, from, dash, to] = RANGE.exec(part.trim()) ?? []
    if (from === undefined) return null
    const low = Number(from)
    const high = dash === undefined ? low : Number(to ?? 999)
    if (low > high) return null
    ranges.push([low, high])
  }
  return { text, includes: status => ranges.some(([from, to]) => status >= from && status <= to) }
}
