// What is printed once the site is up? The URLs to open, what to expect, and how to stop.
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { SiteBinding } from '@fastify-arr/facts'
import type { FastifyInstance } from 'fastify'
import pico from 'picocolors'

interface Announcement {
  readonly httpPort: number
  /** Null where no listener speaks https. */
  readonly httpsPort: number | null
  /** The upstream's URL, or the file that says where requests go. */
  readonly source: string
  /** Of the sites that are enabled. */
  readonly bindings: readonly SiteBinding[]
  readonly logFolder: string
  /** Null where nothing is traced. */
  readonly traceFolder: string | null
  /** The file of the certificate authority, which browsers may be told to trust; null where none was needed. */
  readonly certificate: string | null
}

// More lines of URLs than these would push the rest off the screen.
const ENOUGH = 8

/** Prints it when the server listens. */
export function announce (fastify: FastifyInstance, source: string, logDirectory: string, traceFolder: string | null): void {
  fastify.addHook('onListen', async () => {
    // Not through the log: this is for people, and a program that reads JSON from the log must not meet it.
    console.error(announcement({
      httpPort: (fastify.server.address() as AddressInfo).port,
      httpsPort: fastify.listeners.addresses.find(({ protocol }) => protocol === 'https')?.port ?? null,
      source,
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

/** The text, coloured where the terminal takes colours. */
function announcement ({ httpPort, httpsPort, source, bindings, logFolder, traceFolder, certificate }: Announcement): string {
  const { bold, cyan, dim, green, magenta } = pico
  const urls = (host: string): string => [`http://${host}:${httpPort}`, ...httpsPort === null ? [] : [`https://${host}:${httpsPort}`]].map(cyan).join('  ')
  const isUrl = /^https?:/.test(source)
  const scenarios = `
  ${bold('A')}  The WebSocket goes to the backend directly.  One log line: ${green('200')}
     ${urls('localhost')}
  ${bold('B')}  The WebSocket goes through the proxy.        Two log lines: ${green('200')}, and ${magenta('101')} when it ends
     ${urls('reverseproxy.localhost')}
     ${urls('reverseproxy.com')}  ${dim('with 127.0.0.1 reverseproxy.com in the hosts file')}
`
  const lines = isUrl ? [] : linesOf(bindings, { http: httpPort, https: httpsPort })
  const sites = `
${lines.slice(0, ENOUGH).map(urls => `     ${urls.map(cyan).join('  ')}\n`).join('')}${lines.length > ENOUGH ? `     ${dim(`and ${lines.length - ENOUGH} more`)}\n` : ''}`
  return `
  ${bold(isUrl ? 'The site "ReverseProxy" is up.' : `The site of ${source} is up.`)}
${isUrl ? scenarios : sites}
  ${isUrl ? 'upstream   ' : 'rules      '}  ${cyan(source)}
  log          ${logFolder}${traceFolder === null ? '' : `\n  traces       ${traceFolder}`}${certificate === null ? '' : `\n  certificate  ${certificate}  ${dim('trust it, or accept the browser\'s warning')}`}
  stop         Ctrl+C
`
}

/** A line for each host, with its URLs; a wildcard is left out, because no browser can open it. */
function linesOf (bindings: readonly SiteBinding[], ports: Readonly<Record<'http' | 'https', number | null>>): string[][] {
  const byHost = new Map<string, Set<string>>()
  for (const { protocol, host: bound, port } of bindings) {
    if (bound.startsWith('*.')) continue
    const host = bound === '*' ? 'localhost' : bound
    const urls = byHost.get(host) ?? new Set()
    byHost.set(host, urls)
    for (const scheme of protocol === null ? ['http', 'https'] as const : [protocol]) {
      const at = port ?? ports[scheme]
      if (at !== null) urls.add(`${scheme}://${host}${at === (scheme === 'https' ? 443 : 80) ? '' : `:${at}`}`)
    }
  }
  return [...byHost.values()].map(urls => [...urls])
}
