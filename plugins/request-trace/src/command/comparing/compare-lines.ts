// How are the differences of two exchanges shown?
import type { Colors } from '../telling/paint.ts'
import { printable } from '../telling/terminal.ts'
import type { TraceFile } from '../listing/trace-files.ts'
import type { Difference } from './compare.ts'

export function compareLines (one: TraceFile, other: TraceFile, differences: readonly Difference[], colours: Colors): string[] {
  const title = (file: TraceFile, mark: string): string => `${mark} ${file.trace.id === '' ? file.path : file.trace.id}  ${file.trace.verb} ${file.trace.url}  ${file.trace.status ?? '-'}`
  if (differences.length === 0) return [printable(title(one, '-')), printable(title(other, '+')), 'Nothing differs, but for what is made by chance (keys, ids, ports) and for times.']
  const parts = [...new Set(differences.map(({ part }) => part))]
  return [
    colours.red(printable(title(one, '-'))),
    colours.green(printable(title(other, '+'))),
    ...parts.flatMap(part => ['', colours.bold(part), ...differences.filter(difference => difference.part === part).flatMap(({ name, one, other }) => [
      `  ${printable(name)}`,
      one === null ? colours.dim('    - (none)') : colours.red(`    - ${printable(one)}`),
      other === null ? colours.dim('    + (none)') : colours.green(`    + ${printable(other)}`)
    ])])
  ]
}
