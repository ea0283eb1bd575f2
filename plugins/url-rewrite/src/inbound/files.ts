// What stands at a path on the disk?

import { stat } from 'node:fs/promises'
import type { FileKind } from '../request/state.ts'

/** Looks; whatever can't be looked at is nothing. */
export async function kindOf (path: string): Promise<FileKind> {
  // A NUL would be refused by the file system's API itself, which is not what the rule asked.
  if (path === '' || path.includes('\0')) return 'nothing'
  try {
    const found = await stat(path)
    return found.isDirectory() ? 'directory' : found.isFile() ? 'file' : 'nothing'
  } catch {
    return 'nothing'
  }
}
