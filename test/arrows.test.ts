// The house rules: plugins meet on the request and never import each other, only plain libraries; what a package imports it declares,
// and what it declares it uses; no files import each other in a circle; files are small, and folders too.
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { basename, dirname, join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { packages, root, type Package } from './packages.ts'

/** The bare specifiers that a package's sources import, types included, as package names. */
function imports ({ folder }: Package): Map<string, string> {
  const found = new Map<string, string>()
  for (const file of readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue
    const source = readFileSync(join(folder, 'src', file), 'utf8')
    for (const { fileName } of ts.preProcessFile(source, true, true).importedFiles) {
      if (fileName.startsWith('.')) continue
      const [scope = '', name = ''] = fileName.split('/')
      found.set(scope.startsWith('@') ? `${scope}/${name}` : scope, file)
    }
  }
  return found
}

/** Packages that are no plugins: any package may import them. */
const LIBRARIES: ReadonlySet<string> = new Set(['@fastify-arr/facts', '@fastify-arr/linear-pattern', '@fastify-arr/authority'])

/** The root's own folders of sources, beside `app.ts`. */
const PROGRAM = ['command', 'start']

const isBuiltin = (name: string): boolean => name.startsWith('node:') || builtinModules.includes(name)

for (const one of packages) {
  t.test(one.name, async t => {
    const imported = imports(one)
    const declared = new Set([...Object.keys(one.manifest.dependencies ?? {}), ...Object.keys(one.manifest.peerDependencies ?? {})])
    for (const [name, file] of imported) {
      t.ok(!name.startsWith('@fastify-arr/') || LIBRARIES.has(name), `${file} imports no plugin (${name})`)
      if (!isBuiltin(name)) t.ok(declared.has(name) || declared.has(`@types/${name}`), `${name}, imported by ${file}, is declared`)
      if (isBuiltin(name)) t.ok(name.startsWith('node:'), `${name} in ${file} is written with node:`)
    }
    for (const name of declared) {
      const typed = name.startsWith('@types/') ? name.slice('@types/'.length) : name
      t.ok(imported.has(typed) || isNamed(one, typed), `${name} is declared and used`)
    }
  })
}

t.test('a build notices each file that has changed: the compiler compares the files that tsconfig.json names, not those that they import', async t => {
  for (const folder of [root, ...packages.map(one => one.folder)]) {
    const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), ts.sys.readFile)
    const named = new Set(ts.parseJsonConfigFileContent(config, ts.sys, folder).fileNames.map(name => name.replaceAll('\\', '/')))
    for (const sources of folder === root ? PROGRAM : ['src']) {
      for (const file of readdirSync(join(folder, sources), { recursive: true, encoding: 'utf8' })) {
        if (file.endsWith('.ts')) t.ok(named.has(join(folder, sources, file).replaceAll('\\', '/')), `${sources}/${file}`)
      }
    }
  }
})

const MOST_FILES = 12
const MOST_LINES = 200

for (const [name, read] of [...packages.map(one => [one.name, () => sourcesOf(one)] as const), ['fastify-arr', programsSources] as const]) {
  t.test(`${name} has small files and folders, and no circles`, async t => {
    const files = read()
    const arrows = arrowsBetween(files)
    t.same(circlesIn(arrows), [], 'no files import each other in a circle, types included')
    const folders = [...files.keys()].map(dirname)
    for (const folder of new Set(folders)) {
      const count = folders.filter(one => one === folder).length
      t.ok(count <= MOST_FILES, `${join('src', folder)} has ${count} files, at most ${MOST_FILES}`)
    }
    for (const [file, text] of files) {
      const lines = text.trimEnd().split('\n').length
      t.ok(lines <= MOST_LINES, `src/${file} has ${lines} lines, at most ${MOST_LINES}`)
    }
  })
}

t.test('what the root imports it declares, and of what it declares it imports all', async t => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  const imported = new Set([...programsSources().values()].flatMap(text => ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName))
    .filter(name => !name.startsWith('.') && !isBuiltin(name)).map(name => name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/')))
  const all = [...programsSources().values()].join('\n')
  for (const name of imported) t.ok(name in dependencies, `${name} is declared`)
  for (const name of Object.keys(dependencies)) t.ok(imported.has(name) || all.includes(`'${name}/`) || name === 'pino-pretty', `${name} is used`)
})

t.test('the check for circles reports the shortest through each file', async t => {
  const arrows = new Map([['a', ['b']], ['b', ['c', 'd']], ['c', ['a']], ['d', ['d', 'e']], ['e', ['d']], ['f', ['a']]])
  t.same(circlesIn(arrows), ['a → b → c → a', 'd → d', 'e → d → e'])
})

t.test('files that several packages have are equal', async t => {
  const alike = {
    'roster.ts': ['upstream-proxy', 'listeners'],
    'in-turn.ts': ['upstream-proxy', 'listeners'],
    'bare-refusal.ts': ['upstream-proxy', 'listeners'],
    'objection.ts': ['upstream-proxy', 'listeners'],
    'broken-sessions.ts': ['upstream-proxy', 'listeners'],
    'nearest.ts': ['request-trace', 'arr-log', 'iis-config'],
    'argument-mistake.ts': ['request-trace', 'arr-log', 'iis-config'],
    'colours-wanted.ts': ['request-trace', 'arr-log', 'iis-config'],
    'once-in-scope.ts': ['server-farm', 'request-trace', 'metrics', 'monitor', 'request-filter', 'error-pages', 'static-content', 'listeners', 'url-rewrite', 'arr-log', 'open-telemetry', 'workers'],
    'known-options.ts': ['upstream-proxy', 'url-rewrite', 'arr-log', 'listeners', 'host-routing', 'static-content', 'request-filter', 'error-pages', 'server-farm', 'request-trace', 'metrics', 'monitor', 'backend', 'open-telemetry', 'workers'],
    'when-tunnels.ts': ['arr-log', 'metrics', 'request-trace']
  }
  for (const [name, folders] of Object.entries(alike)) {
    const [first, ...others] = folders.map(folder => {
      const sources = sourcesOf(packages.find(one => basename(one.folder) === folder) as Package)
      return [...sources].filter(([file]) => basename(file) === name).map(([, text]) => text)
    })
    t.equal(first?.length, 1, `${name} is there once in each`)
    for (const other of others) t.same(other, first, name)
    if (name === 'nearest.ts') t.equal(readFileSync(join(root, 'start', 'settings', name), 'utf8'), first?.[0], 'and the program has it as well')
  }
})

/** The text of each source file of a package, by its path below `src`. */
function sourcesOf ({ folder }: Package): Map<string, string> {
  const files = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts')).sort()
  return new Map(files.map(file => [file.replaceAll('\\', '/'), readFileSync(join(folder, 'src', file), 'utf8')]))
}

/** Those of the root. */
function programsSources (): Map<string, string> {
  const files = PROGRAM.flatMap(folder => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(file => join(folder, file)))
  return new Map(['app.ts', ...files].filter(file => file.endsWith('.ts')).sort().map(file => [file.replaceAll('\\', '/'), readFileSync(join(root, file), 'utf8')]))
}

/** Which files each file imports from its own package. */
function arrowsBetween (files: ReadonlyMap<string, string>): Map<string, string[]> {
  return new Map([...files].map(([file, text]) => {
    const imported = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName).filter(name => name.startsWith('.'))
    return [file, imported.map(name => join(dirname(file), name).replaceAll('\\', '/'))]
  }))
}

/** The shortest circle through each file that is in one, each circle once. */
function circlesIn (arrows: ReadonlyMap<string, readonly string[]>): string[] {
  const found = new Map<string, string>()
  for (const start of arrows.keys()) {
    const cameFrom = new Map<string, string>()
    const next = [start]
    for (const file of next) {
      for (const target of arrows.get(file) ?? []) {
        if (cameFrom.has(target)) continue
        cameFrom.set(target, file)
        if (target !== start) next.push(target)
      }
    }
    if (!cameFrom.has(start)) continue
    const way = [start]
    do way.unshift(cameFrom.get(way[0] as string) as string)
    while (way[0] !== start)
    const key = way.slice(1).sort().join()
    if (!found.has(key)) found.set(key, way.join(' → '))
  }
  return [...found.values()]
}

/** A pino transport is named in a string: pino loads it in a worker. */
function isNamed ({ folder }: Package, name: string): boolean {
  return readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
    .some(file => file.endsWith('.ts') && readFileSync(join(folder, 'src', file), 'utf8').match(new RegExp(`'${name}['/]`)) !== null)
}
