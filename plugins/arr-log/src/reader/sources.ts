// Which files are meant, and what is new in them?
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { createParser, type Parser } from './parser.ts'
import type { Line } from './columns.ts'

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
  const decoder = new StringDecoder()
  let rest = ''
  for await (const chunk of stream) {
    // Node's readline ends lines at characters that a path may hold.
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n')
    rest = lines.pop()!
    for (const text of lines) await take(text)
  }
  await take(rest + decoder.end())
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

interface Followed { readonly parser: Parser, readonly decoder: StringDecoder, ino: number, offset: number, rest: string }

/** Remembers how far each file was read, and reads on from there. */
export function createFollower (each: (line: Line) => void) {
  const files = new Map<string, Followed>()
  return {
    /** Reads what is new in these files; a file that was replaced or cut is read from its beginning. */
    async read (paths: readonly string[]): Promise<void> {
      for (const path of paths) {
        const { ino, size } = await stat(path).catch(() => ({ ino: -1, size: -1 }))
        if (size === -1) continue
        let file = files.get(path)
        if (file === undefined || file.ino !== ino || size < file.offset) {
          file = { parser: createParser(), decoder: new StringDecoder(), ino, offset: 0, rest: '' }
          files.set(path, file)
        }
        if (size > file.offset) await readOn(path, file, size).catch(outlive)
      }
    }
  }

  async function readOn (path: string, file: Followed, size: number): Promise<void> {
    for await (const chunk of createReadStream(path, { start: file.offset, end: size - 1 })) {
      file.offset += chunk.length
      const lines = (file.rest + file.decoder.write(chunk)).split('\n')
      // The last one may still be being written.
      file.rest = lines.pop()!
      for (const text of lines) {
        const line = file.parser.parse(text)
        if (line !== null) each(line)
      }
    }
  }
}
