// The path of a `<location>` is the same directory for every plugin: decoded once; what is no directory is refused with file and line.
import { join } from 'node:path'
import { test } from 'tap'
import { run } from '../src/command/command.ts'
import { isIisConfigError, readConfigText, type IisConfig, type ReadOptions } from '../src/index.ts'
import { location, SITES } from './copied.ts'

const SECTIONS = `<system.webServer>
  <security><ipSecurity allowUnlisted="false" /></security>
  <httpErrors errorMode="Custom"><error statusCode="404" path="/sorry" responseMode="Redirect" /></httpErrors>
  <staticContent><clientCache cacheControlMode="DisableCache" /></staticContent>
  <rewrite><rules><rule name="a"><match url=".*" /></rule></rules></rewrite>
</system.webServer>`
const xml = (path: string): string => `<configuration>\n${location(path, SECTIONS)}\n</configuration>`
const read = (path: string, options: ReadOptions = {}): IisConfig => readConfigText(xml(path), 'web.config', options)

/** The path that each plugin gets. */
function pathsIn ({ options: { requestFilter, errorPages, staticContent, urlRewrite } }: IisConfig): unknown[] {
  return [requestFilter?.places?.[0]?.path, errorPages?.places?.[0]?.path, staticContent?.folders.at(-1)?.path, urlRewrite?.pathRules?.[0]?.path]
}

const notes = ({ report }: IisConfig): unknown[] => report.rows.filter(({ name, status }) => name === 'path' && status === 'difference').map(({ note }) => note)

test('a path is decoded once, for all plugins, and the report says so', async t => {
  for (const [written, path] of [['a%20b', '/a b'], ['%C3%A4/50%25', '/ä/50%'], ['./%61dmin/', '/admin']] as const) {
    const config = read(written, { files: true })
    t.strictSame(pathsIn(config), [path, path, path, path], written)
    t.strictSame(notes(config), [`taken as a URL: the directory is ${path}`], written)
    t.equal(config.report.complete, true)
  }
  for (const written of ['a b', '50%', 'a.b/..c']) t.strictSame(notes(read(written)), [], written)
})

test('two spellings of one directory are one place', async t => {
  const config = readConfigText(`<configuration>${location('a%20b', SECTIONS)}${location('A b', '<system.webServer><httpErrors existingResponse="PassThrough" /></system.webServer>')}</configuration>`)
  t.equal(config.options.requestFilter?.places?.length, 1)
})

test('of applicationHost.config the name of a site is not decoded', async t => {
  const { report, options } = readConfigText(`<configuration>${SITES}${location('Sh%6Fp/a%20b', SECTIONS)}${location('Shop/a%20b', SECTIONS)}</configuration>`, 'applicationHost.config')
  t.match(report.mistakes, [{ code: 'unknown-site', message: /"Sh%6Fp"/ }])
  t.match(options.requestFilter?.places?.map(({ site, path }) => `${site}${path}`), ['Sh%6Fp/a b', 'Shop/a b'])
})

test('a path that is no directory is a problem with its file and line', async t => {
  for (const path of ['a/../b', 'a\\b', 'a#b', 'a?b', '%2e%2e', 'a/%2e', 'a%2520b', 'a%2Fb', 'a%5cb', 'a%23', '%E4', '%00']) {
    try {
      read(path)
      t.fail(`${path} was accepted`)
    } catch (error) {
      if (!isIisConfigError(error)) throw error
      t.match(error.problems, [{ file: 'web.config', line: 2, message: /is not the path of a directory/ }], path)
    }
  }
})

test('a name that servers read in several ways is told', async t => {
  for (const path of ['a.', 'a;b', 'a ', 'a/b%20']) t.match(notes(read(path)), [/what is asked of the directory is answered 400/], path)
})

test('check and convert tell a path that is no directory, and one that is decoded', async t => {
  const folder = t.testdir({ 'wrong.config': xml('a#b'), 'decoded.config': xml('a%20b') })
  const command = (...args: string[]): { code: number, text: string } => {
    let text = ''
    const print = (more: string): void => { text += more }
    const code = run(args, { write: print, warn: print, colors: false })
    return { code, text }
  }
  for (const name of ['check', 'convert']) {
    const { code, text } = command(name, join(folder, 'wrong.config'))
    t.not(code, 0, name)
    t.match(text, /wrong\.config:2:\d+: path="a#b" is not the path of a directory/, name)
  }
  t.match(command('check', join(folder, 'decoded.config')).text, 'taken as a URL: the directory is /a b')
  t.match(command('convert', join(folder, 'decoded.config')).text, "path: '/a b'")
})
