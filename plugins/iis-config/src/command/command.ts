// The command: `check` prints the report, `convert` prints the options as TypeScript.
import { parseArgs } from 'node:util'
import picocolors from 'picocolors'
import { inspectConfig } from '../config/read-config.ts'
import { isIisConfigError } from '../errors.ts'
import { rootsIn } from '../server/folders/root-pairs.ts'
import { printReport } from './print-report.ts'
import { convertToTypeScript } from './to-typescript.ts'

/** The output of the command: `write` is stdout, `warn` stderr. */
export interface Terminal {
  readonly write: (text: string) => void
  readonly warn: (text: string) => void
  readonly colors: boolean
}

const USAGE = `Usage: iis-config check [--json] [--all] [OPTIONS] <file>...
       iis-config convert [--json] [OPTIONS] <file>...

  check      what of the files works here, what differs, what is lost
  convert    TypeScript that registers the plugins with what the files say

  <file>     a web.config, applicationHost.config or a transform; or the folder
             of a server that was copied. With applicationHost.config first,
             more files may follow with their place: site=FILE, site/app=FILE
  --root <folder>=<folder>
             where a folder of the server was copied to, such as
             C:\\inetpub=/srv/inetpub: the web.config of each site and
             application is read from there; may be given more than once
  --base <path>
             the directory that a web.config is for, such as /app
  --files    the files in the folder of a web.config are served; --no-files:
             nor are those of a server whose folders are known by --root
  --json     the report, or the options, as JSON
  --all      the parts that are used as they stand, and the sections that say
             no more than IIS's defaults, too
  --transform <file>
             a transform that is applied first, such as web.Release.config;
             may be given more than once
  --open <sections>
             sections that refuse requests in IIS, and need not here:
             names with commas between, or more than once

Exit code: 0 nothing is lost · 1 something is lost, or leads to files that are
not served · 2 the file or the command is wrong, or convert is given a file
that refuses what --open does not name
`

const filesOf = ({ files, 'no-files': none }: { files?: boolean | undefined, 'no-files'?: boolean | undefined }): { files?: boolean } =>
  none === true ? { files: false } : files === true ? { files: true } : {}

/** Runs the command. Returns the exit code: 0 nothing is lost, 1 something is, 2 the file or the command is wrong. */
export function run (args: readonly string[], { write, warn, colors }: Terminal): 0 | 1 | 2 {
  let parsed
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean' }, all: { type: 'boolean' }, transform: { type: 'string', multiple: true }, open: { type: 'string', multiple: true }, root: { type: 'string', multiple: true }, base: { type: 'string' }, files: { type: 'boolean' }, 'no-files': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } }
    })
  } catch (error) {
    warn(`${(error as Error).message}\n\n${USAGE}`)
    return 2
  }
  const { values, positionals: [command, ...files] } = parsed
  if (values.help === true) {
    write(USAGE)
    return 0
  }
  if ((command !== 'check' && command !== 'convert') || files.length === 0) {
    warn(USAGE)
    return 2
  }
  try {
    const open = (values.open ?? []).flatMap(names => names.split(',')).map(name => name.trim()).filter(name => name !== '')
    const { config, closed } = inspectConfig(files, { transforms: values.transform ?? [], open, roots: rootsIn(values.root ?? []), ...values.base !== undefined && { base: values.base }, ...filesOf(values) })
    const { options, report } = config
    if (command === 'convert' && closed !== null) {
      warn(`${closed.message.replace(/.*$/, `To let them through all the same: --open ${closed.open.join(',')}`)}\n`)
      return 2
    }
    if (values.json === true) write(`${JSON.stringify(command === 'check' ? report : options, null, 2)}\n`)
    else if (command === 'check') write(printReport(report, picocolors.createColors(colors), values.all))
    else write(convertToTypeScript(config))
    return report.complete && report.local.length === 0 ? 0 : 1
  } catch (error) {
    if (!isIisConfigError(error)) throw error
    warn(`${error.code === 'FST_ARR_IIS_CONFIG_INVALID_OPTION' ? error.message : error.problems.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join('\n')}\n`)
    return 2
  }
}
