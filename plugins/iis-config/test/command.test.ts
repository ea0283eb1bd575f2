import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test, type Test } from 'tap'
import { run as command } from '../src/command/command.ts'

const example = fileURLToPath(new URL('../../../examples/web.config', import.meta.url))

interface Run { readonly code: number, readonly out: string, readonly err: string }

function run (...args: string[]): Run {
  let out = ''
  let err = ''
  const code = command(args, { write: text => { out += text }, warn: text => { err += text }, colors: false })
  return { code, out, err }
}

const web = (t: Test, inside: string): string => join(t.testdir({ 'web.config': `<configuration>\n${inside}\n</configuration>` }), 'web.config')

test('check prints what differs, and exits with 0 where nothing is lost', async t => {
  const { code, out, err } = run('check', example)
  t.equal(code, 0)
  t.match(out, 'Used with a difference')
  t.match(out, '≈ original-url-encoding')
  t.match(out, 'open-host')
  t.match(out, `Nothing of ${example} is lost.`)
  t.notMatch(out, '\u001b', 'no colours without a terminal')
  t.equal(err, '')
})

test('check exits with 1 where something is lost', async t => {
  const { code, out } = run('check', web(t, '<system.webServer><handlers><add name="own" path="*.x" /></handlers><rewrite><providers><provider name="x" type="y" /></providers></rewrite></system.webServer>'))
  t.equal(code, 1)
  t.match(out, 'Not supported')
  t.match(out, '<providers> and 3 parts inside it')
  t.match(out, '1 section lost')
})

test('check --all also prints what is used, and --json prints the report as JSON', async t => {
  t.match((run('check', '--all', example)).out, '✔ <match url="(.*)">')
  const { out, code } = run('check', '--json', example)
  t.equal(code, 0)
  t.match(JSON.parse(out), { complete: true, counts: { unsupported: 0 }, mistakes: [{ code: 'open-host' }, { code: 'open-host' }] })
})

test('convert prints TypeScript, or the options as JSON', async t => {
  t.match((run('convert', example)).out, "import { urlRewrite } from '@fastify-arr/url-rewrite'")
  t.match(JSON.parse((run('convert', '--json', example)).out), { urlRewrite: { rules: [{ name: 'ReverseProxy' }] } })
})

test('a bad file exits with 2, and only its errors with their places are printed', async t => {
  const file = web(t, '<a b="&" />')
  for (const command of ['check', 'convert']) {
    const { code, out, err } = run(command, file)
    t.equal(code, 2)
    t.equal(out, '')
    t.match(err, `${file}:2:7: `)
    t.notMatch(err, 'at parse', 'no stack')
  }
})

const CLOSED = `<system.webServer><handlers /><security>
<ipSecurity><add domainName="a.example" /></ipSecurity><access sslFlags="Ssl" />
</security></system.webServer>`

test('check prints first what closes in IIS and not here, with the option that opens it', async t => {
  const file = web(t, CLOSED)
  const { code, out, err } = run('check', file)
  t.equal(code, 1)
  t.equal(err, '')
  t.match(out.split('\n').slice(0, 5), [file, '  ✖   2 refused by IIS, and let through here: ipSecurity, access', '  ·   1 no more than IIS\'s default', /→ npx @fastify-arr\/iis-config convert --open ipSecurity,access .*web\.config > site\.ts$/, ''])
  t.equal(out.split('\n')[5], 'Closed in IIS, not here')
  t.match(out, `✖ ipSecurity: <add domainName="a.example">  ${file}:3:13\n      refuses a.example (403.6)\n      no site starts, unless open names ipSecurity\n`)
  t.match(out, '\n2 closed in IIS, not here · ')
  t.match(out, `Something of ${file} is lost.\nNo site starts from it without --open ipSecurity,access.\n`)
  const one = run('check', '--open', 'access', file)
  t.equal(one.code, 1)
  t.match(one.out, 'open names access: it is let through')
  t.match(one.out, 'No site starts from it without --open ipSecurity,access.', 'the option that names all')
  const both = run('check', '--open', 'access', '--open', 'ipSecurity', file)
  t.equal(both.code, 1, 'what is let through is still lost')
  t.notMatch(both.out, 'No site starts')
  t.match(both.out, '2 closed in IIS, not here')
  t.match(JSON.parse(run('check', '--json', file).out), { counts: { closes: 2 }, rows: [{}, {}, {}, {}, { status: 'closes', section: 'ipSecurity', open: false, key: 'domainName="a.example"' }, {}, { section: 'access' }] })
})

test('a file that leads to files, which are not served, exits with 1, and sections at their defaults are folded', async t => {
  const file = web(t, '<system.webServer><directoryBrowse enabled="false" /><urlCompression /><rewrite><rules><rule name="page"><match url="^a$" /><action type="Rewrite" url="/a.html" /></rule></rules></rewrite></system.webServer>')
  const { code, out } = run('check', file)
  t.equal(code, 1)
  t.match(out, 'Leads to files, which are not served\n  ✖ no rule')
  t.match(out, '✖ rule "page"')
  t.match(out, '  · 2 say no more than IIS does by default, or nothing about requests; --all shows them\n')
  t.notMatch(out, 'directoryBrowse')
  t.match(out, `Nothing of ${file} is lost, but files that it leads to are not served.`)
  t.match(run('check', '--all', file).out, '· /configuration/system.webServer/directoryBrowse')
})

test('convert writes no module of a file that closes something, unless --open names it; the module then lists it at its top', async t => {
  const file = web(t, CLOSED)
  for (const args of [[], ['--json'], ['--open', 'access']]) {
    const { code, out, err } = run('convert', ...args, file)
    t.equal(code, 2)
    t.equal(out, '')
    t.match(err, `${file}:3:13: ipSecurity: <add> refuses a.example (403.6)\n`)
    t.match(err, args.includes('access') ? '--open access,ipSecurity\n' : '--open ipSecurity,access\n')
  }
  const { code, out } = run('convert', '--open', 'access, ipSecurity', file)
  t.equal(code, 1)
  t.same(out.split('\n').slice(1, 4), [
    '// IIS refuses these requests, and nothing here does:',
    '//   ✖ line 3, ipSecurity: <add domainName="a.example">: refuses a.example (403.6) (open names ipSecurity: it is let through)',
    '//   ✖ line 3, access: sslFlags="Ssl": refuses requests without TLS (403.4) (open names access: it is let through)'
  ])
  t.equal(out.split('ipSecurity: <add').length, 2, 'once')
  t.match(JSON.parse(run('convert', '--json', '--open', 'access,ipSecurity', file).out), {})
})

test('an unknown name in --open exits with 2 and prints the known names', async t => {
  for (const command of ['check', 'convert']) t.match(run(command, '--open', 'doors', example), { code: 2, out: '', err: /"doors" is not one of access, allowHighBitCharacters, .*, verbs\n$/ })
})

test('a wrong command exits with 2 and one sentence with the nearest name; help and version exit with 0', async t => {
  for (const [args, sentence] of [
    [[], 'there must be a command, check or convert, and a file'],
    [['check'], 'check takes at least one file'],
    [['chek', 'x'], 'there is no command chek: did you mean check?'],
    [['frob', 'x'], 'there is no command frob: check and convert are there'],
    [['check', '--jsn', 'x'], 'there is no option --jsn: did you mean --json?'],
    [['check', '--zzzzzz', 'x'], 'there is no option --zzzzzz'],
    [['check', '-', '-'], '- is there twice: standard input is one file']
  ] as const) t.same(run(...args), { code: 2, out: '', err: `iis-config: ${sentence} (iis-config --help says more)\n` })
  t.match(run('--help'), { code: 0, out: 'Exit code' })
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  for (const flag of ['--version', '-v']) t.same(run(flag), { code: 0, out: `${version}\n`, err: '' })
})

test('check reads several files, each for itself, and exits with the highest of their codes', async t => {
  const lost = web(t, '<system.webServer><handlers><add name="own" path="*.x" /></handlers></system.webServer>')
  const both = run('check', example, lost)
  t.equal(both.code, 1)
  for (const file of [`Nothing of ${example} is lost.`, `Something of ${lost} is lost.`]) t.match(both.out, file)
  t.notMatch(both.out, 'inherited-twice')
  const nowhere = run('check', 'no such file', example)
  t.match(nowhere, { code: 2, err: 'no such file:1:1: cannot be read', out: `Nothing of ${example} is lost.` })
  t.match(JSON.parse(run('check', '--json', example, 'no such file').out), [{ complete: true }, { file: 'no such file', error: { code: 'FST_ARR_IIS_CONFIG_UNREADABLE' } }])
})

test('check --json of a broken file prints the error as JSON', async t => {
  const file = web(t, '<a b="&" />')
  const { code, out } = run('check', '--json', file)
  t.equal(code, 2)
  t.match(JSON.parse(out), { file, error: { code: 'FST_ARR_IIS_CONFIG_INVALID_XML', problems: [{ file, line: 2, column: 7 }] } })
})

test('colours are printed only on a terminal', async t => {
  let out = ''
  command(['check', example], { write: text => { out += text }, warn: () => {}, colors: true })
  t.match(out, '\u001b[33m≈ original-url-encoding')
})

test('the executable: exit code, streams, standard input, and colours in a pipe only where they are asked for', async t => {
  const cli = fileURLToPath(new URL('../src/command/cli.ts', import.meta.url))
  const { NODE_OPTIONS: _, NO_COLOR: __, FORCE_COLOR: ___, ...env } = process.env
  const program = async (...args: string[]): Promise<Run> => await coloured({}, ...args)
  const coloured = async (more: Record<string, string>, ...args: string[]): Promise<Run> => await new Promise(resolve => {
    const child = execFile(process.execPath, [`--import=${import.meta.resolve('tsx')}`, cli, ...args], { env: { ...env, ...more } }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
    child.stdin?.end(readFileSync(example))
  })
  const [good, bad, input, forced, none, flag] = await Promise.all([program('check', example), program('check', 'no such file'), program('check', '-'), coloured({ FORCE_COLOR: '1' }, 'check', example), coloured({ FORCE_COLOR: '1', NO_COLOR: '1' }, 'check', example), coloured({ FORCE_COLOR: '1' }, 'check', '--no-color', example)])
  t.match(good, { code: 0, err: '' })
  t.notMatch(good.out, '\u001b')
  t.match(bad, { code: 2, out: '', err: 'no such file:1:1: cannot be read' })
  t.match(input, { code: 0, err: '', out: 'Nothing of - is lost.' })
  t.match(forced.out, '\u001b')
  t.notMatch(none.out, '\u001b')
  t.notMatch(flag.out, '\u001b')
})

const whole = fileURLToPath(new URL('fixtures/whole-server', import.meta.url))

test('check takes the folder of a server that was copied, and convert as well', async t => {
  const { code, out } = run('check', whole)
  t.equal(code, 1)
  t.match(out, `${join(whole, 'inetpub', 'shop', 'web.config')}:4:5`)
  t.match(out, `Something of ${whole} is lost.`)
  t.match(JSON.parse(run('convert', '--json', whole).out), { urlRewrite: { pathRules: [{ path: '/app', remove: ['shop'] }, { path: '/app/v2' }] } })
  t.match(run('check', t.testdir()), { code: 2, err: 'nor the folder of a server' })
})

test('it takes several files with their places, --root and --base', async t => {
  const server = join(whole, 'System32', 'inetsrv', 'config', 'applicationHost.config')
  const app = `Shop/app=${join(whole, 'apps', 'api', 'Web.Config')}`
  const options = (...args: string[]): unknown => JSON.parse(run('convert', '--json', ...args).out)
  t.match(options(server, app), { urlRewrite: { pathRules: [{ path: '/app', rules: [{ name: 'closed' }, { name: 'api' }] }] } })
  t.match(options('--root', `C:\\inetpub=${join(whole, 'inetpub')}`, server, app), { urlRewrite: { siteRules: { Blog: [{ name: 'moved' }, {}, {}] }, pathRules: [{ path: '/app', remove: ['shop'] }] } })
  t.match(options('--base', '/x', web(t, '<system.webServer><rewrite><rules><rule name="a"><match url=".*" /></rule></rules></rewrite></system.webServer>')), { urlRewrite: { pathRules: [{ path: '/x' }] } })
  for (const [args, err] of [
    [['--root', 'C:\\inetpub', server], 'for "C:\\\\inetpub", must be a folder'],
    [['--base', 'x', server], 'must be a path that begins with a slash'],
    [[server, 'none=x.config'], 'there is no site "none"']
  ] as const) t.match(run('check', ...args), { code: 2, err })
})
