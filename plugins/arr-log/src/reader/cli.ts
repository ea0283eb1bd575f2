// The command `arr-log`: reads log files on a terminal.
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { painted, plain } from './colour.ts'
import { jsonLine, printable } from '../format/escape.ts'
import { readable } from './readable.ts'
import type { Line } from './columns.ts'
import { compileFilter } from './filter.ts'
import { createFollower } from './follower.ts'
import { filesOf, readFile, readStream } from './sources.ts'
import { createSummary, showSummary } from './summary.ts'

const HELP = `Usage: arr-log [options] [file | folder | -] …

Reads W3C log files, those of IIS too, and JSON lines; a folder stands for all *.log in it, - or nothing for
standard input.

  -f, --follow         go on as the files grow, after the last 10 lines of what is there
  -s, --summary        sum up instead of listing
  -w, --websockets     WebSockets only
      --status <list>  404, 5xx, 200-299, or several with commas
      --host <host>    this host only; * stands for anything
      --path <path>    paths that begin so; with * the whole path
      --slower <time>  those that took longer: 500, 2s, 5min, 1h
      --json           one JSON object per line
      --no-color       no colours; nor are there any when this is not a terminal, or NO_COLOR is set
  -h, --help
`
const SHOWN_BEFORE = 10
const POLL = 300

function fail (error: unknown): never {
  process.stderr.write(`arr-log: ${printable((error as Error).message)}\n`)
  process.exit(1)
}

// `arr-log … | head` closes the pipe early; that is not an error.
process.stdout.on('error', error => { process.exit((error as NodeJS.ErrnoException).code === 'EPIPE' ? 0 : 1) })

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      follow: { type: 'boolean', short: 'f' },
      summary: { type: 'boolean', short: 's' },
      websockets: { type: 'boolean', short: 'w' },
      status: { type: 'string' },
      host: { type: 'string' },
      path: { type: 'string' },
      slower: { type: 'string' },
      json: { type: 'boolean' },
      'no-color': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' }
    }
  })
  if (values.help === true) process.stdout.write(HELP)
  else await run(values, positionals.length === 0 ? ['-'] : positionals)
} catch (error) {
  fail(error)
}

async function run (values: Readonly<Record<string, string | boolean | undefined>>, paths: readonly string[]): Promise<void> {
  const text = (name: string) => values[name] as string | undefined
  const wanted = compileFilter({ status: text('status'), host: text('host'), path: text('path'), webSockets: values.websockets === true, slower: text('slower') })
  const colours = process.stdout.isTTY === true && values['no-color'] !== true && !process.env.NO_COLOR
  const paint = colours ? painted : plain
  const show = (line: Line) => { process.stdout.write(`${values.json === true ? jsonLine(line) : readable(line, paint)}\n`) }
  if (values.follow === true) {
    if (paths.includes('-')) throw new Error('--follow needs a file or a folder')
    if (values.summary === true) throw new Error('--follow and --summary do not go together')
    return await follow(paths, line => wanted(line), show)
  }

  const summary = values.summary === true ? createSummary() : null
  const each = (line: Line) => {
    if (!wanted(line)) return
    if (summary !== null) return summary.add(line)
    show(line)
    // A pager takes lines more slowly than the disk gives them.
    if (process.stdout.writableNeedDrain) return once(process.stdout, 'drain')
  }
  let unread = 0
  for (const path of paths) {
    if (path === '-') unread += await readStream(process.stdin, each)
    else for (const file of await filesOf(path)) unread += await readFile(file, each)
  }
  if (summary !== null) process.stdout.write(`${values.json === true ? jsonLine(summary.result()) : showSummary(summary.result(), paint)}\n`)
  if (unread > 0) process.stderr.write(`arr-log: ${unread} lines could not be read\n`)
}

async function follow (paths: readonly string[], wanted: (line: Line) => boolean, show: (line: Line) => void): Promise<void> {
  let before: Line[] | null = []
  const follower = createFollower(line => {
    if (!wanted(line)) return
    if (before === null) show(line)
    else {
      before.push(line)
      if (before.length > SHOWN_BEFORE) before.shift()
    }
  })
  while (true) {
    // A path that existed at the start may be missing for a moment while it is rotated.
    const files = (await Promise.all(paths.map(path => before === null ? filesOf(path).catch(() => []) : filesOf(path)))).flat()
    await follower.read(files)
    before?.forEach(show)
    before = null
    await new Promise(resolve => setTimeout(resolve, POLL))
  }
}
