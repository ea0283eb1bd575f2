// Who is compared, how is each started, and which of them are absent here?
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tree } from './options.ts'
import { apache, caddy, haproxy, nginx, type Wiring } from './peers/configurations.ts'
import { accepting, freePort, PROXY_CORE, type Running, saysOf, start, treeOf, which } from './processes.ts'
import { compiledTree } from './tree.ts'
import type { Workshop } from './workshop.ts'

/** `floor`: no proxy at all; `server`: nginx and its like; `node`: proxies from npm; `ours`: fastify-arr. */
export type Kind = 'floor' | 'server' | 'node' | 'ours'

/** A proxy that listens. */
export interface Proxy {
  readonly port: number
  /** Its processes at this moment: some start their workers late. None where there is no proxy. */
  readonly pids: () => readonly number[]
  readonly running: Running | null
  /** Anything worth a note in the results. */
  readonly note: string
}

export interface Peer {
  readonly key: string
  readonly name: string
  readonly kind: Kind
  readonly version: string
  /** Why it cannot run here, or null. */
  readonly absent: string | null
  /** What it can do; compared with what a workload needs. */
  readonly speaks: ReadonlySet<'http' | 'page' | 'websocket' | 'many' | 'tls' | 'farm'>
  readonly start: (workshop: Workshop, tls: boolean) => Promise<Proxy>
}

const NODE_PEERS = join(import.meta.dirname, 'peers', 'node.mjs')
const OURS = join(import.meta.dirname, 'peers', 'ours.mjs')
const MODULES = join(import.meta.dirname, 'node_modules')

/** The loopback addresses that the backend listens on. */
const FARM = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4']

const ALL = new Set(['http', 'page', 'websocket', 'many', 'tls'] as const)

/** The rows of fastify-arr: which plugins are on. The targets are for upstream-proxy with its observer and the log; the other peers do not do what the other plugins do. */
const OUR_ROWS = [
  { key: 'ours', plugins: 'all', words: 'all plugins, log on' },
  { key: 'logged', plugins: 'logged', words: 'upstream-proxy and the log' },
  { key: 'alone', plugins: 'alone', words: 'upstream-proxy alone' },
  { key: 'farm', plugins: 'farm', words: 'upstream-proxy and a farm of four' }
] as const
type OurRow = typeof OUR_ROWS[number]

/** All peers, present or not, in the order of the tables. */
export function listPeers (trees: readonly Tree[]): Peer[] {
  return [
    direct,
    nodePeer('fastify', 'Fastify answering from memory', 'floor', 'fastify', new Set(['page', 'tls'])),
    nodePeer('relay', 'Node relaying bytes unread', 'floor', null, new Set(['http', 'page', 'websocket', 'many'])),
    server('nginx', 'nginx, as shipped', 'nginx', ['-v'], (w, path) => ({ args: ['-p', w.folder, '-c', path], text: nginx(w, false) })),
    server('nginx64', 'nginx, 64 KiB buffers', 'nginx', ['-v'], (w, path) => ({ args: ['-p', w.folder, '-c', path], text: nginx(w, true) })),
    server('haproxy', 'HAProxy', 'haproxy', ['-v'], (w, path) => ({ args: ['-db', '-q', '-f', path], text: haproxy(w) })),
    server('nginx-farm', 'nginx, a farm of four', 'nginx', ['-v'], (w, path) => ({ args: ['-p', w.folder, '-c', path], text: nginx(w, false) }), new Set(['http', 'page', 'websocket', 'farm'])),
    server('haproxy-farm', 'HAProxy, a farm of four', 'haproxy', ['-v'], (w, path) => ({ args: ['-db', '-q', '-f', path], text: haproxy(w) }), new Set(['http', 'page', 'websocket', 'farm'])),
    server('caddy', 'Caddy', 'caddy', ['version'], (w, path) => ({ args: ['run', '--adapter', 'caddyfile', '--config', path], text: caddy(w) })),
    // Apache uses a thread for each WebSocket, so that thousands of idle ones are no fair measure.
    server('apache', 'Apache', 'apache2', ['-v'], (w, path) => ({ args: ['-X', '-f', path], text: apache(w) }), new Set(['http', 'page', 'websocket', 'tls'])),
    nodePeer('fastify-http-proxy', '@fastify/http-proxy', 'node', '@fastify/http-proxy'),
    nodePeer('http-proxy', 'http-proxy', 'node', 'http-proxy'),
    nodePeer('httpxy', 'httpxy', 'node', 'httpxy'),
    nodePeer('fast-proxy', 'fast-proxy', 'node', 'fast-proxy', new Set(['http', 'page', 'tls'])),
    nodePeer('fast-proxy-undici', 'fast-proxy, undici mode', 'node', 'fast-proxy', new Set(['http', 'page', 'tls'])),
    nodePeer('http-proxy-middleware', 'http-proxy-middleware', 'node', 'http-proxy-middleware'),
    ...trees.flatMap(tree => OUR_ROWS.map(row => ours(tree, row)))
  ]
}

const direct: Peer = {
  key: 'direct',
  name: 'no proxy',
  kind: 'floor',
  version: '',
  absent: null,
  speaks: ALL,
  start: async (workshop, tls) => {
    if (tls) throw new Error('the backend has no TLS')
    return { port: workshop.backend?.port ?? 0, pids: () => [], running: null, note: '' }
  }
}

function server (
  key: string,
  name: string,
  program: string,
  version: readonly string[],
  configure: (wiring: Wiring, path: string) => { args: string[], text: string },
  speaks: Peer['speaks'] = ALL
): Peer {
  const path = which(program)
  return {
    key,
    name,
    kind: 'server',
    version: path === null ? '' : /\d+\.\d+[.\d]*/.exec(saysOf(path, version))?.[0] ?? '',
    absent: path === null ? `${program} is not installed` : null,
    speaks,
    start: async (workshop, tls) => {
      const wiring = await wire(workshop, key, tls, speaks.has('farm'))
      const file = join(wiring.folder, 'configuration')
      const { args, text } = configure(wiring, file)
      writeFileSync(file, text)
      return listening(wiring, start(PROXY_CORE, path ?? program, args, {
        GOMAXPROCS: '1', HOME: wiring.folder, XDG_DATA_HOME: wiring.folder, XDG_CONFIG_HOME: wiring.folder
      }))
    }
  }
}

/** @param module its package on npm; null where Node alone does it. */
function nodePeer (key: string, name: string, kind: Kind, module: string | null, speaks: Peer['speaks'] = ALL): Peer {
  const manifest = module === null ? '' : join(MODULES, module, 'package.json')
  const absent = module === null || existsSync(manifest) ? null : `${module} is not installed: npm ci --prefix bench`
  return {
    key,
    name,
    kind,
    version: existsSync(manifest) ? versionIn(manifest) : '',
    absent,
    speaks,
    start: async (workshop, tls) => {
      const wiring = await wire(workshop, key, tls)
      return listening(wiring, start(PROXY_CORE, process.execPath, [NODE_PEERS, key, JSON.stringify(wiring)], { NODE_ENV: 'production' }))
    }
  }
}

function ours (tree: Tree, { key, plugins, words }: OurRow): Peer {
  const suffix = tree.name === '' ? '' : `@${tree.name}`
  return {
    key: `${key}${suffix}`,
    name: `fastify-arr${suffix}, ${words}`,
    kind: 'ours',
    version: '',
    absent: existsSync(join(tree.path, 'plugins', 'upstream-proxy', 'src', 'index.ts')) ? null : `no plugins in the checkout ${tree.name}`,
    speaks: key === 'farm' ? new Set(['http', 'page', 'websocket', 'farm']) : ALL,
    start: async (workshop, tls) => {
      const wiring = await wire(workshop, 'ours', tls, key === 'farm')
      const running = start(PROXY_CORE, process.execPath, [OURS, JSON.stringify({ ...wiring, tree: compiledTree(tree.path, workshop.folder), plugins })], { NODE_ENV: 'production' })
      let said = ''
      running.process.stdout?.setEncoding('utf8').on('data', (text: string) => { said += text })
      const proxy = await listening(wiring, running)
      for (let turns = 0; turns < 40 && !said.includes('\n'); turns++) await new Promise(resolve => setTimeout(resolve, 25))
      return { ...proxy, note: said.trim() }
    }
  }
}

async function wire (workshop: Workshop, key: string, tls: boolean, isFarm = false): Promise<Wiring> {
  const folder = mkdtempSync(join(workshop.folder, `${key}-`))
  for (const name of ['body', 'proxy']) mkdirSync(join(folder, name))
  const { key: privateKey = '', certificate = '', both = '' } = workshop.certificates ?? {}
  return { port: await freePort(), upstream: workshop.backend?.port ?? 0, addresses: isFarm ? FARM : FARM.slice(0, 1), tls, folder, key: privateKey, certificate, both }
}

async function listening (wiring: Wiring, running: Running): Promise<Proxy> {
  await accepting(wiring.port, running)
  return { port: wiring.port, pids: () => treeOf(running.pid), running, note: '' }
}

function versionIn (manifest: string): string {
  return /"version":\s*"([^"]+)"/.exec(readFileSync(manifest, 'utf8'))?.[1] ?? ''
}
