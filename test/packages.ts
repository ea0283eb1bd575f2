// The packages of the family, as the root's workspaces name them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Manifest {
  readonly name: string
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface Package {
  readonly name: string
  readonly folder: string
  readonly manifest: Manifest
}

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const folders = [...readdirSync(join(root, 'plugins')).map(name => join(root, 'plugins', name)), join(root, 'backend')]

export const packages: readonly Package[] = folders
  .filter(folder => existsSync(join(folder, 'package.json')))
  .map(folder => {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    return { name: manifest.name, folder, manifest }
  })

/** The root: the command, and the app. */
export const program: Package = { name: 'fastify-arr', folder: root, manifest: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest }
