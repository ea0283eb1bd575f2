// What does the command line say? The file of the site, behind fastify-cli's own options: `npm start -- -- --web-config FILE`.
import { EnvironmentError } from './environment.ts'

const USAGE = 'npm start -- -- --web-config FILE'

/**
 * The file, wherever it stands: some shells take one `--` for themselves, and without it fastify-cli would pass over the
 * option in silence. Null where there is none.
 */
export function webConfigOf (argv: readonly string[]): string | null {
  const given = argv.flatMap((word, at) => {
    const option = /^--web-?config(=.*)?$/is.exec(word)
    if (option === null) return []
    const next = argv[at + 1] ?? ''
    return [option[1]?.slice(1) ?? (next.startsWith('--') ? '' : next)]
  })
  if (given.length > 1) throw new EnvironmentError(`--web-config names one file, and not ${given.length}: ${USAGE}.`)
  if (given[0] === '') throw new EnvironmentError(`--web-config needs a file: ${USAGE}.`)
  return given[0] ?? null
}

/** The words this process was started with: fastify-cli takes them out of `process.argv`, and Node's report still has them. */
export function startingWords (): readonly string[] {
  return (process.report.getReport() as unknown as { header: { commandLine: string[] } }).header.commandLine
}
