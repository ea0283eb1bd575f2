// The proxy under test: a checkout's plugins, compiled, composed as app.ts composes them.
// Usage: node ours.mjs '{"tree":…,"alone":false,"port":…,"upstream":…,"tls":false,"key":…,"certificate":…,"folder":…}'
// Prints "with NAME…": the plugins that the checkout has.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'

const { tree, alone, port, upstream, tls, key, certificate, folder } = JSON.parse(process.argv[2])
const target = `http://127.0.0.1:${upstream}`

const OPTIONS = {
  'arr-log': { directory: join(folder, 'logs') },
  'host-routing': { sites: [{ name: 'ReverseProxy', hosts: ['localhost', 'reverseproxy.com'] }] },
  'url-rewrite': {
    // The article's rule, word for word.
    globalRules: [{
      name: 'ReverseProxy',
      stopProcessing: true,
      match: { url: '(.*)' },
      conditions: {
        logicalGrouping: 'MatchAny',
        add: [{ input: '{HTTP_HOST}', pattern: 'localhost' }, { input: '{HTTP_HOST}', pattern: 'reverseproxy.com' }]
      },
      serverVariables: [{ name: 'HTTP_SEC_WEBSOCKET_EXTENSIONS', value: '' }],
      action: { type: 'Rewrite', url: `${target}/{R:1}` }
    }]
  },
  'upstream-proxy': { upstream: target }
}

const { default: Fastify } = await import(pathToFileURL(createRequire(join(tree, 'package.json')).resolve('fastify')))
const fastify = Fastify({
  ...tls && { https: { key: readFileSync(key), cert: readFileSync(certificate) } }
})

const present = []
for (const [name, options] of Object.entries(OPTIONS)) {
  const path = join(tree, 'plugins', name, 'src', 'index.js')
  if (alone && name !== 'upstream-proxy') continue
  const plugin = existsSync(path) ? (await import(pathToFileURL(path))).default : undefined
  if (plugin === undefined) continue
  present.push(name)
  await fastify.register(plugin, options)
}
await fastify.listen({ port, host: '127.0.0.1', backlog: 4096 })
console.log(`with ${present.join(' ')}`)
