// Which colour says what?
import type picocolors from 'picocolors'
import type { Finding } from '../../trace/trace.ts'

export type Colors = ReturnType<typeof picocolors.createColors>

/** A status as in the log's reader: 101 stands out, errors are red. */
export function paintStatus (status: number | null, subStatus: number, colours: Colors): string {
  const text = status === null ? '-' : `${status}${subStatus > 0 ? `.${subStatus}` : ''}`
  const padded = text.padEnd(6)
  if (status === 101) return colours.bold(colours.magenta(padded))
  if (status === null || status >= 500) return colours.red(padded)
  if (status >= 400) return colours.yellow(padded)
  return status >= 300 ? colours.cyan(padded) : colours.green(padded)
}

export function paintSeverity (severity: Finding['severity'], text: string, colours: Colors): string {
  return severity === 'error' ? colours.red(text) : severity === 'warning' ? colours.yellow(text) : colours.cyan(text)
}
