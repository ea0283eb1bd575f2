// Who is compared, how is each started, and which of them are absent here?
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROXY_CORE, saysOf, start, which } from './machine/processes.ts'
import { compiledTree } from './machine/tree.ts'
import type { Tree } from './options.ts'
import { apache, caddy, haproxy, nginx, type Wiring } from './peers/configurations.ts'
import { type Kind, listening, listeningAll, type Peer, wire } from './peers/kinds.ts'

const NODE_PEERS = join(import.meta.dirname, 'peers', 'node.mjs')
const OURS = join(import.meta.dirname, 'peers', 'ours.mjs')
const MODULES = join(import.meta.dirname, 'node_modules')

/** Those with threads have one limit of open files for all of them. */
const THREADS = ['http', 'page', 'websocket', 'many', 'tls', 'workers'] as const
const ALL = new Set([...THREADS, 'processes'] as const)

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
    nodePeer('fastify', 'Fastify answering from memory', 'floor', 'fastify', new Set(['page', 'tls', 'workers'])),
    nodePeer('relay', 'Node relaying bytes unread', 'floor', null, new Set(['http', 'page', 'websocket', 'many', 'workers', 'processes'])),
    server('nginx', 'nginx, as shipped', 'nginx', ['-v'], (w, path) => ({ args: ['-p', w.folder, '-c', path], text: nginx(w, false) })),
    server('nginx64', 'nginx, 64 KiB buffers', 'nginx', ['-v'], (w, path) => ({ args: ['-p', w.folder, '-c', path], text: nginx(w, true) })),
    server('haproxy', 'HAProxy', 'haproxy', ['-v'], (w, path) => ({ args: ['-db', '-q', '-f', path], text: haproxy(w) }), new Set(THREADS)),
    server('nginx-farm', 'nginx, a farm of four', 'nginx', ['-v'], (w, path) => ({ args: ['-p', w.folder, '-c', path], text: nginx(w, false) }), new Set(['http', 'page', 'websocket', 'farm'])),
    server('haproxy-farm', 'HAProxy, a farm of four', 'haproxy', ['-v'], (w, path) => ({ args: ['-db', '-q', '-f', path], text: haproxy(w) }), new Set(['http', 'page', 'websocket', 'farm'])),
    server('caddy', 'Caddy', 'caddy', ['version'], (w, path) => ({ args: ['run', '--adapter', 'caddyfile', '--config', path], text: caddy(w) }), new Set(THREADS)),
    // Apache uses a thread for each WebSocket, so that thousands of idle ones are no fair measure.
    server('apache', 'Apache', 'apache2', ['-v'], (w, path) => ({ args: ['-X', '-f', path], text: apache(w) }), new Set(['http', 'page', 'websocket', 'tls'])),
    nodePeer('fastify-http-proxy', '@fastify/http-proxy', 'node', '@fastify/http-proxy'),
    nodePeer('http-proxy', 'http-proxy', 'node', 'http-proxy'),
    nodePeer('httpxy', 'httpxy', 'node', 'httpxy'),
    nodePeer('fast-proxy', 'fast-proxy', 'node', 'fast-proxy', new Set(['http', 'page', 'tls', 'workers'])),
    nodePeer('fast-proxy-undici', 'fast-proxy, undici mode', 'node', 'fast-proxy', new Set(['http', 'page', 'tls', 'workers'])),
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
  start: async (workshop, { tls }) => {
    if (tls) throw new Error('the backend has no TLS')
    return { port: workshop.backend?.port ?? 0, workers: 1, cores: 1, pids: () => [], running: null, note: '' }
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
    start: async (workshop, order) => {
      const wiring = await wire(workshop, key, order, speaks.has('farm'))
      const file = join(wiring.folder, 'configuration')
      const { args, text } = configure(wiring, file)
      writeFileSync(file, text)
      return listening(wiring, start(PROXY_CORE, path ?? program, args, {
        GOMAXPROCS: String(wiring.workers), HOME: wiring.folder, XDG_DATA_HOME: wiring.folder, XDG_CONFIG_HOME: wiring.folder
      }, wiring.cores))
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
    start: async (workshop, order) => {
      const wiring = await wire(workshop, key, order)
      const proxy = await listeningAll(wiring, start(PROXY_CORE, process.execPath, [NODE_PEERS, key, JSON.stringify(wiring)], { NODE_ENV: 'production' }, wiring.cores))
      return { ...proxy, note: '' }
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
    start: async (workshop, order) => {
      const wiring = await wire(workshop, 'ours', order, key === 'farm')
      const about = JSON.stringify({ ...wiring, tree: compiledTree(tree.path, workshop.folder), plugins })
      return listeningAll(wiring, start(PROXY_CORE, process.execPath, [OURS, about], { NODE_ENV: 'production' }, wiring.cores))
    }
  }
}

function versionIn (manifest: string): string {
  return /"version":\s*"([^"]+)"/.exec(readFileSync(manifest, 'utf8'))?.[1] ?? ''
}
