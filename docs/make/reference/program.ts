// What does the compiler know of the packages? Their sources, without a build.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { packageNames, root } from '../pages.ts'

export interface Source {
  /** The folder's name. */
  readonly name: string
  /** The package's name, as it is imported. */
  readonly imported: string
  /** The folder of its sources, with slashes. */
  readonly folder: string
  readonly files: readonly ts.SourceFile[]
  /** What may be imported from it. */
  readonly exported: readonly ts.Symbol[]
}

export interface Sources {
  readonly checker: ts.TypeChecker
  readonly packages: readonly Source[]
}

/** Reads all packages; it takes some seconds. */
export function readSources (): Sources {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const folders = packageNames().map(name => ({ name, folder: slashed(name === 'backend' ? join(root, name) : join(root, 'plugins', name)) }))
  const entries = folders.map(({ folder }) => `${folder}/src/index.ts`).filter(file => existsSync(file))
  const program = ts.createProgram(entries, { ...options, noEmit: true })
  const checker = program.getTypeChecker()
  return {
    checker,
    packages: folders.map(({ name, folder }) => {
      const files = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(`${folder}/src/`))
      const index = files.find(({ fileName }) => fileName === `${folder}/src/index.ts`)
      const module = index === undefined ? undefined : checker.getSymbolAtLocation(index)
      const { name: imported } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as { name: string }
      return { name, imported, folder: `${folder}/src/`, files, exported: module === undefined ? [] : checker.getExportsOfModule(module).map(symbol => real(checker, symbol)) }
    })
  }
}

/** What an import or a re-export stands for. */
export function real (checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol
}

function slashed (path: string): string {
  return path.replaceAll('\\', '/')
}
