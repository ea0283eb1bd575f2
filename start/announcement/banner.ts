// What is printed once the site is up? The URLs to open, what to expect, and how to stop: within a terminal of 80 columns.
import type { SiteBinding } from '@fastify-arr/facts'
import pico from 'picocolors'
import { reachOf, type Reached } from './reach.ts'
import { siteUrls } from './site-urls.ts'

/** What the banner tells of. */
export interface Told {
  readonly httpPort: number
  /** Null where no listener speaks https. */
  readonly httpsPort: number | null
  /** All addresses that are listened on. */
  readonly reached: readonly Reached[]
  /** What is behind the site: the article's backend or the user's own upstream, by its URL, or what a file of IIS says, by its name. */
  readonly behind: { readonly kind: 'backend' | 'upstream' | 'file', readonly source: string }
  /** Of the sites that are enabled. */
  readonly bindings: readonly SiteBinding[]
  readonly logFolder: string
  /** Null where nothing is traced. */
  readonly traceFolder: string | null
  /** Null where there are none. */
  readonly metrics: string | null
  /** The URL of the page that shows what happens; null where there is none. */
  readonly monitor: string | null
  /** How many processes serve; null for this one alone. */
  readonly workers: number | null
  /** The file of the certificate authority, which browsers may be told to trust; null where none was needed. */
  readonly certificate: string | null
  /** By `npm start`, or by the command, which may hear keys. What to type next depends on it. Defaults to `npm`. */
  readonly started?: 'npm' | 'command' | 'keys'
}

// More lines of URLs than these would push the rest off the screen.
const ENOUGH = 8
const COLUMNS = 80
const { bold, cyan, dim, green, magenta } = pico

/** The text, coloured where the terminal takes colours. */
export function banner (told: Told): string {
  const { behind, reached, logFolder, traceFolder, metrics, monitor, workers, certificate, started = 'npm' } = told
  const { head, lines } = KINDS[behind.kind](told)
  const rows: Array<[string, ...string[]]> = [
    [behind.kind === 'file' ? 'rules' : 'upstream', cyan(behind.source)],
    ['reached by', ...reachOf(reached)] as [string, ...string[]],
    ['log', logFolder],
    ...traceFolder === null ? [] : [['traces', traceFolder] satisfies [string, string]],
    ...monitor === null ? [] : [['monitor', cyan(monitor)] satisfies [string, string]],
    ...metrics === null ? [] : [['metrics', cyan(metrics)] satisfies [string, string]],
    ...workers === null ? [] : [['workers', `${workers}  ${dim(`(a restart that nobody notices: npx ${started === 'npm' ? 'arr-workers' : 'fastify-arr'} reload)`)}`] satisfies [string, string]],
    ...certificate === null ? [] : [['certificate', certificate, `to trust it: ${bold(started === 'npm' ? 'npm run trust' : 'npx fastify-arr trust')}  ${dim(started === 'npm' ? '(or accept the browser\'s warning)' : '(or accept the warning)')}`] satisfies [string, string, string]],
    ['stop', started === 'keys' ? `Ctrl+C  ${dim('(or q and Enter; h and Enter for more)')}` : 'Ctrl+C']
  ]
  return ['', bold(head), '', ...lines, '', ...rows.flatMap(([name, first, ...more]) => [`${name.padEnd(13)}${first}`, ...more.map(text => ' '.repeat(13) + text)]), '']
    .map(line => line === '' ? '' : `  ${line}`).join('\n')
}

const KINDS: Readonly<Record<Told['behind']['kind'], (told: Told) => { readonly head: string, readonly lines: readonly string[] }>> = {
  backend: told => ({
    head: 'The site "ReverseProxy" is up.',
    lines: [
      `${bold('A')}  The WebSocket goes to the backend directly. One log line: ${green('200')}`,
      ...urlsOf(told, 'localhost'),
      `${bold('B')}  It goes through the proxy. Two log lines: ${green('200')} and, at its end, ${magenta('101')}`,
      ...urlsOf(told, 'reverseproxy.localhost'),
      ...urlsOf(told, 'reverseproxy.com'),
      `   ${dim('(with 127.0.0.1 reverseproxy.com in the hosts file)')}`
    ]
  }),
  upstream: told => {
    const { origin, pathname } = new URL(told.behind.source)
    const own = told.bindings.some(({ host }) => host === '*' || host === 'localhost') ? [] : siteUrls(told.bindings, { http: told.httpPort, https: told.httpsPort })
    return {
      head: `The proxy is up, in front of ${new URL(told.behind.source).host}.`,
      lines: [
        'Open it here; every path, and every WebSocket, goes to the upstream:',
        ...own.length > 0 ? own.slice(0, ENOUGH).flatMap(indented) : [...urlsOf(told, 'localhost'), ...urlsOf(told, 'reverseproxy.localhost')],
        '',
        `${cyan('/any/path?and=query')} is asked of the upstream as`,
        `${cyan(`${origin}${pathname.replace(/\/$/, '')}/any/path?and=query`)}`
      ]
    }
  },
  file: ({ behind: { source }, bindings, httpPort, httpsPort }) => {
    const urls = siteUrls(bindings, { http: httpPort, https: httpsPort })
    return {
      head: `The site of ${source} is up.`,
      lines: [...urls.slice(0, ENOUGH).flatMap(indented), ...urls.length > ENOUGH ? [`   ${dim(`and ${urls.length - ENOUGH} more`)}`] : []]
    }
  }
}

function urlsOf ({ httpPort, httpsPort }: Told, host: string): string[] {
  return indented([`http://${host}:${httpPort}`, ...httpsPort === null ? [] : [`https://${host}:${httpsPort}`]])
}

/** On one line; on several where they do not fit on it. */
function indented (urls: readonly string[]): string[] {
  const fits = urls.join('  ').length + 5 <= COLUMNS
  return fits ? [`   ${urls.map(cyan).join('  ')}`] : urls.map(url => `   ${cyan(url)}`)
}
