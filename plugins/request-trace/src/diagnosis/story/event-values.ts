// What does a value of an event say? A trace that was read from a file may have texts where the recording has numbers.
import type { TraceEvent } from '../../trace/trace.ts'

/** The value as text; empty where it is missing. */
export function textOf (event: TraceEvent | undefined, name: string): string {
  const value = event?.data[name]
  return value === undefined || value === null ? '' : String(value)
}

/** The value as a number; null where it is missing or none. */
export function numberOf (event: TraceEvent | undefined, name: string): number | null {
  const text = textOf(event, name).trim()
  if (text === '') return null
  const number = Number(text)
  return Number.isFinite(number) ? number : null
}

/** True for `true` and 1, as the recording and IIS write them. */
export function flagOf (event: TraceEvent | undefined, name: string): boolean {
  const text = textOf(event, name).toLowerCase()
  return text === 'true' || text === '1'
}
