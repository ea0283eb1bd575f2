// What happens when a file of IIS is read, and read again? Its rules and sites are put in force, and what is lost of it is logged.
import type { IisConfig, Report, Row } from '@fastify-arr/iis-config'
import type { FarmOptions } from '@fastify-arr/server-farm'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { ONE_SITE } from './article.ts'
import { isClosedDoors, linesOf, toOpen } from './doors.ts'
import type { SiteParts } from './parts.ts'

/** What only a restart can change, with the word for it. */
const FIXED = { listeners: 'the listeners', staticContent: 'the files', errorPages: 'the pages for errors', upstreamProxy: 'the proxy', requestTrace: 'the traces', arrLog: 'the log' } as const

type Options = IisConfig['options'] & Pick<SiteParts, 'requestFilter'>

/**
 * Puts a changed file's rules, farms and sites in force, all or none: a broken file, or one that the plugins refuse, leaves
 * the old ones. So does a file with a section that closes, because nothing here refuses what it refuses: the running site
 * was started without such a section, and goes on as it is. What request-filter refuses is put in force. Returns what is in force from now on.
 */
export function takeOver (fastify: FastifyInstance, file: string, old: Options, error: Error | null, { options, report }: IisConfig, words: string): Options {
  if (isClosedDoors(error)) {
    fastify.log.error(`${file} has changed and is not in force: it refuses requests that nothing refuses here. They are still let through, and the rules before stay in force`)
    for (const line of linesOf(error)) fastify.log.error(line)
    fastify.log.error(`for ${file} to be in force without: start again with ${toOpen(error)}`)
    return old
  }
  if (error !== null) {
    fastify.log.error(`${file} has changed and cannot be used, the rules before stay in force: ${error.message}`)
    return old
  }
  try {
    replace(fastify, old, options)
  } catch (error) {
    fastify.log.error(`${file} has changed and is refused, the rules before stay in force: ${(error as Error).message}`)
    return old
  }
  fastify.log.info(`${file} has changed; its rules are in force`)
  for (const [key, name] of Object.entries(FIXED) as Array<[keyof typeof FIXED, string]>) {
    if (JSON.stringify(old[key]) !== JSON.stringify(options[key])) fastify.log.warn(`${file}: what it says of ${name} takes effect at the next start`)
  }
  tellReport(fastify.log, report, words)
  return options
}

/** Something of the options that a running plugin takes over. */
interface Step {
  readonly put: (options: Options) => void
  /** Whether it is to be put in force where it has not changed. */
  readonly always?: true
  readonly of: (options: Options) => unknown
}

/** In this order: sites and farms that go take their WebSockets with them, so nothing comes after them that may be refused. */
function stepsOf (fastify: FastifyInstance): Step[] {
  const { farms } = fastify as { readonly farms?: { replace (farms: readonly FarmOptions[]): void } }
  return [
    { of: ({ urlRewrite }) => urlRewrite, always: true, put: ({ urlRewrite }) => { fastify.urlRewrite.replace(urlRewrite ?? {}) } },
    // Where nothing has changed, what the filter has counted goes on.
    { of: ({ requestFilter }) => requestFilter, put: ({ requestFilter }) => { fastify.requestFilter.replace(requestFilter ?? {}) } },
    { of: ({ hostRouting }) => hostRouting, always: true, put: ({ hostRouting }) => { fastify.sites.replace((hostRouting ?? ONE_SITE).sites) } },
    { of: ({ serverFarm }) => serverFarm, put: ({ serverFarm }) => { farms?.replace(serverFarm?.farms ?? []) } }
  ]
}

/** Each in turn; where one refuses its options, those before it get their old ones again. */
function replace (fastify: FastifyInstance, old: Options, options: Options): void {
  const done: Step[] = []
  for (const step of stepsOf(fastify)) {
    if (step.always !== true && JSON.stringify(step.of(old)) === JSON.stringify(step.of(options))) continue
    try {
      step.put(options)
    } catch (error) {
      for (const before of done.reverse()) before.put(old)
      throw error
    }
    done.push(step)
  }
}

/** Logs what of a file is not used, and what is probably a mistake; the command `iis-config check`, with these words, prints the whole report. */
export function tellReport (log: FastifyBaseLogger, { file, complete, rows, sections, local, mistakes }: Report, words: string): void {
  const lost = [
    ...rows.filter(({ status }) => status === 'closes').map(row => ({ ...row, text: `${row.section ?? row.name} is open here: in IIS it ${row.note ?? 'refuses requests'}` })),
    ...outermost(rows.filter(({ status }) => status === 'unsupported')).map(row => ({ ...row, text: `${row.name}${row.key === undefined ? '' : ` ${row.key}`}: ${row.note ?? 'not supported'}` })),
    ...sections.filter(section => section.lost).map(section => ({ ...section, text: `${section.path}: ${section.note}${section.advice === undefined ? '' : `; ${section.advice}`}` })),
    ...local.map(one => ({ ...one, text: `${one.rule === null ? '' : `rule "${one.rule}" `}${one.note}` })),
    ...mistakes.map(mistake => ({ ...mistake, text: mistake.message }))
  ]
  for (const { file, line, text } of lost) log.warn(`${file}:${line}: ${text}`)
  if (!complete) log.warn(`not all of ${file} is used; the whole report: npx @fastify-arr/iis-config check ${words}`)
}

/** The rows without those of what is inside another one and is lost for the same reason. */
function outermost (rows: readonly Row[]): Row[] {
  const told: Row[] = []
  for (const row of rows) if (!told.some(({ file, note, path }) => file === row.file && note === row.note && row.path.startsWith(`${path}/`))) told.push(row)
  return told
}
