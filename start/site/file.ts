// What do the files of IIS say the site is? Its options, and from then on its changes.
import { watchConfig, type Report } from '@fastify-arr/iis-config'
import type { FastifyInstance } from 'fastify'
import { EnvironmentError, namesIn, rootsIn, type Settings } from '../settings/environment.ts'
import type { Exported, SiteParts } from './parts.ts'
import { takeOver, tellReport } from './reload.ts'

/** The files in a few words. */
export function nameOf (files: string | readonly string[]): string {
  const [first = '', ...more] = [files].flat()
  return more.length === 0 ? first : `${first} and ${more.length} more`
}

/** Reads the files, and follows their changes until the site closes. */
export function siteOfFile (fastify: FastifyInstance, files: string | readonly string[], { httpPort, open, root, base, files: served }: Settings): SiteParts {
  const file = nameOf(files)
  const words = [...[files].flat(), ...[root].flat().flatMap(pair => ['--root', pair]), ...base === null ? [] : ['--base', base], ...served === true ? ['--files'] : []].map(word => /^[\w./:=-]+$/.test(word) ? word : `"${word}"`).join(' ')
  // A change that comes while the site is starting waits until it is ready: the plugins that take it over are not registered before.
  const changes: Array<() => void> = []
  let isReady = false
  const watched = watchConfig(files, (error, config) => {
    const change = (): void => { inForce = takeOver(fastify, file, inForce, error, config, words) }
    if (isReady) change(); else changes.push(change)
  }, { open: namesIn(open), roots: rootsIn(root), ...base !== null && { base }, ...served !== null && { files: served } })
  let inForce = watched.config.options
  fastify.addHook('onReady', async () => {
    isReady = true
    for (const change of changes.splice(0)) change()
  })
  fastify.addHook('onClose', async () => watched.close())
  if (inForce.listeners?.listeners.some(({ port }) => port === httpPort) === true) {
    throw new EnvironmentError(`HTTP_PORT is ${httpPort}, which a binding of ${file} has already: choose another one, or 0 for a free one.`)
  }
  tellReport(fastify.log, watched.config.report, words)
  // The reader describes the plugins' options by their structure; that they fit is tested, and the plugins validate them.
  return { ...inForce, exported: exportedIn(watched.config.report) } as SiteParts
}

/** The https bindings, each with the advice of its row. */
function exportedIn ({ rows }: Report): Exported[] {
  return rows.flatMap(({ name, file, line, column, advice }) => name === 'binding' && advice?.includes('Export-PfxCertificate') === true ? [{ file, line, column, advice }] : [])
}
