// What does a file of IIS say the site is? Its options, and from then on its changes.
import { watchConfig } from '@fastify-arr/iis-config'
import type { FastifyInstance } from 'fastify'
import { EnvironmentError, namesIn, type Settings } from '../settings/environment.ts'
import type { SiteParts } from './parts.ts'
import { takeOver, tellReport } from './reload.ts'

/** Reads the file, and follows its changes until the site closes. */
export function siteOfFile (fastify: FastifyInstance, file: string, { httpPort, open }: Settings): SiteParts {
  // A change that comes while the site is starting waits until it is ready: the plugins that take it over are not registered before.
  const changes: Array<() => void> = []
  let isReady = false
  const watched = watchConfig(file, (error, config) => {
    const change = (): void => { inForce = takeOver(fastify, file, inForce, error, config) }
    if (isReady) change(); else changes.push(change)
  }, { open: namesIn(open) })
  let inForce = watched.config.options
  fastify.addHook('onReady', async () => {
    isReady = true
    for (const change of changes.splice(0)) change()
  })
  fastify.addHook('onClose', async () => watched.close())
  if (inForce.listeners?.listeners.some(({ port }) => port === httpPort) === true) {
    throw new EnvironmentError(`HTTP_PORT is ${httpPort}, which a binding of ${file} has already: choose another one, or 0 for a free one.`)
  }
  tellReport(fastify.log, watched.config.report)
  // The reader describes the plugins' options by their structure; that they fit is tested, and the plugins validate them.
  return inForce as SiteParts
}
