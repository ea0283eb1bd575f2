// A file of IIS that refuses requests, which nothing does here: the site starts only where the option `open` names its sections.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startBackend } from '../backend/src/index.ts'
import { converse } from './conversation.ts'
import { root } from './packages.ts'
import { start, takenPort } from './program.ts'
import { startSite } from './site.ts'

// The runner's time limit is for the whole file, which takes longer than that on a slow machine: here each test has a limit of its own.
t.beforeEach(() => { t.setTimeout(120_000) })

const CLOSED = '<security><ipSecurity><add domainName="a.example" /></ipSecurity><access sslFlags="Ssl" /></security>'

/** `examples/web.config`, leading to a backend of the test's own, with and without sections that refuse requests. */
async function example (t: Test): Promise<{ file: string, open: string, closed: string }> {
  const backend = await startBackend({ port: 0, host: '127.0.0.1' })
  t.teardown(() => backend.close())
  const { port } = backend.server.address() as { port: number }
  const open = readFileSync(join(root, 'examples', 'web.config'), 'utf8').replace('localhost:8080', `127.0.0.1:${port}`)
  const file = join(t.testdir(), 'web.config')
  return { file, open, closed: open.replace('<rewrite>', `${CLOSED}<rewrite>`) }
}

async function status (port: number, path = '/'): Promise<number> {
  const response = await fetch(`http://localhost:${port}${path}`)
  await response.arrayBuffer()
  return response.status
}

t.test('no site starts from a file that refuses requests in sections that are not opened, and nothing listens', async t => {
  const { file, closed } = await example(t)
  writeFileSync(file, closed)
  for (const open of [undefined, [], ['access'], ['requestFiltering']]) {
    await t.rejects(startSite(t, { webConfig: file, ...open && { open } }), { code: 'FST_ARR_IIS_CONFIG_CLOSED_DOORS', message: /ipSecurity: <add> refuses a\.example/ })
  }
  await t.rejects(startSite(t, { webConfig: file, open: ['ipsecurity'] }), { code: 'FST_ARR_IIS_CONFIG_INVALID_OPTION', message: /"ipsecurity" is not one of access, / })
})

t.test('with all sections opened it starts, answers pages and WebSockets, and its log lists what is open', async t => {
  const { file, closed } = await example(t)
  writeFileSync(file, closed)
  const told: string[] = []
  const site = await startSite(t, { webConfig: file, open: ['ipSecurity', 'access'] }, fastify => {
    fastify.log.warn = ((message: string) => { told.push(message) }) as typeof fastify.log.warn
  })
  t.equal(await status(site.httpPort), 200)
  t.equal((await converse(`ws://localhost:${site.httpPort}/`, {}, async ({ next }) => { await next() })).status, 101)
  t.match(told.filter(message => message.includes('is open here')), [
    /web\.config:\d+: ipSecurity is open here: in IIS it refuses a\.example \(403\.6\)$/,
    /web\.config:\d+: access is open here: in IIS it refuses requests without TLS \(403\.4\)$/
  ])
})

t.test('a change that would refuse requests is not put in force: the site goes on as it was, and its log lists what is still open', async t => {
  const { file, open, closed } = await example(t)
  writeFileSync(file, open)
  const errors: string[] = []
  let wake = (): void => {}
  const site = await startSite(t, { webConfig: file, open: ['access'] }, fastify => {
    fastify.log.error = ((message: string) => { errors.push(message); wake() }) as typeof fastify.log.error
  })
  const gone = (name: string): [string, string] => ['<rules>', `<rules><rule name="${name}" stopProcessing="true"><match url="^${name}$" /><action type="CustomResponse" statusCode="410" /></rule>`]
  const before = await status(site.httpPort, '/gone')
  writeFileSync(file, closed.replace(...gone('gone')))
  while (errors.length < 3) await new Promise<void>(resolve => { wake = resolve })
  t.match(errors, [
    /web\.config has changed and is not in force: it refuses requests that nothing refuses here\. They are still let through/,
    /web\.config:\d+:\d+: ipSecurity: <add> refuses a\.example/,
    /start again with --open access,ipSecurity behind --web-config, or OPEN=access,ipSecurity$/
  ])
  t.equal(await status(site.httpPort, '/gone'), before, 'none of the new file is in force')
  t.equal(await status(site.httpPort), 200)
  writeFileSync(file, open.replace(...gone('later')))
  while (await status(site.httpPort, '/later') !== 410) await new Promise(resolve => setTimeout(resolve, 100))
  t.equal(errors.length, 3, 'and the next change is taken over')
})

t.test('as a program it ends with code 1, a sentence for each section and the option to add; with the option it starts', async t => {
  const { file, closed } = await example(t)
  writeFileSync(file, closed)
  const given = (...more: string[]) => (words: string[]): [string, string[]] => [words[0] as string, [...words.slice(1), '--', '--web-config', file, ...more]]
  const refused = start(t, {}, given('--open', 'access'))
  t.same(await refused.exit, { code: 1, signal: null })
  t.same(refused.output().split('\n').filter(line => line !== '' && !line.startsWith('{')).map(line => line.replace(/^.*web\.config:\d+:\d+/, 'web.config')), [
    'The site does not start: IIS refuses requests that nothing refuses here.',
    'web.config: ipSecurity: <add> refuses a.example (403.6)',
    'To let all of them through: --open access,ipSecurity behind --web-config, or OPEN=access,ipSecurity'
  ])
  const backend = String(await takenPort(t))
  for (const program of [
    start(t, { BACKEND_PORT: backend }, given('--open', 'access,ipSecurity')),
    start(t, { BACKEND_PORT: backend }, given('--open', 'access', '--open=ipSecurity')),
    start(t, { BACKEND_PORT: backend, WEB_CONFIG: file, OPEN: 'access,ipSecurity' })
  ]) {
    const [, port] = await program.says(/http:\/\/localhost:(\d+)/)
    t.equal(await status(Number(port)), 200)
  }
})

t.test('--open without a file is a mistake', async t => {
  const program = start(t, {}, words => [words[0] as string, [...words.slice(1), '--', '--open', 'access']])
  t.same(await program.exit, { code: 1, signal: null })
  t.match(program.output(), /^--open is about a file of IIS, and there is none/m)
})
