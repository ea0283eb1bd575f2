// What does the command line ask for?
import { parseArgs } from 'node:util'
import { mistakeIn } from './argument-mistake.ts'

export const HELP = `Usage: arr-log [options] [file | folder | -] …

Reads W3C log files, those of IIS and HTTP.sys too, NCSA and JSON lines, compressed or not; a folder stands for
all *.log and *.log.gz in it, - or nothing for standard input. Lines of several files are shown by their time.

Which
  -w, --websockets     WebSockets, and requests for one that were refused
      --refused        requests for a WebSocket that were refused
      --status <list>  404, 5xx, 200-299, or several with commas
      --path <path>    paths that begin so; with * the whole path
      --longer <time>  those that took longer: 500, 2s, 5min, 1h  (also --slower)
      --shorter <time> those that took less
      --since <when>   2026-05-28, "2026-05-28 10:25", 10:25, or 2h for two hours ago
      --until <when>
      --host, --client, --upstream, --rule, --site, --ending, --close, --side, --error, --method  <text>
                       * stands for anything, commas separate several
      --where <name=text>  the same for any column, such as a custom field

What of them
  -s, --summary        sum up instead of listing
      --by <name>      a row for each client, path, host, upstream, rule, site, status, ending, close, side,
                       idle, error, method, agent, user, hour, day, or column; two with a comma
      --top <n>        the first n rows of --by; 20 without this, all with --json
      --per <time>     a row for each 1min, 1h …
      --open           WebSockets whose opening has a line (logOpening) and whose end has none
  -f, --follow         go on as the files grow, after the last 10 lines of what is there

How
      --utc            times of the universal clock, not of this machine's
      --json           one JSON object per line
      --no-color       no colours; nor are there any when this is not a terminal, or NO_COLOR is set.
                       FORCE_COLOR colours a pipe
  -h, --help
  -v, --version

The exit code is 1 where a file cannot be read, or where there are lines and none of them can be.
`

const TEXT = { type: 'string' } as const
const FLAG = { type: 'boolean' } as const

/** Values that have an option of their own; each is a name of `questions/values.ts`. */
export const FILTERED = ['host', 'client', 'upstream', 'rule', 'site', 'ending', 'close', 'side', 'error', 'method'] as const

const OPTIONS = {
  follow: { ...FLAG, short: 'f' },
  summary: { ...FLAG, short: 's' },
  websockets: { ...FLAG, short: 'w' },
  refused: FLAG,
  status: TEXT,
  path: TEXT,
  slower: TEXT,
  longer: TEXT,
  shorter: TEXT,
  since: TEXT,
  until: TEXT,
  where: { ...TEXT, multiple: true },
  by: TEXT,
  top: TEXT,
  per: TEXT,
  open: FLAG,
  utc: FLAG,
  json: FLAG,
  'no-color': FLAG,
  help: { ...FLAG, short: 'h' },
  version: { ...FLAG, short: 'v' },
  host: TEXT,
  client: TEXT,
  upstream: TEXT,
  rule: TEXT,
  site: TEXT,
  ending: TEXT,
  close: TEXT,
  side: TEXT,
  error: TEXT,
  method: TEXT
} as const

export type Asked = ReturnType<typeof parseAll>['values']

/** The options and the paths; throws an Error that names an unknown one, or two that do not go together. */
export function readArguments (): { values: Asked, paths: string[] } {
  const { values, positionals } = parseAll()
  const answers = (['summary', 'by', 'per', 'open', 'follow'] as const).filter(name => values[name] !== undefined && values[name] !== false)
  if (answers.length > 1) throw new Error(`--${answers[0] as string} and --${answers[1] as string} do not go together`)
  if (values.slower !== undefined && values.longer !== undefined) throw new Error('--slower and --longer are the same: one of them')
  if (values.top !== undefined && !/^[1-9]\d*$/.test(values.top)) throw new Error(`--top "${values.top}" is no number of rows`)
  return { values, paths: positionals.length === 0 ? ['-'] : positionals }
}

function parseAll () {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw new Error(`${mistakeIn(error as Error, Object.keys(OPTIONS))} (arr-log --help says more)`)
  }
}

/** `--where name=text`, and the values with an option of their own. */
export function whereIn (values: Asked): Record<string, string> {
  const where: Record<string, string> = {}
  for (const name of FILTERED) if (values[name] !== undefined) where[name] = values[name]
  for (const one of values.where ?? []) {
    const mark = one.indexOf('=')
    if (mark < 1) throw new Error(`--where "${one}" is not name=text`)
    where[one.slice(0, mark)] = one.slice(mark + 1)
  }
  return where
}
