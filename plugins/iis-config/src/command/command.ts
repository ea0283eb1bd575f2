// The command: `check` prints the report, `convert` prints a module with the options.
import picocolors from 'picocolors'
import { inspectConfig } from '../config/read-config.ts'
import { isIisConfigError, type IisConfigError } from '../errors.ts'
import { check } from './check.ts'
import { ArgumentError, readArguments, type Arguments } from './asking/read-arguments.ts'
import { nextCommands } from './starter.ts'
import { convertToJavaScript, convertToTypeScript, packagesOf } from './to-typescript.ts'
import { USAGE } from './asking/usage.ts'
import { version } from './asking/version.ts'

/** Input and output of the command: `write` is stdout, `warn` stderr. */
export interface Terminal {
  readonly write: (text: string) => void
  readonly warn: (text: string) => void
  readonly colors: boolean
  /** The bytes of standard input, where a file is `-`. */
  readonly input?: Uint8Array | undefined
}

/** 0 nothing is lost, 1 something is, 2 the file or the command is wrong. */
export type ExitCode = 0 | 1 | 2

/** Runs the command. */
export function run (args: readonly string[], terminal: Terminal): ExitCode {
  try {
    const asked = readArguments(args)
    if (asked.command === 'help') terminal.write(USAGE)
    else if (asked.command === 'version') terminal.write(`${version()}\n`)
    else if (asked.command === 'convert') return convert(asked, terminal)
    else return check(asked, terminal.input, picocolors.createColors(terminal.colors && !asked.noColor), terminal.write, error => terminal.warn(textOf(error)))
    return 0
  } catch (error) {
    if (error instanceof ArgumentError) terminal.warn(`iis-config: ${error.message} (iis-config --help says more)\n`)
    else if (isIisConfigError(error)) terminal.warn(textOf(error))
    else throw error
    return 2
  }
}

function convert ({ files, json, js, options }: Arguments, { write, warn, input }: Terminal): ExitCode {
  const { config, closed } = inspectConfig(files, options, input)
  if (closed !== null) {
    warn(`${closed.message.replace(/.*$/, `To let them through all the same: --open ${closed.open.join(',')}`)}\n`)
    return 2
  }
  if (json) {
    write(`${JSON.stringify(config.options, null, 2)}\n`)
  } else {
    write(js ? convertToJavaScript(config) : convertToTypeScript(config))
    warn(`Next, with the output in ${js ? 'site.mjs' : 'site.ts'}:\n${nextCommands(packagesOf(config), js).map(line => `  ${line}\n`).join('')}`)
  }
  return config.report.complete && config.report.local.length === 0 ? 0 : 1
}

function textOf (error: IisConfigError): string {
  return `${error.code === 'FST_ARR_IIS_CONFIG_INVALID_OPTION' ? error.message : error.problems.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join('\n')}\n`
}
