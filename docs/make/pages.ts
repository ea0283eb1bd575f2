// Which files of the repository are pages, and where on the site is each?
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

export interface Entry {
  readonly title: string
  /** On the site, without an ending. */
  readonly path: string
}

/** The guides, in the order in which they are read. */
export const guides: readonly Entry[] = [
  { title: 'Start', path: 'guide/start' },
  { title: 'Settings', path: 'guide/settings' },
  { title: 'In your Fastify server', path: 'guide/in-your-server' },
  { title: 'Leaving IIS', path: 'guide/leaving-iis' },
  { title: 'WebSockets behind proxies', path: 'guide/websockets-behind-proxies' },
  { title: 'Farms', path: 'guide/farms' },
  { title: 'Traces', path: 'guide/traces' },
  { title: 'Monitor and metrics', path: 'guide/monitor-and-metrics' },
  { title: 'Deploy', path: 'guide/deploy' },
  { title: 'Performance', path: 'guide/performance' },
  { title: 'How it is built', path: 'guide/how-it-is-built' }
].filter(({ path }) => existsSync(join(root, 'docs', `${path}.md`)))

/** Made from the code by `reference.ts`, and not kept in the repository. */
export const references: readonly Entry[] = [
  { title: 'Options', path: 'reference/options' },
  { title: 'Errors', path: 'reference/errors' },
  { title: 'Facts', path: 'reference/facts' },
  { title: 'Channels', path: 'reference/channels' },
  { title: 'Log fields', path: 'reference/log-fields' }
]

/** Source → page, as VitePress's `rewrites` has it. */
export const rewrites: Readonly<Record<string, string>> = {
  'docs/index.md': 'index.md',
  'docs/guide/:page': 'guide/:page',
  'docs/reference/:page': 'reference/:page',
  'plugins/:name/README.md': 'packages/:name.md',
  'backend/README.md': 'packages/backend.md'
}

/** What is no page. */
export const unread: readonly string[] = [
  '*.md', '.*/**', 'bench/**', 'deploy/**', 'examples/**', 'release/**', 'start/**', 'test/**', '**/CHANGELOG.md',
  '**/test/**', '**/src/**', '**/node_modules/**', '**/dist/**', 'docs/*/node_modules/**', 'plugins/*/*/**', 'backend/*/**'
]

/** The folders in `plugins/` that have a README, and the backend. */
export function packageNames (): string[] {
  const names = readdirSync(join(root, 'plugins')).filter(name => existsSync(join(root, 'plugins', name, 'README.md')))
  return [...names.sort(), 'backend']
}

/** The page of a file, from the site's root and without an ending; null for a file that is no page. */
export function pageOf (file: string): string | null {
  const path = relative(root, file).replaceAll('\\', '/')
  const [, own] = /^docs\/((?:guide|reference)\/[^/]+|index)\.md$/.exec(path) ?? []
  if (own !== undefined) return own
  const [, name] = /^(?:plugins\/)?([^/]+)(?:\/README\.md|\/?)$/.exec(path) ?? []
  return name !== undefined && (path === `plugins/${name}` || path === `plugins/${name}/README.md` || path === 'backend/README.md') && packageNames().includes(name) ? `packages/${name}` : null
}
