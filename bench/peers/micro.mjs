// What does one plugin's part of a request cost, without a network? Its hook is called with a real request, again and again.
// Usage: node micro.mjs '{"tree":…,"folder":…,"work":"sites"|"rules"|"log","count":…,"samples":…}'    Prints `start`, and `stop` with the µs of CPU for each call, for every sample.
import { once, EventEmitter } from 'node:events'
import http from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { setImmediate as turn } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

const { tree, folder, work, count, samples } = JSON.parse(process.argv[2])
const { default: Fastify } = await import(pathToFileURL(createRequire(join(tree, 'package.json')).resolve('fastify')))
const app = Fastify()

// The plugin's own hook, taken as it is registered.
const hooks = []
const addHook = app.addHook
app.addHook = function (name, hook) {
  if (name === 'onRequest') hooks.push(hook)
  return addHook.call(this, name, hook)
}
const load = async name => (await import(pathToFileURL(join(tree, 'plugins', name, 'src', 'index.js')))).default

const rule = (name, pattern, url) => ({ name, stopProcessing: true, match: { url: pattern }, action: { type: 'Rewrite', url } })
const articleRule = {
  ...rule('ReverseProxy', '(.*)', 'http://localhost:8080/{R:1}'),
  conditions: { logicalGrouping: 'MatchAny', add: [{ input: '{HTTP_HOST}', pattern: 'localhost' }, { input: '{HTTP_HOST}', pattern: 'reverseproxy.com' }] }
}
const hostOf = number => `site${number}.example.com`

const WORKS = {
  async sites () {
    const sites = Array.from({ length: count }, (_, i) => ({ name: `site ${i}`, hosts: [hostOf(i), `*.${hostOf(i)}`] }))
    await app.register(await load('host-routing'), { sites })
    // Not always the same one: the look-up must not be of a word that is warm.
    const raws = Array.from({ length: 64 }, (_, i) => ['Host', hostOf(i * 7919 % count), 'Accept', '*/*'])
    return (request, reply, hook, n) => {
      request.raw.rawHeaders = raws[n & 63]
      request.raw.headers.host = request.raw.rawHeaders[1]
      hook(request, reply, nothing)
    }
  },

  async rules () {
    app.decorateRequest('upstream', null)
    const others = Array.from({ length: count - 1 }, (_, i) => rule(`other ${i}`, `^section${i}/([a-z]+)/?$`, `/other/${i}/{R:1}`))
    await app.register(await load('url-rewrite'), { globalRules: [...others, articleRule] })
    return (request, reply, hook) => { hook(request, reply, nothing) }
  },

  async log () {
    for (const fact of ['site', 'rewrite', 'upstream']) app.decorateRequest(fact, null)
    await app.register(await load('arr-log'), { directory: join(folder, 'logs') })
    const upstream = {
      logId: '6b5c1c4e-6c9d-4f6b-8f5e-0d8f8f0e8a11',
      server: 'http://localhost:8080',
      routed: null,
      status: 200,
      error: null,
      tunnel: null,
      connectTime: 0,
      firstByteTime: 3
    }
    return (request, reply, hook) => {
      Object.assign(request, { site: { name: 'ReverseProxy', id: 1 }, upstream })
      const raw = Object.assign(new EventEmitter(), { statusCode: 200, headersSent: true, writableFinished: true, writableEnded: true, getHeader: nothing })
      hook(request, { raw, sent: true, __proto__: reply }, nothing)
      raw.emit('close')
    }
  }
}

function nothing () {}

const call = await WORKS[work]()
const captured = new Promise(resolve => app.get('/*', (request, reply) => { resolve({ request, reply }); reply.hijack() }))
await app.listen({ port: 0, host: '127.0.0.1' })
const client = http.get({ port: app.server.address().port, path: '/index.html?a=1', headers: { host: work === 'sites' ? hostOf(0) : 'reverseproxy.com', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' } })
client.on('error', nothing)
await once(client, 'socket')
const { request, reply } = await captured

const hook = hooks[0]
const run = async calls => {
  const before = process.cpuUsage()
  for (let n = 0; n < calls; n++) {
    call(request, reply, hook, n)
    // What a plugin leaves for later, writing a file for one, is to be done in time and counted.
    if ((n & 63) === 63) await turn()
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}
const calls = Math.max(64, Math.min(40_000, Math.round(200_000 / (await run(2000) + 1))))
await run(calls)
for (let i = 0; i < samples; i++) {
  console.log('start')
  console.log(`stop ${await run(calls)}`)
}
process.exit(0)
