// How is a file with a key written? Whole or not at all, readable by its owner only.

import { randomUUID } from 'node:crypto'
import { chmod, link, readFile, rename, rm, writeFile } from 'node:fs/promises'

async function writeTemporary (file: string, text: string): Promise<string> {
  const temporary = `${file}.${randomUUID()}`
  await writeFile(temporary, text, { mode: 0o600, flag: 'wx' })
  // The umask may have removed more rights than 0o600 does; on Windows the folder's rights are inherited.
  await chmod(temporary, 0o600)
  return temporary
}

/** Writes a file, or replaces it, in one step; leaves it alone where it holds this text already. */
export async function replaceFile (file: string, text: string): Promise<void> {
  if (await readFile(file, 'utf8').catch(() => null) === text) return
  const temporary = await writeTemporary(file, text)
  try {
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Creates a file in one step; false where it exists already. */
export async function createFile (file: string, text: string): Promise<boolean> {
  const temporary = await writeTemporary(file, text)
  try {
    await link(temporary, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    // The file system has no hard links.
    await rename(temporary, file)
    return true
  } finally {
    await rm(temporary, { force: true })
  }
}
