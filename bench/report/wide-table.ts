// How do the figures of one workload become one table?
import type { Figure, Sample } from '../workloads/kinds.ts'
import { median } from './numbers.ts'
import type { Outcome } from './outcome.ts'

/** One row for each peer, one column for each figure: the median, with the least and the most in the first column. */
export function wideTable (figures: readonly Figure[], outcomes: readonly Outcome[]): string {
  const lines = [
    `| | ${figures.map(({ title, unit, worst }) => `${title}${unit === '' ? '' : `, ${unit}`}${worst === true ? ' (most)' : ''}`).join(' | ')} |`,
    `|---|${figures.map(() => '--:|').join('')}`
  ]
  for (const { peer, samples, failure } of outcomes) {
    const name = peer.kind === 'ours' ? `**${peer.name}**` : peer.name
    const cells = peer.absent ?? failure ?? (samples.length === 0 ? '–' : null)
    if (cells !== null) lines.push(`| ${name} | ${cells} |${' |'.repeat(figures.length - 1)}`)
    else lines.push(`| ${[name, ...figures.map((figure, index) => cellOf(figure, samples, index === 0))].join(' | ')} |`)
  }
  return lines.join('\n')
}

function cellOf ({ name, digits, worst }: Figure, samples: readonly Sample[], ranged: boolean): string {
  const values = samples.map(sample => sample[name] ?? NaN)
  const value = worst === true ? Math.max(...values) : median(values)
  if (!Number.isFinite(value)) return '–'
  const range = ranged ? ` [${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}]` : ''
  return value.toFixed(digits) + range
}
