// The first lines of a report: how much of each kind there is, what it is about, and the first command to type.
import type { Colors } from 'picocolors/types.js'
import type { Report } from '../reading/report.ts'
import type { Count } from '../reading/summary.ts'

/** How many names a line has. */
const MOST = 6

/** The lines; a kind without findings has none. */
export function printSummary ({ file, summary, complete }: Report, colors: Colors): string[] {
  const { doors, missing, differently, byDefault, mistakes, command } = summary
  const line = (paint: (text: string) => string, sign: string, { count, about }: Count, what: string, names = true): string[] => {
    if (count === 0) return []
    const more = about.length > MOST ? ` and ${about.length - MOST} more` : ''
    return [`  ${paint(`${sign} ${String(count).padStart(3)} ${what}`)}${names ? `: ${about.slice(0, MOST).join(', ')}${more}` : ''}`]
  }
  return [
    colors.bold(file),
    ...line(colors.red, '✖', doors, 'refused by IIS, and let through here'),
    ...line(colors.red, '✖', missing, 'missing here'),
    ...line(colors.yellow, '≈', differently, 'answered differently'),
    ...line(colors.dim, '·', byDefault, 'no more than IIS\'s default', false),
    ...line(colors.magenta, '!', mistakes, 'probably not meant'),
    ...complete && missing.count === 0 && differently.count === 0 && mistakes.count === 0 ? [`  ${colors.green('✔ works as in IIS')}`] : [],
    `  ${colors.bold('→')} ${colors.cyan(command)}`
  ]
}
