// What does a file of IIS refuse that nothing refuses here? The reader's error for it, as lines.

/** `FST_ARR_IIS_CONFIG_CLOSED_DOORS` of iis-config. */
export interface ClosedDoors extends Error {
  readonly problems: ReadonlyArray<{ readonly file: string, readonly line: number, readonly column: number, readonly message: string }>
  /** The sections that would have to be opened, with those that are. */
  readonly open: readonly string[]
}

export function isClosedDoors (error: unknown): error is ClosedDoors {
  return error instanceof Error && 'code' in error && error.code === 'FST_ARR_IIS_CONFIG_CLOSED_DOORS'
}

/** A line for each part of the file that refuses something. */
export function linesOf ({ problems }: ClosedDoors): string[] {
  return problems.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`)
}

/** The option that lets the requests through. */
export function toOpen ({ open }: ClosedDoors): string {
  return `--open ${open.join(',')} behind --web-config, or OPEN=${open.join(',')}`
}
