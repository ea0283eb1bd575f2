// Prints the report on a terminal: first what closes in IIS and not here, then what is lost, then what differs. Parts that are used are only counted.
import type { Colors } from 'picocolors/types.js'
import { at, type Place } from '../errors.ts'
import type { Report, Row } from '../reading/report.ts'

/** Formats a report as text. With `all`, the rows that are used are included. */
export function printReport (report: Report, colors: Colors, all = false): string {
  const lines: string[] = []
  const chapter = (title: string, rows: readonly string[]): void => {
    if (rows.length > 0) lines.push(colors.bold(title), ...rows, '')
  }
  const ofStatus = (status: Row['status']): Row[] => report.rows.filter(row => row.status === status)
  const item = (place: Place, head: string, note?: string, advice?: string): string =>
    [`  ${head}  ${colors.dim(at(place))}`, ...note === undefined ? [] : [`      ${note}`], ...advice === undefined ? [] : [`      ${colors.cyan(advice)}`]].join('\n')

  const closing = ofStatus('closes')
  chapter('Closed in IIS, not here', closing.map(row =>
    item(row, colors.red(`✖ ${row.section ?? ''}: ${label(row)}`), row.note, row.advice)))
  chapter('Not supported', groups(ofStatus('unsupported')).map(({ row, parts }) =>
    item(row, colors.red(`✖ ${label(row)}${parts}`), row.note, row.advice)))
  chapter('Used with a difference', groups(ofStatus('difference')).map(({ row, parts }) =>
    item(row, colors.yellow(`≈ ${label(row)}${parts}`), row.note, row.advice)))
  if (all) chapter('Used', ofStatus('used').map(row => item(row, colors.green(`✔ ${label(row)}`), row.note)))
  chapter('Sections that are not read', report.sections.map(section =>
    item(section, section.lost ? colors.red(`✖ ${section.path}`) : colors.dim(`· ${section.path}`), section.note)))
  chapter('Probably not meant', report.mistakes.map(mistake =>
    item(mistake, colors.magenta(`! ${mistake.code}`), mistake.message)))

  const { used, difference, unsupported } = report.counts
  const lost = report.sections.filter(section => section.lost).length
  lines.push([
    ...closing.length > 0 ? [colors.red(`${closing.length} closed in IIS, not here`)] : [],
    colors.green(`${used} used`),
    (difference > 0 ? colors.yellow : colors.dim)(`${difference} with a difference`),
    (unsupported > 0 ? colors.red : colors.dim)(`${unsupported} not supported`),
    ...lost > 0 ? [colors.red(`${lost} ${lost === 1 ? 'section' : 'sections'} lost`)] : [],
    ...report.mistakes.length > 0 ? [colors.magenta(`${report.mistakes.length} probably not meant`)] : []
  ].join(' · '))
  lines.push(report.complete ? colors.green(`Nothing of ${report.file} is lost.`) : colors.red(`Something of ${report.file} is lost.`))
  if (closing.some(row => row.open !== true)) {
    lines.push(colors.red(`No site starts from it without --open ${[...new Set(closing.map(row => row.section))].join(',')}.`))
  }
  lines.push('')
  return lines.join('\n')
}

/** A part as it is written. */
function label (row: Row): string {
  return row.part === 'element' ? `<${row.name}>` : `${row.name}="${row.value ?? ''}"`
}

/** Joins rows with the same note inside one element into one, with the number of parts. */
function groups (rows: readonly Row[]): { row: Row, parts: string }[] {
  const found: { row: Row, count: number }[] = []
  for (const row of rows) {
    const before = found.at(-1)
    if (before !== undefined && before.row.note === row.note && before.row.file === row.file && row.path.startsWith(`${before.row.path}/`)) before.count++
    else found.push({ row, count: 0 })
  }
  return found.map(({ row, count }) => ({ row, parts: count === 0 ? '' : ` and ${count} ${count === 1 ? 'part' : 'parts'} inside it` }))
}
