// What does this request get? A file, a redirect to the folder, a refusal, or nothing: then it goes on to whoever comes next.
import { basename, dirname } from 'node:path'
import type { RefusalName } from '../errors.ts'
import type { Folder } from '../folders/folder.ts'
import type { Folders } from '../folders/folders.ts'
import { findFile } from '../lookup/find-file.ts'
import { Spellings } from '../lookup/spellings.ts'
import { asUrl, pathOf } from '../lookup/url-path.ts'

/** What a request gets. */
export type Answer =
  | { readonly kind: 'file', readonly folder: Folder, readonly root: string, readonly segments: readonly string[], readonly type: string }
  | { readonly kind: 'redirect', readonly url: string }
  | { readonly kind: 'refusal', readonly folder: Folder, readonly name: RefusalName }
  /** No folder has it: for others to answer. */
  | { readonly kind: 'nothing' }

/** The parts of a request that are read. */
export interface Asked {
  readonly site: string | null
  readonly url: string
}

const NOTHING: Answer = { kind: 'nothing' }

/** Finds the answers in folders. */
export class Answers {
  readonly #folders: Folders
  readonly #spellings = new Spellings()

  constructor (folders: Folders) {
    this.#folders = folders
  }

  async find ({ site, url }: Asked): Promise<Answer> {
    const path = pathOf(url)
    if (path === null) return NOTHING
    const place = this.#folders.find(site, path.segments)
    if (place === null) return NOTHING
    const { folder, rest } = place
    const refusal = (name: RefusalName): Answer => ({ kind: 'refusal', folder, name })
    if (!folder.served) return NOTHING
    // Every segment counts, those of the folder's own path too: a place of its own opens no `bin`.
    if (path.segments.some(segment => folder.hiddenSegments.has(segment.toLowerCase()))) return refusal('HiddenSegment')
    if (isHidden(path.segments.at(-1), folder)) return refusal('HiddenExtension')
    // Names that begin with a dot are of tools (.git, .env); `.well-known` is for clients (RFC 8615).
    if (path.segments.some(segment => segment.startsWith('.') && segment.toLowerCase() !== '.well-known')) return refusal('HiddenSegment')
    const found = await findFile(folder, rest, path.endsWithSlash, folder.ignoreCase ? this.#spellings : null)
    if (found.kind === 'nothing') return folder.errorPages.has('404') || folder.errorPages.has('404.0') ? refusal('NotFound') : NOTHING
    if (found.kind === 'folder') return { kind: 'redirect', url: `${asUrl(path.segments)}/${queryOf(url)}` }
    if (found.kind === 'no document') return refusal('NoListing')
    // A place may be one file: `<location path="index.html">`.
    const isOne = found.segments.length === 0
    const root = isOne ? dirname(folder.root) : folder.root
    const segments = isOne ? [basename(folder.root)] : found.segments
    const type = folder.mediaTypes.of(segments.at(-1) as string)
    return type === null ? refusal('NoMediaType') : { kind: 'file', folder, root, segments, type }
  }
}

function isHidden (name: string | undefined, { hiddenExtensions }: Folder): boolean {
  const dot = name?.lastIndexOf('.') ?? -1
  return name !== undefined && dot !== -1 && hiddenExtensions.has(name.slice(dot).toLowerCase())
}

function queryOf (url: string): string {
  const at = url.indexOf('?')
  return at === -1 ? '' : url.slice(at)
}
