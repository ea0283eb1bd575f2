// What is in a page's file? It is read when it is first needed, and again when it has changed.
import { readdir, readFile, stat } from 'node:fs/promises'

/** The largest page, in bytes: it is kept in memory. */
export const LARGEST = 1_048_576

interface Kept<T> {
  readonly changed: number
  readonly value: T
}

/** Files and folders, each looked at by one reader at a time. The options say which, so that no client can have more of them kept. */
export class PageFiles {
  readonly #files = new Map<string, Kept<Buffer>>()
  readonly #folders = new Map<string, Kept<readonly string[]>>()
  readonly #looks = new Map<string, Promise<unknown>>()

  /** The file's bytes; null where it can't be read, is no file or is too large. */
  read (path: string): Promise<Buffer | null> {
    return this.#once(path, async () => {
      const { mtimeMs, size, isOne } = await lookAt(path)
      if (!isOne || size > LARGEST) return null
      const kept = this.#files.get(path)
      if (kept?.changed === mtimeMs && kept.value.length === size) return kept.value
      const value = await readFile(path)
      if (value.length > LARGEST) return null
      this.#files.set(path, { changed: mtimeMs, value })
      return value
    })
  }

  /** The names of the folders in a folder, in the order of letters; none where it can't be read. */
  async foldersIn (path: string): Promise<readonly string[]> {
    return await this.#once(path, async () => {
      const { mtimeMs } = await lookAt(path)
      const kept = this.#folders.get(path)
      if (kept?.changed === mtimeMs) return kept.value
      const value = (await readdir(path, { withFileTypes: true })).filter(one => one.isDirectory() || one.isSymbolicLink()).map(({ name }) => name).sort()
      this.#folders.set(path, { changed: mtimeMs, value })
      return value
    }) ?? []
  }

  #once<T> (path: string, look: () => Promise<T>): Promise<T | null> {
    const under = this.#looks.get(path)
    if (under !== undefined) return under as Promise<T | null>
    const one = look().catch(() => null).finally(() => this.#looks.delete(path))
    this.#looks.set(path, one)
    return one
  }
}

async function lookAt (path: string): Promise<{ readonly mtimeMs: number, readonly size: number, readonly isOne: boolean }> {
  const found = await stat(path)
  return { mtimeMs: found.mtimeMs, size: found.size, isOne: found.isFile() }
}
