// How is the server laid out? Its applications, the folders of their files, and what became of each path in the file.
import type { XmlAttribute } from '../xml/element.ts'
import type { DocumentFolder } from '../rewrite/rewrite-options.ts'

/** The layout of a server. Of one file alone only `server` and `documentRoot` are known. */
export interface Layout {
  /** Whether one of the files is about a whole server. */
  readonly server: boolean
  /** Whether the file is read as one of several, each at its place, and so inherits as in IIS. */
  readonly among: boolean
  /** Where conditions on files look. */
  readonly documentRoot: string | readonly DocumentFolder[] | undefined
  /** Applications below the root of their site. */
  readonly applications: readonly { readonly site: string | null, readonly path: string }[]
  /** The folders whose files are served: none unless the option `files` says so, or the folders of a server are known. */
  readonly served: readonly ServedFolder[]
  /** Where a file of the server is on this machine; null where it is not known. */
  readonly fileAt: (path: string) => string | null
  /** What became of the physical path of a virtual directory; undefined where files of other folders are not looked for. */
  readonly folderNote: (attribute: XmlAttribute | undefined) => FolderNote | undefined
}

/** A folder whose files are served; null where it is not on this machine, so that those of a folder above are not served in its place. */
export interface ServedFolder extends Omit<DocumentFolder, 'folder'> {
  readonly folder: string | null
}

/** `found` where the folder is on this machine. */
export interface FolderNote {
  readonly found: boolean
  readonly note: string
}

/** Whether conditions on files can be asked in a site; null asks for any site. */
export function hasFolder (documentRoot: Layout['documentRoot'], site: string | null): boolean {
  if (!Array.isArray(documentRoot)) return documentRoot !== undefined
  return (documentRoot as readonly DocumentFolder[]).some(folder => site === null || folder.site === undefined || folder.site === site)
}
