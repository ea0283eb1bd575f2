// The house rules: plugins meet on the request and never import each other, only plain libraries; what a package imports it declares,
// and what it declares it uses; no two files import each other.
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
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
const LIBRARIES: ReadonlySet<string> = new Set(['@fastify-arr/facts', '@fastify-arr/linear-pattern'])

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

t.test('a build notices each file that has changed: the compiler looks at those that it is told of, not at what they import', async t => {
  for (const folder of [root, ...packages.map(one => one.folder)]) {
    const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), ts.sys.readFile)
    const named = new Set(ts.parseJsonConfigFileContent(config, ts.sys, folder).fileNames.map(name => name.replaceAll('\\', '/')))
    const sources = folder === root ? 'start' : 'src'
    for (const file of readdirSync(join(folder, sources), { recursive: true, encoding: 'utf8' })) {
      if (file.endsWith('.ts')) t.ok(named.has(join(folder, sources, file).replaceAll('\\', '/')), `${sources}/${file}`)
    }
  }
})

t.test('what packages have alike is the same file', t => {
  const alike = {
    'roster.ts': ['upstream-proxy', 'listeners'],
    'broken-sessions.ts': ['upstream-proxy', 'listeners'],
    'linear.ts': ['url-rewrite', 'iis-config'],
    'sequences.ts': ['url-rewrite', 'iis-config'],
    'known-options.ts': ['upstream-proxy', 'url-rewrite', 'arr-log', 'listeners', 'host-routing', '../backend']
  }
  for (const [file, names] of Object.entries(alike)) {
    const [first, ...others] = names.map(name => readFileSync(join(import.meta.dirname, '..', 'plugins', name, 'src', file), 'utf8'))
    for (const other of others) t.equal(other, first, file)
  }
  t.end()
})

/** A transport is named in a string: pino loads it in a worker of its own. */
function isNamed ({ folder }: Package, name: string): boolean {
  return readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
    .some(file => file.endsWith('.ts') && readFileSync(join(folder, 'src', file), 'utf8').includes(`'${name}'`))
}
