// Which lines are new in files that grow, and are rotated meanwhile?
import { open, readdir, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Row } from '../rows/row.ts'
import { Rows } from '../rows/rows.ts'
import { siteFolder } from './files.ts'

/** Ignores system errors: a file may be moved away between two steps, and the file that replaces it is read on the next pass. */
function ignoreSystemErrors (error: NodeJS.ErrnoException): void {
  if (typeof error.code !== 'string') throw error
}

interface Followed { readonly rows: Rows, path: string, offset: number, told: number }

/** Keeps the offset to which each file was read, and reads on from there. */
export function createFollower (each: (row: Row) => void, cannotRead: (path: string, line: number, count: number) => void = () => {}) {
  // By device and inode: a renamed file is not a new one, and may have unread lines at its end.
  const files = new Map<string, Followed>()
  return {
    /** Reads the new lines of these files. A file that was replaced or truncated is read from its beginning. */
    async read (paths: readonly string[]): Promise<void> {
      const found = (await Promise.all(paths.map(look))).filter(one => one !== null)
      const seen = new Set(found.map(({ key }) => key))
      for (const [key, { path }] of files) {
        if (seen.has(key)) continue
        const moved = await seek(key, path)
        if (moved === null) files.delete(key)
        else await readNew(moved)
      }
      for (const one of found) await readNew(one)
    }
  }

  async function readNew ({ path, key, size }: Found): Promise<void> {
    let file = files.get(key)
    if (file === undefined || size < file.offset) {
      file = { rows: new Rows(each, siteFolder(path)), path, offset: 0, told: 0 }
      files.set(key, file)
    }
    file.path = path
    if (size === file.offset) return
    const handle = await openSame(path, key).catch(ignoreSystemErrors)
    if (handle) await readOn(handle, file, size).catch(ignoreSystemErrors)
  }

  async function readOn (handle: FileHandle, file: Followed, size: number): Promise<void> {
    for await (const chunk of handle.createReadStream({ start: file.offset, end: size - 1 })) {
      file.offset += chunk.length
      // The last line may be incomplete; `Rows` holds it back.
      file.rows.feed(chunk as Buffer)
    }
    const { count, last } = file.rows.unread
    if (count > file.told) cannotRead(file.path, last, count - file.told)
    file.told = count
  }
}

interface Found { readonly path: string, readonly key: string, readonly size: number }

async function look (path: string): Promise<Found | null> {
  return await stat(path, { bigint: true }).then(({ dev, ino, size }) => ({ path, key: keyOf(dev, ino), size: Number(size) }), () => null)
}

function keyOf (dev: bigint, ino: bigint): string {
  return `${dev} ${ino}`
}

/** Opens a file that `look` has found; null where another file has replaced it since, which the next pass finds. */
async function openSame (path: string, key: string): Promise<FileHandle | null> {
  const handle = await open(path)
  const { dev, ino } = await handle.stat({ bigint: true })
  if (keyOf(dev, ino) === key) return handle
  await handle.close()
  return null
}

/** Finds a file that is not at its path any more. Log rotation renames within the folder, so only that folder is searched. */
async function seek (key: string, path: string): Promise<Found | null> {
  const here = await look(path)
  if (here?.key === key) return here
  const folder = dirname(path)
  for (const name of await readdir(folder).catch(() => [])) {
    const found = await look(join(folder, name))
    if (found?.key === key) return found
  }
  return null
}
