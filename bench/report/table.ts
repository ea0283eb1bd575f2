// How do samples become a table?
import type { MicroResult } from '../micro.ts'
import type { Peer } from '../peers/kinds.ts'
import type { Outcome } from './outcome.ts'
import { type Target, TARGETS } from './targets.ts'
import type { Figure, Workload } from '../workloads/kinds.ts'
import { median, percent, rate, ratio } from './numbers.ts'
import { wideTable } from './wide-table.ts'

/** All measurements of one workload. */
export interface Measured {
  readonly workload: Workload
  readonly outcomes: readonly Outcome[]
}

/** The rows that are compared with the targets: upstream-proxy with the log, and all plugins. */
export const JUDGED = ['logged', 'ours'] as const

/** What is to be reached, and what each of `JUDGED` reached. */
export interface Verdict {
  readonly wanted: string
  readonly reached: readonly Reached[]
}

interface Reached {
  readonly text: string
  /** Null where the row, or a peer that the target names, was not measured. */
  readonly met: boolean | null
}

interface Row {
  readonly outcome: Outcome
  readonly median: number
  readonly least: number
  readonly most: number
}

/** The tables of a workload, in Markdown. */
export function tablesOf (workload: Workload, outcomes: readonly Outcome[]): { readonly title: string, readonly text: string }[] {
  if (workload.table !== undefined) return [{ title: workload.table, text: wideTable(workload.figures, outcomes) }]
  return workload.figures.map(figure => ({ title: figure.title, text: tableOf(workload, figure, outcomes) }))
}

/** A table of one figure. Every peer is in it: measured, failed or absent. */
function tableOf (workload: Workload, figure: Figure, outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(outcome => rowOf(outcome, figure))
  const nginx = rows.find(row => row.outcome.peer.key === 'nginx')?.median ?? NaN
  const best = Math.min(...rows.filter(row => row.outcome.peer.kind === 'node' && row.median > 0).map(row => row.median))
  const judged = judgedOf(rows)
  const targets = TARGETS[`${workload.key} ${figure.name}`] ?? []
  const busy = figure.name === 'cpu'
  const lines = [
    `| | ${figure.unit}, median [min–max] | × nginx | × best Node peer |${busy ? ' a second | busy |' : ''} target for ours |`,
    `|---|--:|--:|--:|${busy ? '--:|--:|' : ''}---|`
  ]
  for (const row of rows) {
    const { peer, failure, samples } = row.outcome
    if (peer.absent !== null || failure !== null || Number.isNaN(row.median)) {
      lines.push(`| ${peer.name} | ${peer.absent ?? failure ?? '–'} | | |${busy ? ' | |' : ''} |`)
      continue
    }
    const floor = peer.key === 'direct' && busy
    const cells = [
      label(peer),
      floor ? '–' : `${row.median.toFixed(figure.digits)} [${row.least.toFixed(figure.digits)}–${row.most.toFixed(figure.digits)}]`,
      floor ? '' : ratio(row.median, nginx),
      floor ? '' : ratio(row.median, best)
    ]
    if (busy) cells.push(rate(median(samples.map(sample => sample.rate ?? NaN))), floor ? '' : percent(median(samples.map(sample => sample.busy ?? NaN))))
    cells.push(targets.flatMap(target => wordsFor(target, row, judged, best)).join('; '))
    lines.push(`| ${cells.join(' | ')} |`)
  }
  const others = outcomes.filter(({ peer }) => peer.key !== 'direct').flatMap(({ samples }) => samples.map(sample => sample.others ?? 0))
  if (busy && others.length > 0) {
    const slowness = outcomes.flatMap(({ samples }) => samples.map(sample => sample.slowness ?? 1))
    lines.push('', `Other processes took ${percent(median(others))} of the proxies' core meanwhile, ${percent(Math.max(...others))} at most. The core was ${Math.min(...slowness).toFixed(2)} to ${Math.max(...slowness).toFixed(2)} times as slow as at its best, ${median(slowness).toFixed(2)} in the middle; the figures are without that.`)
  }
  return lines.join('\n')
}

/** The cost of a GET of 1 KiB with all plugins, µs; NaN where that was not measured. */
export function ourRequest (measured: readonly Measured[]): number {
  const samples = measured.find(({ workload }) => workload.key === 'get1k')?.outcomes.find(({ peer }) => peer.key === 'ours')?.samples ?? []
  return median(samples.map(sample => sample.cpu ?? NaN))
}

/** The table of the plugins by themselves. `request` is the cost of a whole request with all plugins, µs, or NaN. */
export function microTable (results: readonly MicroResult[], request: number): string {
  const known = Number.isFinite(request)
  const lines = [`| | µs, median [min–max] |${known ? ' of a GET 1 KiB through us | target |' : ''}`, `|---|--:|${known ? '--:|---|' : ''}`]
  for (const { micro, tree, values, failure } of results) {
    const value = median(values)
    const cells = [
      tree === '' ? micro.title : `${micro.title} (${tree})`,
      failure ?? `${value.toFixed(2)} [${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}]`
    ]
    if (known) cells.push(failure === null ? percent(value / request) : '', micro.work === 'log' && failure === null ? `below 10 %: ${met(value < request / 10)}` : '')
    lines.push(`| ${cells.join(' | ')} |`)
  }
  return lines.join('\n')
}

/** Whether the log costs less than a tenth of a request; none where one of them was not measured. */
export function logVerdict (results: readonly MicroResult[], request: number): Verdict[] {
  const value = median(results.find(({ micro, tree }) => micro.work === 'log' && tree === '')?.values ?? [])
  if (!Number.isFinite(value / request)) return []
  const reached = { text: `${percent(value / request)} of a GET`, met: value < request / 10 }
  return [{ wanted: 'below 10 %', reached: JUDGED.map(() => reached) }]
}

/** What each target of a figure asks, and what the rows of fastify-arr reached. */
export function verdictsOf (workload: Workload, figure: Figure, outcomes: readonly Outcome[]): Verdict[] {
  const rows = outcomes.map(outcome => rowOf(outcome, figure))
  return (TARGETS[`${workload.key} ${figure.name}`] ?? []).map(target => {
    if ('figure' in target) {
      return {
        wanted: `≤ ${target.figure} ${figure.unit}`,
        reached: judgedOf(rows).map(row => ({ text: row === undefined ? '–' : row.median.toFixed(figure.digits), met: judge(row?.median ?? NaN, target.figure) }))
      }
    }
    const other = target.than === 'every Node peer'
      ? Math.min(...rows.filter(row => row.outcome.peer.kind === 'node' && row.median > 0).map(row => row.median))
      : rows.find(row => row.outcome.peer.key === target.than)?.median ?? NaN
    const name = target.than === 'every Node peer' ? target.than : rows.find(row => row.outcome.peer.key === target.than)?.outcome.peer.name ?? target.than
    return {
      wanted: `${target.atMost === 1 ? 'below' : `≤ ${target.atMost} ×`} ${name}`,
      reached: judgedOf(rows).map(row => ({ text: ratio(row?.median ?? NaN, other) || '–', met: judge(row?.median ?? NaN, other * target.atMost) }))
    }
  })
}

function judgedOf (rows: readonly Row[]): (Row | undefined)[] {
  return JUDGED.map(key => rows.find(row => row.outcome.peer.key === key))
}

function judge (value: number, limit: number): boolean | null {
  return Number.isFinite(value) && Number.isFinite(limit) ? value <= limit : null
}

// A target is shown in the row that it is measured against.
function wordsFor (target: Target, row: Row, judged: readonly (Row | undefined)[], best: number): string[] {
  const { peer } = row.outcome
  const ours = judged.filter(one => one !== undefined)
  if (ours.length === 0) return []
  if ('figure' in target) return ours.includes(row) ? [`≤ ${target.figure}: ${met(row.median <= target.figure)}`] : []
  const here = target.than === 'every Node peer' ? peer.kind === 'node' && row.median === best : peer.key === target.than
  if (!here || ours.some(one => Number.isNaN(one.median))) return []
  const reached = ours.map(one => `${ratio(one.median, row.median)} ${met(one.median <= row.median * target.atMost)}`)
  return [`${target.atMost === 1 ? 'below' : `≤ ${target.atMost} ×`}: ${reached.join(', ')}`]
}

function met (yes: boolean): string {
  return yes ? '**met**' : '**not met**'
}

function rowOf (outcome: Outcome, figure: Figure): Row {
  const values = outcome.samples.map(sample => sample[figure.name] ?? NaN)
  return { outcome, median: median(values), least: Math.min(...values), most: Math.max(...values) }
}

function label (peer: Peer): string {
  return peer.kind === 'ours' ? `**${peer.name}**` : peer.name
}
