// What would users get? A package as npm packs it, and what is wrong with that.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { root, type Package } from '../test/packages.ts'
import { inWords, limitOf } from './sizes.ts'

const run = promisify(execFile)
const shell = process.platform === 'win32'

export interface Packed {
  readonly one: Package
  readonly version: string
  readonly tarball: string
  /** Bytes. */
  readonly size: number
  readonly files: readonly string[]
  /** Sentences; none where it may be published. */
  readonly mistakes: readonly string[]
}

interface Told {
  readonly filename: string
  readonly version: string
  readonly size: number
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** Packs a built package into a folder, and checks what is in the tarball. */
export async function pack (one: Package, folder: string): Promise<Packed> {
  const { filename, version, size, files } = await packOnly(one, folder)
  const tarball = join(folder, filename)
  const paths = files.map(({ path }) => path)
  const mistakes = [...wrongFiles(paths), ...tooLarge(one, size), ...await ofPublint(one), ...await ofTypes(one, tarball)]
  return { one, version, tarball, size, files: paths, mistakes }
}

/** Packs a built package into a folder. Resolves to the tarball's path. */
export async function tarballOf (one: Package, folder: string): Promise<string> {
  return join(folder, (await packOnly(one, folder)).filename)
}

async function packOnly ({ folder: cwd }: Package, folder: string): Promise<Told> {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd, shell })
  const [told] = JSON.parse(stdout) as [Told]
  return told
}

function wrongFiles (paths: readonly string[]): string[] {
  const missing = ['LICENSE', 'README.md', 'CHANGELOG.md'].filter(file => !paths.includes(file)).map(file => `${file} is not in it`)
  // What the compiler has noted for itself.
  return [...missing, ...paths.filter(path => path.endsWith('.tsbuildinfo')).map(path => `${path} is in it`)]
}

function tooLarge ({ name }: Package, size: number): string[] {
  const limit = limitOf(name)
  return size <= limit ? [] : [`it has ${inWords(size)}, more than the ${inWords(limit)} of release/sizes.ts`]
}

async function ofPublint ({ folder }: Package): Promise<string[]> {
  const { messages, pkg } = await publint({ pkgDir: folder, strict: true })
  return messages.map(message => `publint: ${formatMessage(message, pkg) ?? message.code}`)
}

async function ofTypes ({ manifest }: Package, tarball: string): Promise<string[]> {
  const attw = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js')
  // A schema has no types.
  const schemas = Object.keys(manifest.exports ?? {}).filter(path => path.endsWith('.schema.json')).map(path => path.slice(2))
  try {
    await run(process.execPath, [attw, tarball, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii', ...schemas.length > 0 ? ['--exclude-entrypoints', ...schemas] : []])
    return []
  } catch (error) {
    return [`attw: ${(error as { stdout?: string }).stdout ?? String(error)}`]
  }
}
