// The command as npm delivers it: the root and all packages are packed and installed, and what is installed serves.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { pack, tarballOf } from '../release/pack.ts'
import { lock, npm, shell } from './packed.ts'
import { packages, program } from './packages.ts'

const run = promisify(execFile)
const noSignals = process.platform === 'win32'

t.test('what is packed, installed without a clone and started by its command proxies http, https and WebSockets, and is a plugin as well', { timeout: 500_000 }, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'arr-command-'))
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const { tarball, files, mistakes } = await pack(program, folder)
  t.same(mistakes, [], 'size, metadata and types are right')
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', 'site.schema.json', 'bin/fastify-arr.js', 'dist/command/cli.js', 'dist/start/program.js', 'dist/app.js', 'dist/app.d.ts']) t.ok(files.includes(file), `${file} comes with it`)
  t.same(files.filter(file => !/^(?:LICENSE|README\.md|CHANGELOG\.md|package\.json|site\.schema\.json|app\.ts|(?:bin|command|dist|start)\/.*)$/.test(file)), [], 'and nothing else')
  const tarballs: string[] = []
  for (const one of packages) tarballs.push(await tarballOf(one, folder))
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n')
  await writeFile(join(folder, 'package-lock.json'), lock)
  await run(npm, ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball, ...tarballs], { cwd: folder, shell, maxBuffer: 1e7 })

  const upstream = createServer((request, response) => { response.end(`upstream ${request.url}`) })
  new WebSocketServer({ server: upstream }).on('connection', socket => { socket.on('message', (data, isBinary) => { socket.send(data, { binary: isBinary }) }) })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.teardown(() => { upstream.close(); upstream.closeAllConnections() })
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`

  const site = command(['--to', url, '--port', '0', '--https-port', '0', '--monitor-port', '0'])
  await site.says(/stop +Ctrl\+C/)
  const [, http, https] = await site.says(/(http:\/\/localhost:\d+) +(https:\/\/localhost:\d+)/)
  const [, monitor = ''] = await site.says(/monitor +(http:\/\/localhost:\d+\/)/)
  t.equal(await (await fetch(`${http}/a?b`)).text(), 'upstream /a?b')
  t.match(await (await fetch(monitor)).text(), '<!doctype html>')
  for (const place of [http, https] as string[]) {
    const socket = new WebSocket(`${place}/socket`.replace('http', 'ws'), { rejectUnauthorized: false })
    await once(socket, 'open')
    socket.send('through')
    t.equal(String((await once(socket, 'message'))[0]), 'through', place)
    socket.close(1000)
    await once(socket, 'close')
  }
  if (!noSignals) {
    site.process.kill('SIGINT')
    t.same(await once(site.process, 'exit'), [0, null])
  }

  const demo = command(['demo', '--port', '0', '--https-port', 'off', '--monitor-port', 'off', '--backend-port', '0', '--log-dir', 'off'])
  await demo.says(/stop +Ctrl\+C/)
  const [, page = ''] = await demo.says(/(http:\/\/localhost:\d+)/)
  t.match(await (await fetch(page)).text(), '<!doctype html>')

  for (const [words, told] of [[['log', '--help'], 'Usage: arr-log'], [['check', '--help'], 'Usage: iis-config'], [['trace', '--help'], 'request-trace'], [['status', '--help'], 'arr-workers'], [['trust', '--help'], 'arr-trust']] as const) {
    const { stdout } = await run(process.execPath, [join(folder, 'node_modules', 'fastify-arr', 'bin', 'fastify-arr.js'), ...words], { cwd: folder })
    t.match(stdout, told, words.join(' '))
  }
  await writeFile(join(folder, 'plugin.mjs'), `
    import Fastify from 'fastify'
    import arr from 'fastify-arr'
    const fastify = Fastify()
    await fastify.register(arr, { upstream: '${url}', httpsPort: null, monitorPort: null, logDirectory: null })
    console.log((await fastify.inject({ url: '/inside', headers: { host: 'localhost' } })).body)
    await fastify.close()`)
  t.match((await run(process.execPath, ['plugin.mjs'], { cwd: folder })).stdout, 'upstream /inside')

  function command (words: string[]): { process: ChildProcess, says: (pattern: RegExp) => Promise<RegExpExecArray> } {
    const { NODE_OPTIONS: _, ...env } = process.env
    const child = spawn(join(folder, 'node_modules', '.bin', `fastify-arr${shell ? '.cmd' : ''}`), words, { cwd: folder, shell, env: { ...env, FASTIFY_PLUGIN_TIMEOUT: '100000' } })
    let output = ''
    const heard = (chunk: Buffer): void => { output += String(chunk) }
    child.stdout.on('data', heard)
    child.stderr.on('data', heard)
    const exit = once(child, 'close')
    t.teardown(async () => {
      child.kill('SIGKILL')
      await exit
    })
    return {
      process: child,
      async says (pattern) {
        for (;;) {
          const match = pattern.exec(output)
          if (match !== null) return match
          if (await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), exit.then(() => null)]) === null) throw new Error(`it ended without saying ${pattern}:\n${output}`)
        }
      }
    }
  }
})
