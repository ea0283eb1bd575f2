// The proxy under test: a checkout's plugins, compiled, composed as app.ts composes them.
// Usage: node ours.mjs '{"tree":…,"plugins":"all","port":…,"upstream":…,"addresses":[…],"workers":1,"backlog":4096,"tls":false,"key":…,"certificate":…,"folder":…}'
// Each process that listens prints "with NAME…": the plugins that the checkout has.
import cluster from 'node:cluster'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { inTurn } from './in-turn.mjs'

const { tree, plugins, port, upstream, addresses, workers, backlog, tls, key, certificate, folder } = JSON.parse(process.argv[2])
const target = `http://${plugins === 'farm' ? 'localhost' : inTurn(addresses)}:${upstream}`
const place = { port, host: '127.0.0.1', backlog }
const hosts = ['localhost', 'reverseproxy.com', 'reverseproxy.localhost']

const ALL = {
  'arr-log': { directory: join(folder, 'logs') },
  ...tls && { listeners: { listeners: [{ ...place, https: true }], certificate: { cert: certificate, key } } },
  'host-routing': { sites: [{ name: 'ReverseProxy', id: 1, hosts }] },
  'url-rewrite': {
    globalRules: [{
      name: 'ReverseProxy',
      stopProcessing: true,
      match: { url: '(.*)' },
      conditions: { logicalGrouping: 'MatchAny', add: [{ input: '{HTTP_HOST}', pattern: `^(${hosts.join('|').replaceAll('.', '\\.')})\\.?(:\\d+)?$` }] },
      action: { type: 'Rewrite', url: `${target}/{R:1}` }
    }]
  },
  // A checkout may lack the rule.
  'upstream-proxy': existsSync(join(tree, 'plugins', 'url-rewrite', 'src', 'index.js')) ? {} : { upstream: target }
}
const alone = { 'upstream-proxy': { upstream: target } }
const farm = {
  'server-farm': { farms: [{ name: 'farm', servers: addresses.map(address => ({ address, httpPort: upstream })) }] },
  'upstream-proxy': { upstream: 'http://farm' }
}
const chosen = { all: ALL, logged: { 'arr-log': ALL['arr-log'], ...alone }, alone, farm }[plugins]
const ownTls = tls && plugins !== 'all'

const pathOf = name => join(tree, 'plugins', name, 'src', 'index.js')

if (workers > 1 && cluster.isPrimary) {
  const { supervise } = await import(pathToFileURL(pathOf('workers')))
  const silent = { info () {}, warn () {}, error () {} }
  const { done } = supervise({ exec: process.argv[1], args: process.argv.slice(2), workers, control: false, log: silent })
  process.exit(await done)
}

const { default: Fastify } = await import(pathToFileURL(createRequire(join(tree, 'package.json')).resolve('fastify')))
const fastify = Fastify(ownTls ? { https: { key: readFileSync(key), cert: readFileSync(certificate) } } : {})
const present = []
for (const [name, options] of Object.entries({ ...workers > 1 && { workers: {} }, ...chosen })) {
  const plugin = existsSync(pathOf(name)) ? (await import(pathToFileURL(pathOf(name)))).default : undefined
  if (plugin === undefined) continue
  present.push(name)
  await fastify.register(plugin, options)
}
// With `listeners`, the https port is theirs and the server's own is any other.
await fastify.listen(present.includes('listeners') ? { port: 0, host: '127.0.0.1' } : place)
console.log(`with ${present.join(', ')}`)
