// What is answered: the lines themselves, or what they amount to?
import { jsonLine } from '../../format/escape.ts'
import { Chart } from '../questions/chart.ts'
import { Groups } from '../questions/groups.ts'
import { StillOpen } from '../questions/still-open.ts'
import { Summing, showSummary } from '../questions/summary.ts'
import type { Row } from '../rows/row.ts'
import { filesOf, readFile, readStream } from '../sources/files.ts'
import { merged } from '../sources/merged.ts'
import type { Asked } from './arguments.ts'
import { Progress } from './progress.ts'
import type { Shown } from './shown.ts'
import { chartTable, groupTable } from './table.ts'
import { Unreadable } from './unread.ts'

const TOP = 20

/** Takes rows one by one, and shows what they amount to at the end. */
interface Question {
  add (row: Row): void
  /** Told of each row, also of those that are not asked for. */
  readonly seen?: (row: Row) => void
  readonly alive?: (id: string, at: number) => void
  show (): void
}

/** Answers one command line from files and standard input. */
export async function answer (values: Asked, paths: readonly string[], shown: Shown): Promise<void> {
  const unread = new Unreadable()
  let readAny = false
  const wanted = (row: Row): boolean => {
    readAny = true
    return shown.wanted(row)
  }
  const question = questionOf(values, shown)
  const files = (await Promise.all(paths.filter(path => path !== '-').map(filesOf))).flat()
  const take = (row: Row): void => {
    question?.seen?.(row)
    if (!wanted(row)) return
    if (question === null) shown.line(row.whole())
    else question.add(row)
  }
  const taking = { each: take, alive: question?.alive, drained: question === null ? shown.drained : undefined }
  if (question === null && files.length > 1) {
    for await (const line of merged(files, wanted, (path, found) => unread.add(path, found))) {
      shown.line(line)
      await shown.drained()
    }
  } else {
    const progress = new Progress(files)
    for (const file of files) unread.add(file, await readFile(file, taking, bytes => progress.add(bytes)))
    progress.end()
  }
  if (paths.includes('-')) unread.add('-', await readStream(process.stdin, null, taking))
  question?.show()
  unread.tell(readAny)
  shown.missing.tell()
}

/** Null where the lines themselves are asked for. */
function questionOf (values: Asked, shown: Shown): Question | null {
  if (values.summary === true) {
    const summary = new Summing()
    return { add: row => summary.add(row), show: () => shown.write(shown.json ? jsonLine(summary.result()) : showSummary(summary.result(), shown.clock, shown.paint)) }
  }
  if (values.by !== undefined) {
    const groups = new Groups(values.by, shown.named)
    const top = values.top === undefined ? shown.json ? Infinity : TOP : Number(values.top)
    return {
      add: row => groups.add(row),
      show () {
        const all = groups.result()
        const first = all.slice(0, top)
        if (shown.json) first.forEach(group => shown.write(jsonLine(group)))
        else shown.write(groupTable(groups.names, first, all.length - first.length, shown.paint))
      }
    }
  }
  if (values.per !== undefined) {
    const chart = new Chart(values.per, shown.offsetOf)
    return {
      add: row => chart.add(row),
      show () {
        if (shown.json) chart.result().forEach(column => shown.write(jsonLine(column)))
        else shown.write(chartTable(chart.result(), shown.clock, shown.paint))
      }
    }
  }
  if (values.open !== true) return null
  const open = new StillOpen()
  return {
    add: row => open.add(row),
    seen: row => open.seen(row),
    alive: (id, at) => open.alive(id, at),
    show () {
      const { left, gone } = open.result()
      left.forEach(line => shown.line(line))
      if (gone > 0) process.stderr.write(`arr-log: ${gone} more were open in a process that has ended without writing their ends\n`)
    }
  }
}
