// What happens when a file of IIS is read, and read again? What it says is taken over, and what it loses is told.
import type { IisConfig, Report } from '@fastify-arr/iis-config'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'

/** What only a start can change, with the word for it. */
const FIXED = { listeners: 'the listeners', upstreamProxy: 'the proxy', arrLog: 'the log' } as const

const before = new WeakMap<FastifyInstance, IisConfig['options']>()

/** Puts a changed file's rules and sites in force; a broken one, or one that the plugins refuse, leaves the old. */
export function takeOver (fastify: FastifyInstance, file: string, error: Error | null, { options, report }: IisConfig): void {
  if (error !== null) {
    fastify.log.error(`${file} has changed and cannot be used, the rules before stay in force: ${error.message}`)
    return
  }
  try {
    if (options.hostRouting !== undefined) fastify.sites.replace(options.hostRouting.sites)
    fastify.urlRewrite.replace(options.urlRewrite ?? {})
  } catch (error) {
    fastify.log.error(`${file} has changed and is refused, the rules before stay in force: ${(error as Error).message}`)
    return
  }
  fastify.log.info(`${file} has changed; its rules are in force`)
  const old = before.get(fastify)
  for (const [key, name] of Object.entries(FIXED) as Array<[keyof typeof FIXED, string]>) {
    if (old !== undefined && JSON.stringify(old[key]) !== JSON.stringify(options[key])) fastify.log.warn(`${file}: what it says of ${name} takes effect at the next start`)
  }
  before.set(fastify, options)
  tellReport(fastify.log, report)
}

/** Tells what of a file was lost, or is probably not meant; the whole report is the command's. */
export function tellReport (log: FastifyBaseLogger, { file, complete, rows, sections, mistakes }: Report): void {
  const lost = [
    ...rows.filter(({ status }) => status === 'unsupported').map(row => ({ ...row, text: `${row.name}: ${row.note ?? 'not supported'}` })),
    ...sections.filter(section => section.lost).map(section => ({ ...section, text: `${section.path}: ${section.note}` })),
    ...mistakes.map(mistake => ({ ...mistake, text: mistake.message }))
  ]
  for (const { file, line, text } of lost) log.warn(`${file}:${line}: ${text}`)
  if (!complete) log.warn(`not all of ${file} is used; the whole report: npx @fastify-arr/iis-config check ${file}`)
}
