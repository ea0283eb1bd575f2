// The whole site from a file of IIS: the article's own rule, written as XML, and what happens when the file changes.
import { urlRewrite } from '@fastify-arr/url-rewrite'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { startBackend } from '../backend/src/index.ts'
import { converse } from './conversation.ts'
import { root } from './packages.ts'
import { start, takenPort } from './program.ts'
import { freePort, startSite, type Site } from './site.ts'

// The runner's time limit is for the whole file, which takes longer than that on a slow machine: here each test has a limit of its own.
t.beforeEach(() => { t.setTimeout(120_000) })

// A second ping would come between a message and its echo.
const NEVER = 2 ** 31 - 1

/** `examples/web.config`, leading to a backend of the test's own. */
async function example (t: Test): Promise<{ file: string, xml: string }> {
  const backend = await startBackend({ port: 0, host: '127.0.0.1', pingInterval: NEVER })
  t.teardown(() => backend.close())
  const { port } = backend.server.address() as { port: number }
  const xml = readFileSync(join(root, 'examples', 'web.config'), 'utf8').replace('localhost:8080', `127.0.0.1:${port}`)
  const file = join(t.testdir(), 'web.config')
  writeFileSync(file, xml)
  return { file, xml }
}

/** The answer to a request for the site. */
async function status (site: Site, path = '/'): Promise<number> {
  const response = await fetch(`http://localhost:${site.httpPort}${path}`, { redirect: 'manual' })
  await response.arrayBuffer()
  return response.status
}

/** Waits until the answer is this; ended by tap's time limit. */
async function becomes (site: Site, path: string, wanted: number): Promise<void> {
  while (await status(site, path) !== wanted) await new Promise(resolve => setTimeout(resolve, 100))
}

t.test('the article\'s rule as XML: the page, and a WebSocket whose extensions header the rule blanks', async t => {
  const { file } = await example(t)
  const site = await startSite(t, { webConfig: file })
  t.equal(await status(site), 200)
  const heard = await converse(`ws://localhost:${site.httpPort}/`, { perMessageDeflate: true }, async ({ next }) => {
    t.equal(await next(), 'text:ping 1')
  })
  t.match(heard, { status: 101, extensions: '', code: 1000 })
  t.equal((await converse(`wss://localhost:${site.httpsPort}/`, {}, async ({ next }) => { await next() })).status, 101)
  t.equal(await status(site, '/nothing'), 404)
  const elsewhere = await site.fastify.inject({ url: '/', headers: { host: 'elsewhere.example' } })
  t.equal(elsewhere.statusCode, 404, 'a request that no rule sends anywhere finds nothing')
  t.same((await site.lines(5)).map(line => line['sc-status']).sort(), ['101', '101', '200', '404', '404'])
})

t.test('a changed file is in force without a restart, a broken one leaves the rules in force, and WebSockets stay open', async t => {
  const { file, xml } = await example(t)
  const site = await startSite(t, { webConfig: file })
  await converse(`ws://localhost:${site.httpPort}/`, {}, async ({ socket, next }) => {
    await next()
    writeFileSync(file, xml.replace('<rules>', '<rules><rule name="gone" stopProcessing="true"><match url="^gone$" /><action type="CustomResponse" statusCode="410" /></rule>'))
    await becomes(site, '/gone', 410)
    t.equal(await status(site), 200)

    const told = new Promise<string>(resolve => { site.fastify.log.error = ((message: string) => resolve(message)) as typeof site.fastify.log.error })
    writeFileSync(file, '<configuration><system.webServer><rewrite>')
    t.match(await told, /web\.config has changed and cannot be used/)
    t.equal(await status(site, '/gone'), 410, 'the rules before stay')
    t.equal(await status(site), 200)

    writeFileSync(file, xml)
    await becomes(site, '/gone', 404)
    socket.send('still there?')
    t.equal(await next(), 'text:still there?')
  })
})

/** An applicationHost.config whose one rule answers with this status, for sites of these names and ids. */
function serverFile (port: number, status: number, sites: Readonly<Record<string, number>>): string {
  const bound = Object.entries(sites).map(([name, id]) => `<site name="${name}" id="${id}"><bindings>
    <binding protocol="http" bindingInformation="127.0.0.1:${port}:${name}.localhost" />
  </bindings></site>`)
  return `<configuration>
  <system.applicationHost><sites>${bound.join('')}</sites></system.applicationHost>
  <system.webServer><rewrite><globalRules><rule name="status" stopProcessing="true">
    <match url=".*" /><action type="CustomResponse" statusCode="${status}" />
  </rule></globalRules></rewrite></system.webServer>
</configuration>`
}

t.test('a changed file whose sites are refused leaves the rules in force as well', async t => {
  const port = await freePort(t)
  const file = join(t.testdir(), 'applicationHost.config')
  writeFileSync(file, serverFile(port, 410, { one: 1 }))
  const { fastify } = await startSite(t, { webConfig: file })
  // By address: not every system resolves `*.localhost`.
  const answer = async (site: string): Promise<number | undefined> => {
    const [response] = await once(get({ host: '127.0.0.1', port, headers: { host: `${site}.localhost:${port}` }, agent: false }), 'response')
    response.resume()
    return response.statusCode
  }
  t.equal(await answer('one'), 410)

  const told = new Promise<string>(resolve => { fastify.log.error = ((message: string) => resolve(message)) as typeof fastify.log.error })
  writeFileSync(file, serverFile(port, 451, { one: 1, two: 1 }))
  t.match(await told, /applicationHost\.config has changed and is refused, the rules before stay in force: .*site 'two' must be another than 1, the id of site 'one'/)
  t.equal(await answer('one'), 410, 'the rule before')
  t.equal(await answer('two'), 400, 'the sites before')

  writeFileSync(file, serverFile(port, 451, { one: 1, two: 2 }))
  while (await answer('two') !== 451) await new Promise(resolve => setTimeout(resolve, 100))
  t.equal(await answer('one'), 451, 'and the next sound file is in force, rules and sites')

  t.equal(await answer('three'), 400)
  writeFileSync(file, serverFile(port, 452, {}).replace(/<sites>.*<\/sites>/s, ''))
  while (await answer('two') !== 452) await new Promise(resolve => setTimeout(resolve, 100))
  t.equal(await answer('three'), 452, 'a file that tells of no site any more is one for every host, as it would be at the next start')
})

t.test('a site that is removed from the file: its WebSockets are closed, those of the others stay, whatever else has changed', async t => {
  const backend = await startBackend({ port: 0, host: '127.0.0.1', pingInterval: NEVER })
  t.teardown(() => backend.close())
  const { port: upstream } = backend.server.address() as { port: number }
  const port = await freePort(t)
  const file = join(t.testdir(), 'applicationHost.config')
  const write = (sites: Readonly<Record<string, number>>, rule: string): void => {
    writeFileSync(file, serverFile(port, 410, sites).replace('<action type="CustomResponse" statusCode="410" />', rule))
  }
  write({ one: 1, two: 2 }, `<action type="Rewrite" url="http://127.0.0.1:${upstream}/" />`)
  const { fastify } = await startSite(t, { webConfig: file })
  const open = async (site: string): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { host: `${site}.localhost:${port}` } })
    t.teardown(() => socket.terminate())
    await once(socket, 'message')
    return socket
  }
  const [one, two] = [await open('one'), await open('two')]
  const gone = once(two, 'close')
  // The rule changes as well, and the remaining site gets another id.
  write({ one: 7 }, '<action type="CustomResponse" statusCode="410" />')
  const [code, reason] = await gone
  t.equal(code, 1001)
  t.equal(String(reason), 'The site was removed.')
  one.send('still there?')
  t.equal(String((await once(one, 'message'))[0]), 'still there?')
  // A tunnel ends when both of its sockets have closed, and the client is only one of them. Ended by tap's time limit.
  while (fastify.tunnels.size > 1) await new Promise(resolve => setTimeout(resolve, 5))
  t.equal(fastify.tunnels.size, 1)
})

t.test('a changed file that no longer names sites serves every host', async t => {
  const { file, xml } = await example(t)
  const port = await freePort(t)
  writeFileSync(file, serverFile(port, 410, { one: 1 }))
  const site = await startSite(t, { webConfig: file })
  t.equal(await status(site), 400, 'no site has this host')
  writeFileSync(file, xml)
  await becomes(site, '/', 200)
})

t.test('a binding on HTTP_PORT is a mistake before anything listens', async t => {
  const port = await freePort(t)
  const file = join(t.testdir(), 'applicationHost.config')
  writeFileSync(file, serverFile(port, 410, { one: 1 }))
  await t.rejects(startSite(t, { webConfig: file, httpPort: port }), { message: `HTTP_PORT is ${port}, which a binding of ${file} has already: choose another one, or 0 for a free one.` })
})

t.test('the upstream gets the original URL in a header as from IIS, and never the client\'s own header', async t => {
  const upstream = createServer((request, response) => { response.end(`${request.url ?? ''} ${request.headers['x-original-url'] as string}`) }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.teardown(() => { upstream.close().closeAllConnections() })
  const file = join(t.testdir(), 'web.config')
  writeFileSync(file, `<configuration><system.webServer><rewrite><rules><rule name="a"><match url="^a/(.*)" />
    <action type="Rewrite" url="http://127.0.0.1:${(upstream.address() as { port: number }).port}/{R:1}" /></rule></rules></rewrite></system.webServer></configuration>`)
  const site = await startSite(t, { webConfig: file })
  const response = await fetch(`http://127.0.0.1:${site.httpPort}/a/b?c`, { headers: { 'x-original-url': '/admin' } })
  t.equal(await response.text(), '/b?c /a/b?c')
})

t.test('a change that takes a restart is logged', async t => {
  const { file, xml } = await example(t)
  const site = await startSite(t, { webConfig: file })
  const told = new Promise<string>(resolve => {
    site.fastify.log.warn = ((message: string) => { if (message.includes('next start')) resolve(message) }) as typeof site.fastify.log.warn
  })
  writeFileSync(file, xml.replace('<rewrite>', '<proxy enabled="true" preserveHostHeader="true" /><rewrite>'))
  t.match(await told, /what it says of the proxy takes effect at the next start/)
})

t.test('a file that changes while the site is still starting is in force once it has started', async t => {
  const { file, xml } = await example(t)
  const site = await startSite(t, { webConfig: file }, fastify => {
    const register = fastify.register.bind(fastify) as (plugin: unknown, options: unknown) => PromiseLike<unknown>
    const hold = async (plugin: unknown, options: unknown): Promise<void> => {
      // By then the file has been read, and its rules are passed to this plugin.
      if (plugin === urlRewrite) {
        writeFileSync(file, xml.replace('<rules>', '<rules><rule name="gone" stopProcessing="true"><match url="^gone$" /><action type="CustomResponse" statusCode="410" /></rule>'))
        // The file is checked each second, and read a tenth of a second later: both happen within this time.
        await new Promise(resolve => setTimeout(resolve, 2500))
      }
      await register(plugin, options)
    }
    fastify.register = hold as unknown as typeof fastify.register
  })
  t.equal(await status(site, '/gone'), 410)
  t.equal(await status(site), 200)
})

t.test('fastify start takes the file after two dashes', async t => {
  const { file } = await example(t)
  const program = start(t, {}, words => [words[0] as string, [...words.slice(1), '--', '--web-config', file]])
  await program.says(/rules +\S+web\.config/)
  const [, port] = await program.says(/http:\/\/localhost:(\d+)/)
  t.equal((await fetch(`http://localhost:${port}/`)).status, 200)
})

t.test('and after one, which is all that some shells leave, and from WEB_CONFIG; no backend is started', async t => {
  const { file } = await example(t)
  const backend = String(await takenPort(t))
  for (const program of [
    start(t, { BACKEND_PORT: backend }, words => [words[0] as string, [...words.slice(1), '--web-config', file]]),
    start(t, { BACKEND_PORT: backend, WEB_CONFIG: file })
  ]) await program.says(/rules +\S+web\.config/)
})

t.test('it prints the URLs of the file\'s own sites', async t => {
  const port = await freePort(t)
  const file = join(t.testdir(), 'applicationHost.config')
  writeFileSync(file, serverFile(port, 410, { one: 1, two: 2 }))
  const program = start(t, { WEB_CONFIG: file })
  await program.says(/stop +Ctrl\+C/)
  const lines = program.output().split('\n').filter(line => line.includes('://') && !line.startsWith('{'))
  t.same(lines.map(line => line.trim()), [`http://one.localhost:${port}`, `http://two.localhost:${port}`])
  t.notMatch(program.output(), 'W3SVC', 'and the folder that their logs are in')

  writeFileSync(file, serverFile(await freePort(t), 410, { seven: 7 }))
  await start(t, { WEB_CONFIG: file }).says(/log +\S+W3SVC7\n/)
})

t.test('a binding of the file whose port is in use is a sentence that names it, and no variable', async t => {
  const port = await takenPort(t)
  const file = join(t.testdir(), 'applicationHost.config')
  writeFileSync(file, serverFile(port, 410, { one: 1 }))
  const program = start(t, { WEB_CONFIG: file })
  t.same(await program.exit, { code: 1, signal: null })
  const lines = program.output().split('\n').filter(line => line !== '' && !line.startsWith('{'))
  t.match(lines, [new RegExp(`^Listener 'http port ${port}': .*${port} is in use by another program`)])
  t.equal(lines.length, 1)
})

t.test('a file that cannot be used is a sentence with its line, and code 1', async t => {
  const file = join(t.testdir({ 'web.config': '<configuration>\n  <system.webServer>\n</configuration>' }), 'web.config')
  const program = start(t, {}, words => [words[0] as string, [...words.slice(1), '--', '--web-config', file]])
  t.same(await program.exit, { code: 1, signal: null })
  t.match(program.output(), /web\.config:3/)
  t.notMatch(program.output(), /^\s+at /m, 'no stack')
})
