// What does `check` print, of one file, of several, and of one that cannot be read?
import type { Colors } from 'picocolors/types.js'
import { inspectConfig, isOfServer } from '../config/read-config.ts'
import { isIisConfigError, type IisConfigError } from '../errors.ts'
import { givenFile } from '../server/folders/given-file.ts'
import type { Report } from '../reading/report.ts'
import { printReport } from './print-report.ts'
import type { Arguments } from './asking/read-arguments.ts'

/** A file that cannot be read has its error in the place of its report. */
interface Unread {
  readonly file: string
  readonly error: { readonly code: string, readonly problems: IisConfigError['problems'] }
}

/** Prints the reports; `failed` is told of a file that cannot be read. Returns the highest of the files' exit codes. */
export function check ({ files, json, all, options }: Arguments, input: Uint8Array | undefined, colors: Colors, write: (text: string) => void, failed: (error: IisConfigError) => void): 0 | 1 | 2 {
  const found: Array<Report | Unread> = []
  let code: 0 | 1 | 2 = 0
  for (const part of together(files, Object.keys(options.roots ?? {}).length > 0, input)) {
    try {
      const { report } = inspectConfig(part, options, input).config
      found.push(report)
      if (code === 0 && !(report.complete && report.local.length === 0)) code = 1
      if (!json) write(printReport(report, colors, all))
    } catch (error) {
      if (!isIisConfigError(error)) throw error
      code = 2
      found.push({ file: error.problems[0]?.file ?? part[0] ?? '', error: { code: error.code, problems: error.problems } })
      failed(error)
    }
  }
  if (json) write(`${JSON.stringify(found.length === 1 ? found[0] : found, null, 2)}\n`)
  return code
}

/** Files are of one server where the first is its applicationHost.config or folder, or one has a place; else each is a matter of its own. */
function together (files: readonly string[], hasRoots: boolean, input: Uint8Array | undefined): ReadonlyArray<readonly string[]> {
  const [first = ''] = files
  const isOne = files.length === 1 || hasRoots || files.some(file => givenFile(file).place !== null) || isOfServer(first, input)
  return isOne ? [files] : files.map(file => [file])
}
