// Which lines are written from now on?
import { printable } from '../../format/escape.ts'
import type { Line } from '../columns.ts'
import { createFollower } from '../sources/follower.ts'
import { filesOf } from '../sources/files.ts'
import type { Shown } from './shown.ts'

const SHOWN_BEFORE = 10
const POLL = 300

/** Shows the last lines of what is there, and then each new one. Never returns. */
export async function follow (paths: readonly string[], shown: Shown): Promise<void> {
  if (paths.includes('-')) throw new Error('--follow needs a file or a folder')
  let before: Line[] | null = []
  const follower = createFollower(row => {
    if (!shown.wanted(row)) return
    if (before === null) shown.line(row.whole())
    else {
      before.push(row.whole())
      if (before.length > SHOWN_BEFORE) before.shift()
    }
  }, (path, line, count) => process.stderr.write(`arr-log: ${printable(path)}:${line}: ${count === 1 ? 'a line' : `${count} lines up to this one`} could not be read\n`))
  while (true) {
    // A path that existed at the start may be missing for a moment while it is rotated.
    const files = (await Promise.all(paths.map(path => before === null ? filesOf(path).catch(() => []) : filesOf(path)))).flat()
    await follower.read(files)
    before?.sort((a, b) => a.endedAt - b.endedAt).forEach(line => shown.line(line))
    if (before !== null) shown.missing.tell()
    before = null
    await new Promise(resolve => setTimeout(resolve, POLL))
  }
}
