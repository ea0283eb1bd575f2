// In which order are packages published? Each after those that it depends on, so that no version is there without them.
import type { Package } from '../test/packages.ts'

/** The same packages, dependencies first; by name where nothing else says. */
export function inOrder (packages: readonly Package[]): Package[] {
  const done = new Set<Package>()
  const add = (one: Package): void => {
    if (done.has(one)) return
    for (const name of Object.keys(one.manifest.dependencies ?? {}).sort()) {
      const other = packages.find(other => other.name === name)
      if (other !== undefined) add(other)
    }
    done.add(one)
  }
  for (const one of [...packages].sort((a, b) => a.name < b.name ? -1 : 1)) add(one)
  return [...done]
}
