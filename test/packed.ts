// How is a packed package installed as this repository is? With the versions of its lock file, and with those of the family.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packages, root, type Package } from './packages.ts'

export const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
export const shell = process.platform === 'win32'

// The versions that this repository is installed with, from npm's cache: the test must not depend on new versions in the
// registry, or on its answering. npm installs only those that a package depends on.
const { packages: locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Readonly<Record<string, { link?: true }>> }
export const lock = JSON.stringify({
  lockfileVersion: 3,
  requires: true,
  packages: { '': {}, ...Object.fromEntries(Object.entries(locked).filter(([path, { link }]) => path.startsWith('node_modules/') && link !== true)) }
})

/** A package and those of the family that it depends on, which the registry does not have yet. */
export function withFamily (one: Package): Package[] {
  const needed = Object.keys(one.manifest.dependencies ?? {}).flatMap(name => packages.filter(other => other.name === name))
  return [one, ...needed.flatMap(withFamily)]
}
