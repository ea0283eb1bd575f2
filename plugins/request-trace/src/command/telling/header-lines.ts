// Two lists of headers side by side, their differences marked.
import { headerDifferences, type HeaderLine } from '../../trace/handshake.ts'
import type { Colors } from './paint.ts'
import { printable, shortened } from './terminal.ts'

const LEAST = 24
const MOST = 56

/** `before` and `after` are what the columns are called. Null lists are told as not recorded. */
export function headerColumns (before: readonly HeaderLine[] | null, after: readonly HeaderLine[] | null, titles: readonly [string, string], colours: Colors, width: number | null): string[] {
  if (before === null && after === null) return [colours.dim(`  (${titles.join(', ')}: not recorded)`)]
  const rows = headerDifferences(before ?? [], after ?? [])
  const name = Math.max(8, ...rows.map(row => row.name.length))
  const column = width === null ? MOST : Math.min(MOST, Math.max(LEAST, Math.floor((width - name - 8) / 2)))
  const shown = (values: readonly string[]): string => printable(values.join(' | '))
  const one = before === null || after === null
  if (one) {
    return [colours.dim(`    ${''.padEnd(name)}  ${before === null ? titles[1] : titles[0]}`), ...rows.map(row => `    ${printable(row.name).padEnd(name)}  ${shown([...row.before, ...row.after])}`.trimEnd())]
  }
  const head = `    ${''.padEnd(name)}  ${titles[0].padEnd(column)}  ${titles[1]}`
  return [colours.dim(head.trimEnd()), ...rows.map(row => {
    const mark = row.change === 'same' ? ' ' : row.change === 'added' ? '+' : row.change === 'removed' ? '-' : '~'
    const left = shown(row.before)
    const right = row.change === 'same' ? '=' : shown(row.after)
    // What does not fit has a line of its own; nothing of a difference is hidden.
    const lines = left.length > column && width !== null && row.change !== 'changed'
      ? [`  ${mark} ${printable(row.name).padEnd(name)}  ${shortened(left, column).padEnd(column)}  ${right}`]
      : left.length > column
        ? [`  ${mark} ${printable(row.name).padEnd(name)}  ${left}`, `    ${''.padEnd(name)}  ${''.padEnd(column)}  ${right}`]
        : [`  ${mark} ${printable(row.name).padEnd(name)}  ${left.padEnd(column)}  ${right}`]
    const paint = mark === '+' ? colours.green : mark === '-' ? colours.red : mark === '~' ? colours.yellow : (text: string) => text
    return lines.map(line => line.trimEnd()).filter(line => line !== '').map(paint).join('\n')
  })]
}
