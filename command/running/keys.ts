// What does a key do while the site is up? A letter and Enter, as Vite has them; a terminal that is read letter by letter would have no Ctrl+C.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { FastifyInstance } from 'fastify'
import { siteUrls } from '../../start/announcement/site-urls.ts'
import { pathOfBin } from '../borrowed.ts'
import { openPage } from './open-page.ts'
import type { Settings } from '../../start/settings/environment.ts'

/** The site that the keys are about. */
export interface Running {
  settings (): Settings
  /** Null where several processes serve, and this one supervises them. */
  fastify (): FastifyInstance | null
  /** Reads the settings again; where this process serves, it starts the site again with them. @throws where they have a mistake: the site goes on. */
  again (): Promise<void>
}

const HELP = [
  '  o  opens the page',
  '  m  opens the monitor',
  '  r  reads the settings again: a restart, or with --workers new workers',
  '  q  quits, as Ctrl+C does',
  '  h  shows this',
  '  each with Enter'
].join('\n')

/** Whether there is somebody at a terminal. A process in the background would be stopped where it reads from it. */
export function hearsKeys (): boolean {
  return process.stdin.isTTY && process.stderr.isTTY && !inBackground()
}

/** Hears them until the process ends. */
export function hearKeys (running: Running): void {
  let isBusy = false
  const lines = createInterface({ input: process.stdin, terminal: false })
  // A terminal that is closed.
  process.stdin.on('error', () => { lines.close() })
  // The site keeps the process alive, and not the terminal.
  process.stdin.unref()
  lines.on('line', line => {
    if (isBusy) return
    isBusy = true
    press(line.trim().toLowerCase(), running).catch((error: Error) => { say(error.message) }).finally(() => { isBusy = false })
  })
}

async function press (key: string, running: Running): Promise<void> {
  if (key === 'h') return say(HELP)
  // The listeners of Ctrl+C; Windows has no signal that a process could send to itself.
  if (key === 'q') process.emit('SIGINT', 'SIGINT')
  if (key === 'o') return await open('the page', pageOf(running))
  if (key === 'm') return await open('the monitor', monitorOf(running))
  if (key === 'r') {
    await running.again()
    if (running.fastify() === null) await reload()
  }
}

function say (text: string): void {
  console.error(text)
}

async function open (what: string, url: string | null): Promise<void> {
  if (url === null) say(`${what} has no address here: ${what === 'the monitor' ? '--monitor-port PORT opens one' : 'no host of the site is known'}.`)
  else if (!await openPage(url)) say(`No browser was found: open ${url}`)
}

function pageOf ({ fastify, settings }: Running): string | null {
  const site = fastify()
  const { hosts, httpPort } = settings()
  if (site === null) return httpPort === 0 ? null : `http://${hosts?.[0] === undefined || hosts[0] === '*' ? 'localhost' : hosts[0]}:${httpPort}`
  const at = site.server.address()
  const https = site.listeners.addresses.find(({ protocol }) => protocol === 'https')?.port ?? null
  const bindings = [...site.sites].flatMap(({ enabled, bindings }) => enabled ? bindings : [])
  return siteUrls(bindings, { http: at === null || typeof at === 'string' ? null : at.port, https })[0]?.[0] ?? null
}

function monitorOf ({ fastify, settings }: Running): string | null {
  const site = fastify() as { readonly monitor?: { readonly url: string | null } } | null
  const { monitorPort } = settings()
  return site === null ? monitorPort ? `http://localhost:${monitorPort}/` : null : site.monitor?.url ?? null
}

/** By the command that does it from elsewhere as well. */
async function reload (): Promise<void> {
  const path = pathOfBin({ package: '@fastify-arr/workers', bin: 'arr-workers' })
  await new Promise<void>(resolve => {
    execFile(process.execPath, [path, 'reload', String(process.pid)], { windowsHide: true }, (_error, stdout, stderr) => {
      say(`${stdout}${stderr}`.trimEnd())
      resolve()
    })
  })
}

/** Of the numbers in `stat` the fifth is the process's group, and the eighth the one in the terminal's foreground (proc(5)). */
function inBackground (): boolean {
  if (process.platform !== 'linux') return false
  try {
    const [, , group, , , foreground] = readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1)?.split(' ') ?? []
    return group !== foreground
  } catch {
    return false
  }
}
