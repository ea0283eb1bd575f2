// Which files are meant, and what is new in them?
import { createReadStream } from 'node:fs'
import { open, readdir, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createParser, type Parser } from './parser.ts'
import type { Line } from './columns.ts'
import { TextLines } from './text-lines.ts'

/** Takes one line; a promise asks to wait before the next. */
export type Each = (line: Line) => void | Promise<unknown>

/** Every log file that is meant by a path: itself, or all `*.log` in the folder and those in it, the oldest name first. */
export async function filesOf (path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const found = await readdir(path, { withFileTypes: true, recursive: true })
  return found
    // The httperr log tells of no exchanges.
    .filter(entry => entry.isFile() && entry.name.endsWith('.log') && !entry.name.startsWith('httperr'))
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
}

/** Reads a stream to its end. Returns the lines that could not be read. */
export async function readStream (stream: NodeJS.ReadableStream, each: Each): Promise<number> {
  const parser = createParser()
  const lines = new TextLines()
  for await (const chunk of stream) {
    for (const text of lines.of(chunk as Buffer)) await take(text)
  }
  await take(lines.end())
  return parser.unread

  async function take (text: string): Promise<void> {
    const line = parser.parse(text)
    if (line !== null) await each(line)
  }
}

export async function readFile (path: string, each: Each): Promise<number> {
  return await readStream(createReadStream(path), each)
}

/** A file that has just been moved away is no mistake of the program's: whatever takes its place will be read. */
function outlive (error: NodeJS.ErrnoException): void {
  if (typeof error.code !== 'string') throw error
}

interface Followed { readonly parser: Parser, readonly lines: TextLines, path: string, offset: number }

/** Remembers how far each file was read, and reads on from there. */
export function createFollower (each: (line: Line) => void) {
  // By what the system calls them: one that was renamed is no new one, and may not have been read to its end.
  const files = new Map<string, Followed>()
  return {
    /** Reads what is new in these files; a file that was replaced or cut is read from its beginning. */
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
      file = { parser: createParser(), lines: new TextLines(), path, offset: 0 }
      files.set(key, file)
    }
    file.path = path
    if (size === file.offset) return
    const handle = await openSame(path, key).catch(outlive)
    if (handle) await readOn(handle, file, size).catch(outlive)
  }

  async function readOn (handle: FileHandle, file: Followed, size: number): Promise<void> {
    for await (const chunk of handle.createReadStream({ start: file.offset, end: size - 1 })) {
      file.offset += chunk.length
      // The last one may still be being written.
      for (const text of file.lines.of(chunk)) {
        const line = file.parser.parse(text)
        if (line !== null) each(line)
      }
    }
  }
}

interface Found { readonly path: string, readonly key: string, readonly size: number }

async function look (path: string): Promise<Found | null> {
  return await stat(path, { bigint: true }).then(({ dev, ino, size }) => ({ path, key: keyOf(dev, ino), size: Number(size) }), () => null)
}

function keyOf (dev: bigint, ino: bigint): string {
  return `${dev} ${ino}`
}

/** Opens a file that was looked at; null where another one has taken its place since, which the next look will find. */
async function openSame (path: string, key: string): Promise<FileHandle | null> {
  const handle = await open(path)
  const { dev, ino } = await handle.stat({ bigint: true })
  if (keyOf(dev, ino) === key) return handle
  await handle.close()
  return null
}

/** Where a file went that is not where it was: as a rule, to another name in the same folder. */
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
