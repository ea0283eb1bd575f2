// Which process has written a line? Several may write to one folder, and one that is killed leaves openings without an end.

const startedAt = Date.now() - performance.now()

/** This process: its number, and when it started, in ms since the epoch to the base 36. */
export const PROCESS = `${process.pid}-${Math.round(startedAt).toString(36)}`

const ID = /^\d+-([0-9a-z]+)$/
const REMARK = /^#Remark: (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) process (\S+) is alive$/

/** When a process started, ms since the epoch; null for what is no id of a process. */
export function startOf (id: string): number | null {
  const start = ID.exec(id)?.[1]
  return start === undefined ? null : parseInt(start, 36)
}

/** A directive that readers of logs skip (W3C Extended Log File Format, "Remark"): a process that has written nothing else is still there. */
export function signOfLife (date: string, time: string): string {
  return `#Remark: ${date} ${time} process ${PROCESS} is alive`
}

/** The process that a directive says is alive, and when; null where it says anything else. */
export function aliveIn (directive: string): { readonly id: string, readonly at: number } | null {
  const match = REMARK.exec(directive)
  return match === null ? null : { id: match[3] as string, at: Date.parse(`${match[1] as string}T${match[2] as string}Z`) }
}
