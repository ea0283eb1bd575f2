// The documentation: each link of its Markdown leads somewhere, its reference has whatever the code and the READMEs have, and its
// plots are of tables that are there. The code blocks are run by `readme.test.ts`; the built site is looked at by `docs-site.test.ts`.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { FIELD_NAMES } from '@fastify-arr/arr-log'
import { CHANNELS } from '@fastify-arr/facts'
import t from 'tap'
import ts from 'typescript'
import { anchorsIn, withoutFences } from '../docs/make/anchors.ts'
import { destination } from '../docs/make/links.ts'
import { packageNames, guides, pageOf, references } from '../docs/make/pages.ts'
import { drawn, plotOf } from '../docs/make/plots.ts'
import { referencePages } from '../docs/make/reference.ts'
import { errorsOf } from '../docs/make/reference/errors.ts'
import { channelsOf } from '../docs/make/reference/facts.ts'
import { fieldsOf } from '../docs/make/reference/log-fields.ts'
import { optionsOf } from '../docs/make/reference/options.ts'
import { readSources } from '../docs/make/reference/program.ts'
import { CODES } from '../plugins/monitor/src/finding/codes.ts'
import { FINDINGS } from '../plugins/request-trace/src/diagnosis/findings.ts'
import { root } from './packages.ts'

const run = promisify(execFile)

t.setTimeout(240_000)

const sources = readSources()
const made = referencePages(sources)
const guideFiles = readdirSync(join(root, 'docs', 'guide')).filter(name => name.endsWith('.md'))
const files = new Map<string, string>([
  ...['index.md', ...guideFiles.map(name => `guide/${name}`)].map(name => [join(root, 'docs', name), readFileSync(join(root, 'docs', name), 'utf8')] as const),
  ...[...made].map(([name, text]) => [join(root, 'docs', 'reference', name), text] as const)
])

/** The Markdown of a file that is linked to; null where there is none. */
function markdownOf (file: string): string | null {
  return files.get(file) ?? (file.endsWith('.md') && ts.sys.fileExists(file) ? readFileSync(file, 'utf8') : null)
}

t.test('every link and every anchor of the pages leads somewhere', async t => {
  let count = 0
  for (const [file, text] of files) {
    for (const [, href = ''] of withoutFences(text).replace(/`[^`\n]*`/g, '').matchAll(/\]\(((?!https?:|mailto:)[^)\s]+)\)/g)) {
      const [path = '', anchor] = href.split('#')
      const target = path === '' ? file : join(dirname(file), decodeURI(path))
      const where = `${relative(root, file)} → ${href}`
      const there = files.has(target) || ts.sys.fileExists(target) || ts.sys.directoryExists(target)
      if (!there) t.fail(where)
      if (anchor !== undefined && there) t.ok(anchorsIn(markdownOf(target) ?? '').has(anchor), `${where}: the anchor`)
      count++
    }
  }
  t.ok(count > 100)
})

t.test('anchors are those that GitHub makes', async t => {
  t.same([...anchorsIn('# Coming from @fastify/http-proxy\n## `fastify.farms`\n## Health: two verdicts\n## Health: two verdicts\n```sh\n# none\n```\n## The origin is refused: 403')], [
    'coming-from-fastifyhttp-proxy', 'fastifyfarms', 'health-two-verdicts', 'health-two-verdicts-1', 'the-origin-is-refused-403'
  ])
})

t.test('links lead to pages of the site, and to the repository for what is none', async t => {
  const guide = join(root, 'docs', 'guide', 'start.md')
  t.equal(destination('farms.md#health', guide), '/guide/farms.md#health')
  t.equal(destination('../../plugins/arr-log/README.md#files', guide), '/packages/arr-log.md#files')
  t.equal(destination('../upstream-proxy', join(root, 'plugins', 'monitor', 'README.md')), '/packages/upstream-proxy.md')
  t.match(destination('../../deploy/README.md#limits', guide), /^https:\/\/github\.com\/.*\/deploy\/README\.md#limits$/)
  t.equal(destination('https://fastify.dev', guide), 'https://fastify.dev')
  t.equal(pageOf(join(root, 'README.md')), null)
})

t.test('each page is in the list of pages', async t => {
  t.same(guides.map(({ path }) => `${path.slice('guide/'.length)}.md`).sort(), [...guideFiles].sort())
  for (const { path } of references) t.ok(made.has(`${path.slice('reference/'.length)}.md`), path)
})

t.test('the reference has every package, and every option that a README documents', async t => {
  t.same(sources.packages.map(({ name }) => name), packageNames())
  let count = 0
  for (const source of sources.packages) {
    const types = optionsOf(sources, source)
    const known = new Set(types.flatMap(({ members }) => members.flatMap(({ name }) => [name, name.split('.').at(-1)])))
    const readme = readFileSync(join(source.folder, '..', 'README.md'), 'utf8')
    // Tables whose head says that they are of options.
    for (const [, rows = ''] of readme.matchAll(/^\| options?[^|\n]* \|.*\n\|[-| :]+\|\n((?:\|.*\n)+)/gm)) {
      for (const [, cell = ''] of rows.matchAll(/^\| ([^|]*) \|/gm)) {
        for (const [, name = ''] of cell.matchAll(/`([\w.]+)`/g)) {
          t.ok(known.has(name) || known.has(name.split('.').at(-1)), `${name} of ${source.name}`)
          count++
        }
      }
    }
    if (types.length > 0) t.ok(made.get('options.md')?.includes(`${source.name}.md`), source.name)
  }
  t.ok(count > 100, `${count} options`)
})

t.test('the reference has every error, channel and column', async t => {
  for (const source of sources.packages) {
    const codes = new Set(errorsOf(sources, source).map(({ code }) => code))
    for (const { text } of source.files) {
      for (const [, code = ''] of text.matchAll(/createError(?:<.*?>)?\('(\w+)'/g)) t.ok(codes.has(code), `${code} in the code of ${source.name}`)
    }
    const readme = readFileSync(join(source.folder, '..', 'README.md'), 'utf8')
    for (const [, code = ''] of readme.matchAll(/^\| `(FST_ARR_\w+)` \|/gm)) t.ok(codes.has(code), `${code} of ${source.name}`)
  }
  t.same(Object.fromEntries(channelsOf(sources).map(({ key, name }) => [key, name])), CHANNELS)
  t.ok(channelsOf(sources).every(({ message }) => message !== null && made.get('channels.md')?.includes(`## ${message}\n`)), 'the message of each')
  t.same([...fieldsOf(sources, 'IIS_FIELDS'), ...fieldsOf(sources, 'EXTRA_FIELDS')].map(({ name }) => name).sort(), [...FIELD_NAMES].sort())
})

t.test('the page on WebSockets behind proxies has every finding of a trace and of the monitor', async t => {
  const text = readFileSync(join(root, 'docs', 'guide', 'websockets-behind-proxies.md'), 'utf8')
  // What can only be said of a request that asked for no WebSocket.
  const elsewhere = new Set(['ANSWER_CUT', 'SLOW_ANSWER'])
  const codes = [...Object.keys(FINDINGS), ...Object.keys(CODES)]
  t.ok(codes.length > 90)
  for (const code of codes) if (!elsewhere.has(code)) t.ok(text.includes(`\`${code}\``), code)
})

t.test('the plots are of tables of the benchmark, with ours among them and the best first', async t => {
  const titles = [...readFileSync(join(root, 'docs', 'guide', 'performance.md'), 'utf8').matchAll(/^```plot\n(.*)\n```$/gm)].map(([, title = '']) => title)
  t.ok(titles.length > 5)
  for (const title of titles) {
    const { bars } = plotOf(title)
    t.ok(bars.some(({ ours }) => ours) && bars.some(({ ours }) => !ours), title)
    t.same(bars.map(({ median }) => median), bars.map(({ median }) => median).sort((one, other) => one - other))
    t.match(drawn(plotOf(title)), /role="img" aria-label="[^"]*nginx/)
  }
  t.throws(() => plotOf('No such table'), /no table/)
})

t.test('the page on leaving IIS shows what check says of its server', async t => {
  const text = readFileSync(join(root, 'docs', 'guide', 'leaving-iis.md'), 'utf8')
  const [, shown = ''] = /^```text\n(examples\/server\n.*?)^```$/ms.exec(text) ?? []
  const { NODE_OPTIONS: _, ...env } = process.env
  const command = join(root, 'plugins', 'iis-config', 'src', 'command', 'cli.ts')
  const { stdout } = await run(process.execPath, [`--import=${import.meta.resolve('tsx')}`, '--conditions=@fastify-arr/source', command, 'check', '--no-color', 'examples/server'], { cwd: root, env })
  const lines = shown.split('\n').filter(line => line.trim() !== '' && line.trim() !== '…')
  t.ok(lines.length > 8)
  for (const line of lines) t.ok(stdout.split(/\r?\n/).includes(line), line)
})
