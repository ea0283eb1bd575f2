// Where in the folder of a copied server is applicationHost.config, and where are the drives?
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { entryOf, isFolder } from './roots.ts'

/** Folders in which applicationHost.config may be, from the copied folder on. */
const CONFIG = [[], ['config'], ['inetsrv', 'config'], ['System32', 'inetsrv', 'config'], ['Windows', 'System32', 'inetsrv', 'config']] as const

/** The file; null where there is none. Looked for in the folder, in `System32/inetsrv/config` with and without `Windows`, and in the folders of drives. */
export function serverFileIn (folder: string): string | null {
  for (const drive of [folder, ...drivesIn(folder).map(([, folder]) => folder)]) {
    for (const names of CONFIG) {
      let at: string | null = drive
      for (const name of [...names, 'applicationHost.config']) at = at === null ? null : entryOf(at, name)
      if (at !== null && !isFolder(at)) return at
    }
  }
  return null
}

/** The roots that the folder itself is: a folder `C` or `C$` is the drive C:, else the folder is every drive that a path begins with. */
export function drivesOf (folder: string): (readonly [from: string, to: string])[] {
  const letters = 'CDEFGHIJKLMNOPQRSTUVWXYZAB'
  return [...drivesIn(folder), ...[...letters].map(letter => [`${letter}:`, folder] as const)]
}

function drivesIn (folder: string): (readonly [from: string, to: string])[] {
  return readdirSync(folder).filter(name => /^[a-z][$:]?$/i.test(name) && isFolder(join(folder, name))).map(name => [`${name[0] as string}:`, join(folder, name)] as const)
}
