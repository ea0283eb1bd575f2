// What is at a path in the file system?

import { stat } from 'node:fs/promises'
import type { FileKind } from '../request/state.ts'

/** Looks a path up; what can't be read counts as nothing. */
export async function kindOf (path: string): Promise<FileKind> {
  // The file system's API throws for NUL; for the rule such a path does not exist.
  if (path === '' || path.includes('\0')) return 'nothing'
  try {
    const found = await stat(path)
    return found.isDirectory() ? 'directory' : found.isFile() ? 'file' : 'nothing'
  } catch {
    return 'nothing'
  }
}
