// When is it printed that the site is up? When the server listens, and its ports are known.
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { banner, type Told } from './banner.ts'

/** Prints it when the server listens. */
export function announce (fastify: FastifyInstance, behind: Told['behind'], logDirectory: string, traceFolder: string | null): void {
  fastify.addHook('onListen', async () => {
    // Not through the log: this is for people, and a program that reads JSON from the log must not meet it.
    console.error(banner({
      httpPort: (fastify.server.address() as AddressInfo).port,
      httpsPort: fastify.listeners.addresses.find(({ protocol }) => protocol === 'https')?.port ?? null,
      behind,
      bindings: [...fastify.sites].flatMap(site => site.enabled ? site.bindings : []),
      logFolder: logFolder(fastify, logDirectory),
      traceFolder,
      certificate: fastify.listeners.authorityFile
    }))
  })
}

/** The folder of the one site; with more, the directory that has a folder for each. */
function logFolder (fastify: FastifyInstance, directory: string): string {
  const [first, ...others] = [...fastify.sites].filter(site => site.enabled)
  return first === undefined || others.length > 0 ? directory : join(directory, `W3SVC${first.id}`)
}
