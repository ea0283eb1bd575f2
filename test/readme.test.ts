// Every ```ts block of the READMEs, and of the pages in `docs/`, is a whole module that compiles and runs. A block marked
// `ignore` is an excerpt, and is not run.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import ts from 'typescript'
import { packages, root } from './packages.ts'

const run = promisify(execFile)

interface Block {
  readonly name: string
  readonly file: string
}

// Inside the repository, so that the blocks resolve the packages as the tests do; a new folder for each run of this file.
const place = join(root, 'test', '.readme')
mkdirSync(place, { recursive: true })
const folder = mkdtempSync(join(place, 'run-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const readmes = [join(root, 'README.md'), ...packages.map(one => join(one.folder, 'README.md'))]
const pages = ['', 'guide'].flatMap(folder => readdirSync(join(root, 'docs', folder)).filter(name => name.endsWith('.md')).map(name => join(root, 'docs', folder, name)))
const blocks: Block[] = [...readmes, ...pages].flatMap(readme => {
  const text = readFileSync(readme, 'utf8')
  const short = relative(root, readme).replaceAll('\\', '/')
  return [...text.matchAll(/^```ts *\n(.*?)^```$/gms)].map(({ 1: code = '', index }) => {
    const line = text.slice(0, index).split('\n').length
    const file = join(folder, `${short.replaceAll('/', '-')}-${line}.ts`)
    writeFileSync(file, runnable(code))
    return { name: `${short}:${line}`, file }
  })
})

/** A block that listens gets a free port, and is closed at its end: otherwise it would run for ever, on a port that may be in use. */
function runnable (code: string): string {
  const free = code.replace(/\bport: \d+/g, 'port: 0')
  return free.includes('.listen(') && !free.includes('.close(') ? `${free}\nawait fastify.close()\n` : free
}

// The runner's time limit is for the whole file, which takes longer than that on a slow machine: here each test has a limit of its own.
t.beforeEach(() => { t.setTimeout(120_000) })

t.test('every README has a block that runs', async t => {
  for (const readme of readmes) {
    const short = relative(root, readme).replaceAll('\\', '/')
    t.ok(blocks.some(({ name }) => name.startsWith(`${short}:`)), short)
  }
})

t.test('the blocks compile', async t => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.test.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram(blocks.map(({ file }) => file), { ...options, noEmit: true, noUnusedLocals: false })
  const ours = ts.getPreEmitDiagnostics(program).filter(({ file }) => file?.fileName.includes('/.readme/'))
  t.same(ours.map(({ file, messageText }) => `${file?.fileName.split('/').at(-1)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`), [])
})

for (const { name, file } of blocks) {
  t.test(`${name} runs`, async t => {
    const cwd = t.testdir()
    const { NODE_OPTIONS: _, ...env } = process.env
    const tsx = import.meta.resolve('tsx')
    await run(process.execPath, [`--import=${tsx}`, '--conditions=@fastify-arr/source', file], { cwd, env, timeout: 100_000 })
    t.pass('and ends by itself')
  })
}

t.test('what a README links to is there', async t => {
  for (const readme of readmes) {
    for (const [, target = ''] of readFileSync(readme, 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)) {
      const path = join(readme, '..', decodeURI(target))
      t.ok(ts.sys.fileExists(path) || ts.sys.directoryExists(path), `${relative(root, readme)} → ${target}`)
    }
  }
  t.ok(readdirSync(root).includes('README.md'))
})

t.test('the files that CONTRIBUTING.md names are there', async t => {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  const named = [...text.matchAll(/\b(?:plugins|backend|test|bench|start)\/[\w./-]+\.(?:ts|md)\b/g)].map(([path]) => path)
  t.ok(named.length > 1)
  for (const path of named) t.ok(ts.sys.fileExists(join(root, path)), path)
  // `arr-log/…/fields.ts` is a file of that name in any folder of the package's sources.
  for (const [, name, file = ''] of text.matchAll(/`([\w-]+)\/…\/([\w-]+\.ts)`/g)) {
    const sources = readdirSync(join(root, 'plugins', name as string, 'src'), { recursive: true, encoding: 'utf8' })
    t.equal(sources.filter(source => basename(source) === file).length, 1, `${file} of ${name}`)
  }
})
