// When is it printed that the site is up? When the server listens, as the last thing: what the log has to say by then comes before it.
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Workers } from '@fastify-arr/workers'
import type { FastifyInstance } from 'fastify'
import { origin } from '../origin.ts'
import { banner, type Told } from './banner.ts'
import type { Reached } from './reach.ts'

/** ms. A log on a terminal is written by a worker, which may still be starting. */
const PATIENCE = 3000

/** Prints it when the server listens. */
export function announce (fastify: FastifyInstance, behind: Told['behind'], logDirectory: string | null, traceFolder: string | null): void {
  const { workers = null } = fastify as { readonly workers?: Workers }
  // Of several processes the first tells it, when all serve; of those after a reload none.
  if (workers !== null && workers.generation + workers.number + workers.starts > 3) return
  fastify.addHook('onListen', async () => {
    const text = banner({
      httpPort: (fastify.server.address() as AddressInfo).port,
      httpsPort: fastify.listeners.addresses.find(({ protocol }) => protocol === 'https')?.port ?? null,
      reached: [...fastify.addresses().flatMap(http), ...fastify.listeners.addresses.flatMap(({ address, port, protocol }) => address === null || port === null ? [] : [{ address, port, protocol }])],
      behind,
      bindings: [...fastify.sites].flatMap(site => site.enabled ? site.bindings : []),
      logFolder: logDirectory === null ? 'this console, and no files' : logFolder(fastify, logDirectory),
      traceFolder,
      metrics: metricsUrl(fastify),
      monitor: (fastify as { readonly monitor?: { readonly url: string | null } }).monitor?.url ?? null,
      workers: workers?.supervised === true ? workers.count : null,
      certificate: fastify.listeners.authorityFile,
      started: origin() === null ? 'npm' : origin()?.keys === true ? 'keys' : 'command'
    })
    // Not through the log: this is for people, and a program that reads JSON from the log must not meet it.
    const print = (): void => { afterLog(fastify, () => { console.error(text) }) }
    if (workers === null) print()
    else workers.begun.then(print, () => {})
  })
}

/** Where Prometheus asks; null where the site has no metrics. */
function metricsUrl (fastify: FastifyInstance): string | null {
  const { metrics } = fastify as { readonly metrics?: { readonly address: AddressInfo | null } }
  return metrics === undefined || metrics.address === null ? null : `http://${metrics.address.address}:${metrics.address.port}/metrics`
}

/** An address of the server itself, unless it is a unix socket. */
function http (at: AddressInfo | string | null): Reached[] {
  return at === null || typeof at === 'string' ? [] : [{ protocol: 'http', address: at.address, port: at.port }]
}

/** Once: when the log has written what it has been told, or after some time, whatever the log does. */
function afterLog (fastify: FastifyInstance, print: () => void): void {
  let isPrinted = false
  const once = (): void => {
    if (!isPrinted) print()
    isPrinted = true
  }
  const { log } = fastify as { readonly log: { flush?: (written: () => void) => void } }
  if (typeof log.flush !== 'function') return once()
  setTimeout(once, PATIENCE).unref()
  log.flush(once)
}

/** The folder of the one site; with more, the directory that has a folder for each. */
function logFolder (fastify: FastifyInstance, directory: string): string {
  const [first, ...others] = [...fastify.sites].filter(site => site.enabled)
  return first === undefined || others.length > 0 ? directory : join(directory, `W3SVC${first.id}`)
}
