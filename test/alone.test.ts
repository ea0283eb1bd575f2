// Each package as npm delivers it: packed, installed with nothing but Fastify into an empty folder, loaded by `import` and
// by `require`, registered, used once. And its metadata, checked by publint and arethetypeswrong.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { pack, tarballOf } from '../release/pack.ts'
import { lock, npm, shell, withFamily } from './packed.ts'
import { packages, root } from './packages.ts'

const run = promisify(execFile)

/** How a package is used once: the body of an async function with `plugin`, its exports `all`, and `Fastify`. */
const uses: Readonly<Record<string, string>> = {
  facts: `
    return all.CHANNELS.rewrite.startsWith('fastify-arr')`,
  'linear-pattern': `
    return all.linearPattern('(a+)+$').exec('a'.repeat(50) + '!') === null && all.isLinear('^a') && !all.isLinear('(a+)+$')`,
  authority: `
    return all.sameAuthority('a.example', 'A.EXAMPLE.:80', 'http') && all.parseAuthority('[::1]:80').port === 80 && !all.isAuthority('a@b')`,
  'host-routing': `
    const fastify = Fastify()
    await fastify.register(plugin, { sites: [{ name: 'Mine', hosts: ['mine.example'] }] })
    fastify.get('/', async request => request.site.name)
    const { body } = await fastify.inject({ url: '/', headers: { host: 'MINE.example:80' } })
    await fastify.close()
    return body === 'Mine'`,
  listeners: `
    const fastify = Fastify()
    await fastify.register(plugin, { listeners: [{ port: 0, host: '127.0.0.1' }] })
    fastify.get('/', async () => 'here')
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    const [address] = fastify.listeners.addresses
    const body = await (await fetch('http://127.0.0.1:' + address.port)).text()
    await fastify.close()
    return body === 'here'`,
  'url-rewrite': `
    const fastify = Fastify()
    await fastify.register(plugin, { rules: [{ name: 'old', match: { url: '^old$' }, action: { type: 'Redirect', url: '/new' } }] })
    fastify.get('/*', async () => 'page')
    const { statusCode, headers } = await fastify.inject('/old')
    await fastify.close()
    return statusCode === 301 && headers.location.endsWith('/new')`,
  'request-filter': `
    const fastify = Fastify()
    await fastify.register(plugin, { requestFiltering: { hiddenSegments: ['bin'] } })
    fastify.get('/*', async () => 'here')
    const refused = await fastify.inject('/%62in/x')
    const { body } = await fastify.inject('/binary')
    await fastify.close()
    return refused.statusCode === 404 && refused.json().code === 'FST_ARR_FILTER_REFUSED' && body === 'here'`,
  'upstream-proxy': `
    const upstream = Fastify()
    upstream.get('/', async () => 'from behind')
    await upstream.listen({ port: 0, host: '127.0.0.1' })
    const fastify = Fastify()
    const url = 'http://127.0.0.1:' + upstream.server.address().port
    await fastify.register(plugin, { upstream: url })
    await fastify.register(require('@fastify-arr/upstream-proxy/http-proxy'), { upstream: url, prefix: '/peer', httpMethods: ['GET'] })
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    const address = 'http://127.0.0.1:' + fastify.server.address().port
    const body = await (await fetch(address)).text() + await (await fetch(address + '/peer')).text()
    const { default: imported } = await import('@fastify-arr/upstream-proxy/http-proxy')
    await fastify.close()
    await upstream.close()
    return body === 'from behindfrom behind' && imported === require('@fastify-arr/upstream-proxy/http-proxy')`,
  'static-content': `
    require('node:fs').writeFileSync('page.html', 'here')
    const fastify = Fastify()
    await fastify.register(plugin, { folders: [{ root: process.cwd(), compress: true }] })
    const { body } = await fastify.inject('/page.html')
    await fastify.close()
    return body === 'here'`,
  'error-pages': `
    const fastify = Fastify()
    await fastify.register(plugin, { pages: { 404: { text: 'not here' } } })
    const { body, statusCode } = await fastify.inject('/none')
    await fastify.close()
    return body === 'not here' && statusCode === 404`,
  'arr-log': `
    const fastify = Fastify()
    await fastify.register(plugin, { directory: 'logs' })
    fastify.get('/', async () => 'here')
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    await (await fetch('http://127.0.0.1:' + fastify.server.address().port)).text()
    await fastify.close()
    const fs = require('node:fs')
    const [file] = fs.readdirSync('logs/W3SVC1')
    return fs.readFileSync('logs/W3SVC1/' + file, 'utf8').includes(' GET / - ')`,
  'server-farm': `
    const fastify = Fastify()
    await fastify.register(plugin, { farms: [{ name: 'chat', servers: ['127.0.0.1', '127.0.0.2'] }] })
    await fastify.ready()
    const visit = fastify.farms.visit('chat', { request: { headers: {} }, secure: false, kind: 'request' })
    let chosen = null
    visit.ask(choice => { chosen = choice })
    chosen.ended(null)
    const { servers } = fastify.farms.get('CHAT')
    await fastify.close()
    return servers.length === 2 && /^http:..127.0.0.[12]$/.test(chosen.server)`,
  'request-trace': `
    const fastify = Fastify()
    const directory = 'traces-' + process.pid
    await fastify.register(plugin, { directory, rules: [{ statusCodes: '404' }] })
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    await (await fetch('http://127.0.0.1:' + fastify.server.address().port + '/none')).text()
    await fastify.close()
    const files = require('node:fs').readdirSync(directory + '/W3SVC1').sort()
    return files.join() === 'fr000001.har,fr000001.html,fr000001.xml' && [...fastify.traces][0].status === 404`,
  metrics: `
    const fastify = Fastify()
    await fastify.register(plugin, { path: '/metrics' })
    fastify.get('/', async () => 'here')
    await fastify.inject('/')
    const { body } = await fastify.inject('/metrics')
    await fastify.close()
    return body.includes('arr_requests_total{site="",method="GET",code="200"} 1')`,
  monitor: `
    const fastify = Fastify()
    const token = 'correct-horse-battery-staple'
    await fastify.register(plugin, { listen: { port: 0 }, path: '/monitor', token })
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    const { body } = await fastify.inject({ url: '/monitor/', headers: { authorization: 'Bearer ' + token } })
    const { status } = await fetch(fastify.monitor.url + 'vendor/htm-preact.js', { headers: { authorization: 'Bearer ' + token } })
    await fastify.close()
    return body.includes('<!doctype html>') && status === 200`,
  'open-telemetry': `
    const { trace, context, propagation } = require('@opentelemetry/api')
    const begun = []
    const span = { spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 0 }), isRecording: () => false, end () { begun.push('ended') } }
    const fastify = Fastify()
    await fastify.register(plugin)
    fastify.get('/', async () => 'here')
    await fastify.inject('/')
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan (name) { begun.push(name); return span } }) })
    await fastify.inject('/')
    await fastify.close()
    return begun.join() === 'GET /,ended'`,
  workers: `
    const fastify = Fastify()
    await fastify.register(plugin)
    await fastify.ready()
    fastify.workers.answer('size', () => 7)
    const { answers, complete } = await fastify.workers.ask('size')
    await fastify.close()
    return complete && answers[0].value === 7 && typeof all.supervise === 'function'`,
  'iis-config': `
    const { options } = all.readConfigText('<configuration><system.webServer><rewrite><rules><rule name="a"><match url=".*"/><action type="None"/></rule></rules></rewrite></system.webServer></configuration>')
    return JSON.stringify(options).includes('"a"')`,
  backend: `
    const backend = await all.startBackend({ port: 0 })
    const body = await (await fetch('http://localhost:' + backend.server.address().port)).text()
    await backend.close()
    return body.includes('<!doctype html>')`
}

/** A CommonJS application, and the same as a module. */
const scripts = (name: string, use: string): Record<string, string> => {
  const tail = `
;(async () => {
  const use = async () => {${use}
  }
  if (await use() !== true) throw new Error('it loads, and does not do what it says')
  console.log('used')
})().catch(error => { console.error(error); process.exit(1) })`
  return {
    'required.cjs': `const Fastify = require('fastify')\nconst all = require('${name}')\nconst plugin = all.default${tail}`,
    'imported.mjs': `import { createRequire } from 'node:module'\nimport Fastify from 'fastify'\nimport * as all from '${name}'\nconst plugin = all.default\nconst require = createRequire(import.meta.url)${tail}`
  }
}

// The runner's time limit is for the whole file, which takes longer than that on a slow machine: here each test has a limit of its own.
t.beforeEach(() => { t.setTimeout(240_000) })

t.test('the types of every package stand up to being checked as a bundler reads them, by those who leave no library out', { timeout: 240_000 }, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'alone-types-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  await writeFile(join(folder, 'all.ts'), packages.map(({ name }, i) => `export * as all${i} from '${name}'\n`).join(''))
  const options = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2023', '--module', 'esnext', '--moduleResolution', 'bundler', '--types', 'node']
  const { stdout } = await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), ...options, 'all.ts'], { cwd: folder })
    .catch((error: { stdout: string }) => error)
  // Mistakes in the types of other packages are not counted.
  t.same(stdout.split('\n').filter(line => /^(?!.*node_modules).*\(\d+,\d+\): error/.test(line)), [])
})

for (const one of packages) {
  const short = one.name.replace('@fastify-arr/', '')
  t.test(one.name, { timeout: 240_000 }, async t => {
    const folder = await mkdtemp(join(tmpdir(), `alone-${short}-`))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const { tarball, mistakes } = await pack(one, folder)
    t.same(mistakes, [], 'files, size, metadata and types are right')

    await writeFile(join(folder, 'package.json'), '{ "private": true }\n')
    await writeFile(join(folder, 'package-lock.json'), lock)
    const family = await Promise.all(withFamily(one).slice(1).map(async other => await tarballOf(other, folder)))
    await run(npm, ['install', '--no-audit', '--no-fund', '--prefer-offline', 'fastify@5', tarball, ...family], { cwd: folder, shell })
    for (const [file, script] of Object.entries(scripts(one.name, uses[short] ?? 'return false'))) {
      await writeFile(join(folder, file), script)
      const { stdout } = await run(process.execPath, [file], { cwd: folder, timeout: 60_000 })
      t.equal(stdout.trim().split('\n').at(-1), 'used', file)
    }
    for (const [name, path] of Object.entries(one.manifest.bin ?? {})) {
      t.notMatch(path, /^(\.\/)?dist\//, `${name} is there before the build, so that npm links it in this repository as well`)
      const { stdout } = await run(join(folder, 'node_modules', '.bin', name), ['--help'], { cwd: folder, shell })
      t.match(stdout, name, `${name} runs`)
    }
  })
}
