// How does the command speak: where to, in colours or not, how wide, on which clock?

/** The output of the command. */
export interface Terminal {
  /** To standard output. */
  readonly write: (text: string) => void
  /** To standard error. */
  readonly warn: (text: string) => void
  readonly colours: boolean
  /** Columns; null where it is no terminal, and nothing is shortened. */
  readonly width: number | null
}

/** Control characters of a trace do nothing on a terminal: they are shown as their numbers. */
export function printable (text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Cut to a width, with a mark for what is missing. */
export function shortened (text: string, width: number): string {
  return text.length <= width ? text : width < 2 ? '…' : `${text.slice(0, width - 1)}…`
}

/** `2026-05-28 10:25:40`, on this machine's clock or, with a Z, the universal one. */
export function clock (at: number, utc: boolean): string {
  if (!Number.isFinite(at) || Math.abs(at) > 8.64e15) return '-'
  const shown = utc ? at : at - new Date(at).getTimezoneOffset() * 60_000
  return `${new Date(shown).toISOString().slice(0, 19).replace('T', ' ')}${utc ? 'Z' : ''}`
}
