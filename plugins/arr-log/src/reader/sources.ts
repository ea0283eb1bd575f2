// Which files does a path stand for, and what is in them?
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Line } from './columns.ts'
import { createParser } from './parser.ts'
import { TextLines } from './text-lines.ts'

/** Called with each line; where it returns a promise, reading waits for it. */
export type Each = (line: Line) => void | Promise<unknown>

/** The log files of a path: the file itself, or all `*.log` in the folder and its subfolders, sorted by path. */
export async function filesOf (path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const found = await readdir(path, { withFileTypes: true, recursive: true })
  return found
    // The httperr log holds no exchanges.
    .filter(entry => entry.isFile() && entry.name.endsWith('.log') && !entry.name.startsWith('httperr'))
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
}

/** Reads a stream to its end. Returns how many lines could not be read. */
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

/** Reads a file to its end. Returns how many lines could not be read. */
export async function readFile (path: string, each: Each): Promise<number> {
  return await readStream(createReadStream(path), each)
}
