// How do the files of a trace come into its folder, and out of it? Whole or not at all: a reader never sees half a file.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A file of a trace: its extension, and how its text is made. */
export interface TraceFile {
  readonly extension: 'xml' | 'html' | 'har'
  readonly text: () => string
}

// As those of the log: the owner writes, the group reads.
const MODE = 0o640
const FOLDER_MODE = 0o750

/** Writes the files of one trace and returns their paths. Rejects where one could not be written; those that were stay. */
export async function writeTrace (folder: string, id: string, files: readonly TraceFile[]): Promise<string[]> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  const paths: string[] = []
  // Each text is made when its turn has come: between them, others are served.
  for (const { extension, text } of files) {
    const path = join(folder, `${id}.${extension}`)
    const unfinished = `${path}.tmp`
    try {
      await writeFile(unfinished, text(), { mode: MODE })
      await rename(unfinished, path)
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {})
      throw error
    }
    paths.push(path)
  }
  return paths
}

/** Deletes all files of one trace. One that cannot be deleted stays. */
export async function deleteTrace (folder: string, id: string): Promise<void> {
  await Promise.allSettled(['xml', 'html', 'har'].map(extension => rm(join(folder, `${id}.${extension}`), { force: true })))
}
