// How are a checkout's plugins compiled as for npm, without writing into the checkout?
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const COMPILER: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true
}

const compiled = new Map<string, string>()

/** The folder of a checkout's compiled plugins, inside `folder`; they are compiled at the first call. */
export function compiledTree (from: string, folder: string): string {
  let to = compiled.get(from)
  if (to === undefined) {
    to = mkdtempSync(join(folder, 'tree-'))
    compileTree(from, to)
    compiled.set(from, to)
  }
  return to
}

/** Compiles the plugins of the checkout `from` into the folder `to`. The loader of the tests would slow them down: it wraps functions. */
function compileTree (from: string, to: string): void {
  mkdirSync(join(to, 'plugins'), { recursive: true })
  writeFileSync(join(to, 'package.json'), '{"type":"module"}')
  linkPackages(join(from, 'node_modules'), join(to, 'node_modules'), new Set(['@fastify-arr']))
  mkdirSync(join(to, 'node_modules', '@fastify-arr'))
  for (const plugin of readdirSync(join(from, 'plugins'))) {
    compileFolder(join(from, 'plugins', plugin, 'src'), join(to, 'plugins', plugin, 'src'))
    link(join(from, 'plugins', plugin, 'node_modules'), join(to, 'plugins', plugin, 'node_modules'))
    // What the plugins share is a package as well: it is to be this checkout's source, not what was built there some day.
    const manifest = join(from, 'plugins', plugin, 'package.json')
    if (!existsSync(manifest)) continue
    writeFileSync(join(to, 'plugins', plugin, 'package.json'), readFileSync(manifest, 'utf8').replaceAll('./dist/', './src/'))
    link(join(to, 'plugins', plugin), join(to, 'node_modules', '@fastify-arr', plugin))
  }
}

function linkPackages (from: string, to: string, except: ReadonlySet<string>): void {
  mkdirSync(to)
  for (const name of readdirSync(from)) if (!except.has(name)) link(join(from, name), join(to, name))
}

function compileFolder (from: string, to: string): void {
  if (!existsSync(from)) return
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = join(from, entry.name)
    if (entry.isDirectory()) {
      compileFolder(path, join(to, entry.name))
    } else if (entry.name.endsWith('.ts')) {
      const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions: COMPILER, fileName: path })
      writeFileSync(join(to, entry.name.replace(/\.ts$/, '.js')), outputText)
    } else {
      writeFileSync(join(to, entry.name), readFileSync(path))
    }
  }
}

function link (target: string, path: string): void {
  if (existsSync(target)) symlinkSync(target, path, 'dir')
}
