// The command `fastify-arr`: what its options mean, what it says of a mistake, its exit codes, its keys.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import t, { type Test } from 'tap'
import { OPTIONS, SETTINGS } from '../command/asking/settings.ts'
import { programFor } from '../command/running/open-page.ts'
import { VARIABLES } from '../start/settings/help.ts'
import { root } from './packages.ts'
import { start, takenPort, type Program } from './program.ts'

const bin = join(root, 'bin', 'fastify-arr.js')
const noSignals = process.platform === 'win32' ? 'Windows has no such signals' : false
const withoutScript = process.platform === 'linux' && existsSync('/usr/bin/script') ? false : 'util-linux\'s script is not installed'
const { NODE_OPTIONS: _, FASTIFY_LOG_LEVEL: __, ...env } = process.env

t.beforeEach(() => { t.setTimeout(240_000) })

interface Ended { readonly code: number, readonly out: string, readonly err: string }

/** Runs it to its end, in a folder of its own. */
async function run (t: Test, words: readonly string[], files: Record<string, string> = {}, more: Record<string, string> = {}): Promise<Ended> {
  const cwd = mkdtempSync(join(tmpdir(), 'arr-words-'))
  t.teardown(() => { rmSync(cwd, { recursive: true, force: true }) })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
  return await new Promise(resolve => {
    execFile(process.execPath, [bin, ...words], { cwd, env: { ...env, ...more } }, (error, out, err) => { resolve({ code: error === null ? 0 : Number(error.code), out, err }) })
  })
}

/** A server that tells which path it was asked for. */
async function upstream (t: Test): Promise<string> {
  const server = createServer((request, response) => { response.end(`upstream ${request.url}`) }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close(); server.closeAllConnections() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** On a connection of its own: one that was kept may stay with a worker that goes. */
async function askedAnew (url: string): Promise<string> {
  const [response] = await once(get(url, { agent: false }), 'response')
  return (await (response as IncomingMessage).toArray()).join('')
}

const command = (t: Test, environment: Record<string, string>, ...words: string[]): Program => start(t, environment, () => [process.execPath, [bin, ...words]])

const WRONG: ReadonlyArray<readonly [string, readonly string[], readonly string[], Record<string, string>?]> = [
  ['nothing to proxy to', [], ['there is nothing to proxy to: fastify-arr --to http://localhost:3000, fastify-arr --web-config FILE, or fastify-arr demo.']],
  ['a misspelt option', ['--to', 'http://localhost:3000', '--potr', '3'], ['there is no option --potr: did you mean --port?']],
  ['the name of a variable', ['--upstream', 'http://localhost:3000', '--http-port=3'], ['there is no option --upstream: did you mean --to?', 'there is no option --http-port: did you mean --port?']],
  ['an option without its value', ['--to', '--port', '3'], ['--to needs a URL: --to URL.']],
  ['an upstream without http', ['--to', 'localhost:3000'], ['--to must be a URL such as http://localhost:8080, and not "localhost:3000": did you mean http://localhost:3000?']],
  ['two ports that are none', ['--to', 'http://localhost:3000', '--port', 'x', '--https-port', '70000'], ['--port must be a port, a whole number from 0 to 65535, and not "x".', '--https-port must be a port, a whole number from 0 to 65535, or off, and not "70000".']],
  ['the site itself', ['--to', 'http://localhost:8000'], ['--to is this site itself: --port is 8000.']],
  ['a URL without an option', ['http://localhost:3000'], ['"http://localhost:3000" belongs to no option: did you mean --to http://localhost:3000?']],
  ['a misspelt command', ['chekc', 'web.config'], ['there is no command "chekc": did you mean check?', 'there is no command "web.config".']],
  ['a command behind options', ['--port', '3', 'log'], ['the command log comes first, before all options, and alone: fastify-arr log.']],
  ['two upstreams', ['--to', 'http://localhost:3000', '--to', 'http://localhost:4000'], ['--to is given 2 times: leave one.']],
  ['two sites', ['--to', 'http://localhost:3000', '--web-config', 'x'], ['--to and --web-config both say what is behind the site: leave one out.']],
  ['the demo with an upstream', ['demo', '--to', 'http://localhost:3000'], ['demo brings its own backend: leave out --to, or demo.']],
  ['a value for what has none', ['--to', 'http://localhost:3000', '--files=yes'], ['--files stands alone: leave out "=yes".']],
  ['an option for a file that is not there', ['--to', 'http://localhost:3000', '--open', 'access'], ['--open is about a file of IIS, and there is none: --web-config FILE --open NAMES.']],
  ['so many workers', ['--to', 'http://localhost:3000', '--workers', 'many'], ['--workers must be auto, or a whole number from 1 to 1024, and not "many".']],
  ['a variable that is wrong keeps its name', ['--to', 'http://localhost:3000'], ['HTTP_PORT must be a port, a whole number from 0 to 65535, and not "x".'], { HTTP_PORT: 'x' }],
  ['a file of settings that is not there', ['--config', 'none.json'], ['--config none.json: there is no such file.']],
  ['a shell that is not known', ['completion', 'csh'], ['completion needs a shell, and not "csh": fastify-arr completion bash|zsh|fish.']]
]
for (const [name, words, told, more] of WRONG) {
  t.test(`${name}: a sentence, and code 2`, async t => {
    const { code, out, err } = await run(t, words, {}, more)
    t.equal(err, [...told.map(line => `fastify-arr: ${line}`), 'All options: fastify-arr --help', ''].join('\n'))
    t.equal(out, '')
    t.equal(code, 2)
  })
}

t.test('mistakes in a file of settings are told with line and column, all at once', async t => {
  for (const [text, told] of [
    ['{\n  // a comment\n  "upstream": "localhost:3",\n  "httpPort": "x",\n  "lgoDirectory": 1,\n  "hosts": ["a", 5],\n  "leaving": { "windwo": 3, "delay": -1 },\n}', [
      '4:15: "httpPort" must be a whole number from 0 to 65535, and not "x".',
      '5:3: there is no setting "lgoDirectory": did you mean "logDirectory"?',
      '6:18: "hosts" must be a text, and not 5.',
      '7:16: there is no setting "windwo": did you mean "window"?',
      '7:38: "leaving.delay" must be a whole number, 0 or more, and not -1.',
      '3:15: "upstream" must be a URL such as http://localhost:8080, and not "localhost:3": did you mean http://localhost:3?'
    ]],
    ['{ "upstream": "http://localhost:3000" "httpPort": 1,\n "open: 2 }', ['1:39: there must be a comma here.', '2:2: this text has no closing quote.', '2:12: there must be a colon here.', '2:12: there must be a } here.']],
    ['{ "upstream": "http://localhost:3000", "upstream": "http://localhost:4000" }', ['1:40: "upstream" is there twice: leave one.']],
    ['{ "upstream": "http://localhost:3000", "httpPort": 8443 }', ['1:52: --https-port is 8443, which "httpPort" has already.']],
    ['[]', ['1:1: the settings must be an object: { "upstream": "http://localhost:3000" }.']]
  ] as const) {
    const { code, err } = await run(t, ['--config', 'site.json'], { 'site.json': text })
    t.same(err.split('\n').slice(0, -2), told.map(line => `fastify-arr: site.json:${line}`))
    t.equal(code, 2)
  }
})

t.test('an option goes before a variable, and that before the file; what is printed means the same as a file', async t => {
  const files = { 'site.json': '{ "upstream": "http://a.example", "httpPort": 1, "httpsPort": null, "workers": "auto", "open": [], "leaving": { "deadline": 9000 } }' }
  const { out, err } = await run(t, ['print-config', '--config', 'site.json', '--port', '3', '--host', 'a', '--host', 'b'], files, { WORKERS: '2', HTTP_PORT: '2', TRUST_PROXY: '10.0.0.0/8' })
  t.equal(err, '')
  const { $schema, ...settings } = JSON.parse(out) as Record<string, unknown>
  t.match(settings, { upstream: 'http://a.example', httpPort: 3, httpsPort: null, workers: 2, hosts: ['a', 'b'], leaving: { delay: 0, window: 1000, deadline: 9000 }, trustProxy: ['10.0.0.0/8'], monitorPort: 8001 })
  t.ok(existsSync(new URL(String($schema))), 'an editor finds the schema')
  const again = await run(t, ['print-config', '--config', 'site.json'], { 'site.json': out })
  t.same(JSON.parse(again.out), JSON.parse(out))
  const module = await run(t, ['print-config', '--config', 'site.mjs'], { 'site.mjs': `export default ${JSON.stringify(settings)}` })
  t.same(JSON.parse(module.out), JSON.parse(out))
})

t.test('every setting has its place in the schema, and every variable of the help has a setting', async t => {
  const schema = JSON.parse(readFileSync(join(root, 'site.schema.json'), 'utf8')) as { properties: Record<string, { description: string, properties?: Record<string, { description: string }> }> }
  const described = Object.entries(schema.properties).flatMap(([key, { description, properties }]) => properties === undefined ? [[key, description] as const] : Object.entries(properties).map(([part, { description }]) => [`${key}.${part}`, description] as const))
  t.same(described.map(([key]) => key).sort(), ['$schema', ...SETTINGS.map(({ key }) => key)].sort())
  for (const { key, variable, option } of SETTINGS) {
    const [, text = ''] = described.find(([name]) => name === key) ?? []
    t.ok(text.includes(variable) && (option === null || text.includes(`--${option}`)), `${key} tells of ${variable} and --${option}`)
  }
  const settings = new Set(SETTINGS.map(({ variable }) => variable))
  // A secret has no place in a file of settings, and fastify-cli's own address is there under its name.
  t.same(VARIABLES.filter(name => !settings.has(name)), ['CERTIFICATE_PASSPHRASE', 'PORT'])
})

t.test('the help has all options, and fits on a terminal of 80 columns and 24 lines', async t => {
  const { code, out } = await run(t, ['--help'])
  t.equal(code, 0)
  const lines = out.trimEnd().split('\n')
  t.same(lines.filter(line => line.length > 80), [])
  t.ok(lines.length < 24, `${lines.length} lines`)
  for (const option of OPTIONS) t.match(out, `--${option}`)
  t.match(out, 'Exit codes: 0')
  t.match((await run(t, ['--version'])).out, /^\d+\.\d+\.\d+(?:-rc\.\d+)?\n$/)
})

t.test('the packages\' commands keep their words, their input and their exit codes', async t => {
  const config = '<configuration><system.webServer><rewrite><rules><rule name="a"><match url=".*"/><action type="None"/></rule></rules></rewrite></system.webServer></configuration>'
  t.match(await run(t, ['check', 'web.config'], { 'web.config': config }), { code: 1, out: 'web.config' })
  t.match(await run(t, ['convert', 'web.config'], { 'web.config': config }), { code: 1, out: 'urlRewrite' })
  t.match(await run(t, ['check', '--to', 'x']), { code: 2, err: 'iis-config: ' })
  t.match(await run(t, ['log', '--sumary']), { code: 1, err: 'arr-log: there is no option --sumary: did you mean --summary?' })
  t.match(await run(t, ['status', '1']), { code: 1, err: 'There is no supervisor 1.' })
  t.match(await run(t, ['trust', '--help']), { code: 0, out: 'arr-trust' })
  t.match(await run(t, ['trace', '--help']), { code: 0, out: 'request-trace' })
})

t.test('the banner says where, what for and how to stop; the hosts are those that are given; SIGINT ends it with code 0', { skip: noSignals }, async t => {
  const url = await upstream(t)
  const program = command(t, {}, '--to', `${url}/base`, '--host', 'shop.localhost', '--port', '0', '--monitor-port', '0', '--log-level', 'warn')
  await program.says(/stop +Ctrl\+C/)
  const [, port] = await program.says(/http:\/\/shop\.localhost:(\d+) +https:\/\/shop\.localhost:\d+/)
  for (const [host, status] of [['shop.localhost', 200], ['localhost', 400]] as const) {
    const [response] = await once(get({ host: '127.0.0.1', port, headers: { host } }), 'response')
    t.equal(response.resume().statusCode, status, host)
  }
  t.match(program.output(), /monitor +http:\/\/localhost:\d+/)
  t.match(program.output(), 'npx fastify-arr trust')
  t.notMatch(program.output(), '"level":30', 'the level is that of the option')
  program.process.kill('SIGINT')
  t.same(await program.exit, { code: 0, signal: null })
})

t.test('what fails at the start is told in the command\'s words, with code 1', async t => {
  const url = await upstream(t)
  const port = String(await takenPort(t))
  const program = command(t, { HTTP_PORT: '' }, '--to', url, '--port', port)
  t.same(await program.exit, { code: 1, signal: null })
  t.match(program.output(), new RegExp(`^--port: port ${port} is in use by another program: stop that one, or choose another port \\(--port …\\)\\.$`, 'm'))
  const missing = command(t, {}, '--web-config', 'nope.config')
  t.same(await missing.exit, { code: 1, signal: null })
  t.match(missing.output(), /^--web-config: there is no nope\.config\.$/m)
})

t.test('with workers a reload reads the file of settings again, and the next request has the new settings', { skip: noSignals }, async t => {
  const [one, two] = [await upstream(t), await upstream(t)]
  const settings = { upstream: `${one}/one`, httpPort: 0, httpsPort: null }
  const file = join(t.testdir(), 'site.json')
  writeFileSync(file, JSON.stringify(settings))
  const program = command(t, { HTTP_PORT: '', HTTPS_PORT: '' }, '--config', file, '--workers', '2')
  await program.says(/workers +2 .*npx fastify-arr reload/)
  await program.says(/stop +Ctrl\+C/)
  const [, page = ''] = await program.says(/(http:\/\/localhost:\d+)/)
  t.equal(await askedAnew(`${page}/x`), 'upstream /one/x')
  writeFileSync(file, JSON.stringify({ ...settings, upstream: `${two}/two` }))
  t.match(await run(t, ['reload', String(program.process.pid)]), { code: 0, out: 'Generation 2 serves.' })
  t.equal(await askedAnew(`${page}/x`), 'upstream /two/x')
  program.process.kill('SIGTERM')
  t.same(await program.exit, { code: 0, signal: null })
})

t.test('on a terminal a letter and Enter open the page and the monitor, restart with the settings of now, and quit', { skip: withoutScript }, async t => {
  const url = await upstream(t)
  const folder = t.testdir()
  const opened = join(folder, 'opened')
  writeFileSync(join(folder, 'browser'), `#!/bin/sh\necho "$1" >> '${opened}'\n`, { mode: 0o755 })
  const file = join(folder, 'site.json')
  writeFileSync(file, JSON.stringify({ upstream: `${url}/one` }))
  const program = start(t, { BROWSER: join(folder, 'browser'), MONITOR_PORT: '0' }, () => ['script', ['-qefc', `stty rows 24 cols 80; exec '${process.execPath}' '${bin}' --config '${file}'`, '/dev/null']])
  const press = (key: string): void => { program.process.stdin?.write(`${key}\n`) }
  const text = (): string => stripVTControlCharacters(program.output()).replaceAll('\r', '')
  await program.says(/stop .*Ctrl\+C.*q and Enter/)
  const [, page = ''] = /(http:\/\/localhost:\d+)/.exec(text().slice(text().indexOf(' is up'))) ?? []
  const [, monitor = ''] = /monitor +(http:\/\/localhost:\d+\/)/.exec(text()) ?? []
  t.equal(await (await fetch(`${page}/x`)).text(), 'upstream /one/x')
  press('h')
  await program.says(/opens the monitor/)
  const lines = (): string[] => existsSync(opened) ? readFileSync(opened, 'utf8').trim().split('\n') : []
  for (const key of ['o', 'm']) {
    const before = lines().length
    press(key)
    while (lines().length === before) await new Promise(resolve => setTimeout(resolve, 50))
  }
  t.same(lines(), [page, monitor])
  writeFileSync(file, '{ "upstream": 5 }')
  press('r')
  await program.says(/site\.json:1:15: "upstream" must be a text, and not 5\./)
  t.equal(await (await fetch(`${page}/x`)).text(), 'upstream /one/x', 'a mistake leaves the site as it is')
  writeFileSync(file, JSON.stringify({ upstream: `${url}/two` }))
  press('r')
  await program.says(/ is up[^]*stop [^]* is up[^]*stop .*Ctrl\+C/)
  const [, other = ''] = /(http:\/\/localhost:\d+)/.exec(text().slice(text().lastIndexOf(' is up'))) ?? []
  t.equal(await (await fetch(`${other}/x`)).text(), 'upstream /two/x')
  press('q')
  t.same(await program.exit, { code: 0, signal: null })
})

t.test('a browser gets the URL as one word on every system', async t => {
  t.same(programFor('http://localhost:1', 'darwin', {}), ['open', 'http://localhost:1'])
  t.same(programFor('http://localhost:1', 'win32', {}), ['cmd', '/c', 'start', '""', 'http://localhost:1'])
  t.same(programFor('http://localhost:1', 'linux', {}), ['xdg-open', 'http://localhost:1'])
  t.same(programFor('http://localhost:1', 'linux', { BROWSER: 'lynx' }), ['lynx', 'http://localhost:1'])
})

t.test('bash completes commands, options and nothing behind a port', { skip: existsSync('/bin/bash') ? false : 'bash is not installed' }, async t => {
  const { out } = await run(t, ['completion', 'bash'])
  const complete = async (...words: string[]): Promise<string[]> => await new Promise((resolve, reject) => {
    const script = `${out}\nCOMP_WORDS=(fastify-arr ${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _fastify_arr; echo "\${COMPREPLY[*]}"`
    execFile('/bin/bash', ['-c', script], (error, text) => { if (error === null) resolve(text.trim().split(' ')); else reject(error) })
  })
  t.same(await complete('c'), ['check', 'convert', 'completion'])
  t.same(await complete('--mon'), ['--monitor-port'])
  t.same(await complete('--port', ''), [''])
  t.same(await complete('completion', ''), ['bash', 'zsh', 'fish'])
  for (const shell of ['zsh', 'fish']) t.match((await run(t, ['completion', shell])).out, 'fastify-arr')
})
