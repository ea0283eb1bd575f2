// Prints the report on a terminal: a summary, then what closes in IIS and not here, what is lost, what differs. Parts that are used, and what says no more than IIS's defaults, are only counted.
import type { Colors } from 'picocolors/types.js'
import { at, type Place } from '../errors.ts'
import { label } from '../reading/label.ts'
import type { Report, Row } from '../reading/report.ts'
import { printSummary } from './print-summary.ts'

/** Formats a report as text. With `all`, the rows that are used and the sections that are not lost are included. */
export function printReport (report: Report, colors: Colors, all = false): string {
  const lines: string[] = [...printSummary(report, colors), '']
  const chapter = (title: string, rows: readonly string[]): void => {
    if (rows.length > 0) lines.push(colors.bold(title), ...rows, '')
  }
  const ofStatus = (status: Row['status']): Row[] => report.rows.filter(row => row.status === status)
  const item = (place: Place | null, head: string, note?: string, advice?: string): string =>
    [`  ${head}${place === null ? '' : `  ${colors.dim(at(place))}`}`, ...note === undefined ? [] : [`      ${note}`], ...advice === undefined ? [] : [`      ${colors.cyan(advice)}`]].join('\n')

  const closing = ofStatus('closes')
  const sections = report.sections.filter(section => section.lost || all)
  const folded = report.sections.length - sections.length
  chapter('Closed in IIS, not here', closing.map(row =>
    item(row, colors.red(`✖ ${row.section ?? ''}: ${label(row)}`), row.note, row.advice)))
  chapter('Not supported', groups(ofStatus('unsupported')).map(({ row, parts }) =>
    item(row, colors.red(`✖ ${label(row)}${parts}`), row.note, row.advice)))
  chapter('Leads to files, which are not served', report.local.map(({ rule, note, ...place }) =>
    item(place, colors.red(`✖ ${rule === null ? 'no rule' : `rule "${rule}"`}`), note)))
  chapter('Used with a difference', [
    ...groups(ofStatus('difference')).map(({ row, parts }) => item(row, colors.yellow(`≈ ${label(row)}${parts}`), row.note, row.advice)),
    ...report.general.map(({ code, note, advice }) => item(null, colors.yellow(`≈ ${code}`), note, advice))
  ])
  if (all) chapter('Used', ofStatus('used').map(row => item(row, colors.green(`✔ ${label(row)}`), row.note)))
  chapter('Sections that are not read', [
    ...sections.map(section => item(section, section.lost ? colors.red(`✖ ${section.path}`) : colors.dim(`· ${section.path}`), section.note, section.advice)),
    ...folded === 0 ? [] : [colors.dim(`  · ${folded} ${folded === 1 ? 'says' : 'say'} no more than IIS does by default, or nothing about requests; --all shows ${folded === 1 ? 'it' : 'them'}`)]
  ])
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
    ...report.local.length > 0 ? [colors.red(`${report.local.length} ${report.local.length === 1 ? 'leads' : 'lead'} to files`)] : [],
    ...report.mistakes.length > 0 ? [colors.magenta(`${report.mistakes.length} probably not meant`)] : []
  ].join(' · '))
  lines.push(report.complete && report.local.length === 0 ? colors.green(`Nothing of ${report.file} is lost.`) : report.complete ? colors.red(`Nothing of ${report.file} is lost, but files that it leads to are not served.`) : colors.red(`Something of ${report.file} is lost.`))
  if (closing.some(row => row.open !== true)) {
    lines.push(colors.red(`No site starts from it without --open ${[...new Set(closing.map(row => row.section))].join(',')}.`))
  }
  lines.push('')
  return lines.join('\n')
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
