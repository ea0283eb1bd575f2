// What is at this place in the file system? A file, a folder with a default document, a folder without one, or nothing.
import { stat } from 'node:fs/promises'
import type { Folder } from '../folders/folder.ts'
import type { Spellings } from './spellings.ts'

/** What was found. The segments are those in the file system, behind the folder's root. */
export type Found =
  | { readonly kind: 'file', readonly segments: readonly string[] }
  /** A folder that was asked for without its slash. */
  | { readonly kind: 'folder' }
  /** A folder without a default document. */
  | { readonly kind: 'no document' }
  | { readonly kind: 'nothing' }

const NOTHING: Found = { kind: 'nothing' }

/** Looks at the file system. `spellings` finds names in another case; null where case counts. */
export async function findFile (folder: Folder, rest: readonly string[], endsWithSlash: boolean, spellings: Spellings | null): Promise<Found> {
  const segments = spellings === null ? rest : await spellings.find(folder.root, rest)
  if (segments === null) return NOTHING
  const kind = await kindOf(folder.root, segments)
  // `/page.html/` is no file.
  if (kind === 'file') return endsWithSlash ? NOTHING : { kind, segments }
  if (kind === 'nothing') return NOTHING
  if (!endsWithSlash) return { kind: 'folder' }
  for (const name of folder.defaultDocuments) {
    const document = spellings === null ? [...segments, name] : await spellings.find(folder.root, [...segments, name])
    if (document !== null && await kindOf(folder.root, document) === 'file') return { kind: 'file', segments: document }
  }
  return { kind: 'no document' }
}

async function kindOf (root: string, segments: readonly string[]): Promise<'file' | 'folder' | 'nothing'> {
  try {
    const found = await stat([root, ...segments].join('/'))
    return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'nothing'
  } catch {
    return 'nothing'
  }
}
