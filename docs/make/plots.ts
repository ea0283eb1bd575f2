// How does a table of the benchmark look as a plot? Bars from the file that the benchmark wrote, drawn where a page names the table.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './pages.ts'

export interface Bar {
  readonly name: string
  readonly median: number
  readonly least: number
  readonly most: number
  /** One of this repository's. */
  readonly ours: boolean
}

export interface Plot {
  readonly title: string
  readonly unit: string
  /** The best first. */
  readonly bars: readonly Bar[]
}

/** What is used of markdown-it. */
interface MarkdownIt {
  readonly renderer: { readonly rules: { fence?: (tokens: Array<{ info: string, content: string }>, index: number, ...rest: unknown[]) => string } }
}

const RESULTS = join(root, 'bench', 'RESULTS.md')
const ROW = /^\| (\**)(.+?)\1 \| ([\d.]+) \[([\d.]+)–([\d.]+)\]/

/** Of the table under this heading; an error where there is none. */
export function plotOf (title: string, text = readFileSync(RESULTS, 'utf8')): Plot {
  const [, section] = text.split(`\n### ${title}\n`)
  const lines = (section?.split(/\n##/)[0] ?? '').split('\n')
  const unit = /^\| \| (.+?), median/.exec(lines.find(line => line.startsWith('| |')) ?? '')?.[1]
  const bars = lines.flatMap(line => {
    const [, mark, name = '', median, least, most] = ROW.exec(line) ?? []
    return median === undefined ? [] : [{ name, median: Number(median), least: Number(least), most: Number(most), ours: mark !== '' }]
  })
  if (unit === undefined || bars.length === 0) throw new Error(`bench/RESULTS.md has no table "${title}"`)
  return { title, unit, bars: bars.sort((one, other) => one.median - other.median) }
}

/** A block ```plot names a heading of the results. */
export function drawPlots (markdown: MarkdownIt): void {
  const { fence } = markdown.renderer.rules
  markdown.renderer.rules.fence = (tokens, index, ...rest) => {
    const token = tokens[index]
    return token?.info.trim() === 'plot' ? drawn(plotOf(token.content.trim())) : fence?.(tokens, index, ...rest) ?? ''
  }
}

const WIDTH = 720
const LEFT = 290
const RIGHT = 80
const ROW_HEIGHT = 24

export function drawn ({ title, unit, bars }: Plot): string {
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(...bars.map(({ most }) => most), Number.MIN_VALUE)
  const x = (value: number): string => (LEFT + value * scale).toFixed(1)
  const height = bars.length * ROW_HEIGHT + 4
  const rows = bars.map(({ name, median, least, most, ours }, index) => {
    const middle = index * ROW_HEIGHT + ROW_HEIGHT / 2 + 2
    return `<g class="${ours ? 'ours' : 'peer'}"><text x="${LEFT - 8}" y="${middle + 4}" text-anchor="end">${escaped(name)}</text>` +
      `<rect x="${LEFT}" y="${middle - 8}" width="${Math.max(1, median * scale).toFixed(1)}" height="16" rx="2"/>` +
      `<path d="M${x(least)} ${middle}H${x(most)}"/><text x="${Number(x(most)) + 6}" y="${middle + 4}">${median}</text></g>`
  })
  const words = bars.map(({ name, median }) => `${name} ${median}`).join(', ')
  return `<figure class="plot"><figcaption>${escaped(title)} (${escaped(unit)}; less is better)</figcaption>` +
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(`${title}, ${unit}: ${words}`)}">${rows.join('')}</svg></figure>\n`
}

function escaped (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
