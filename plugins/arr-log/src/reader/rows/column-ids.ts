// Which number stands for a column's name? A row is asked for a column once per line: a number is found faster than a text.

const ids = new Map<string, number>()
const names: string[] = []

/** The number of a column, the same for every file. */
export function idOf (name: string): number {
  let id = ids.get(name)
  if (id === undefined) {
    id = names.push(name) - 1
    ids.set(name, id)
  }
  return id
}

/** The name of a column by its number. */
export function nameOf (id: number): string {
  return names[id] as string
}

/** The columns that every line is asked for. */
export const ID = {
  date: idOf('date'),
  time: idOf('time'),
  status: idOf('sc-status'),
  win32: idOf('sc-win32-status'),
  timeTaken: idOf('time-taken'),
  bytesSent: idOf('sc-bytes'),
  bytesReceived: idOf('cs-bytes'),
  event: idOf('x-ws-event'),
  attempt: idOf('x-ws-attempt'),
  closeCode: idOf('x-ws-close-code'),
  closedBy: idOf('x-ws-closed-by')
} as const
