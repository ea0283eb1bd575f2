// Which rules hold for the files of a folder? Its options with IIS's defaults, as they run.
import { resolve } from 'node:path'
import type { ErrorPageOptions, FolderOptions } from '../options.ts'
import { mediaTypesOf, type MediaTypes } from './media-types.ts'

/** One folder, compiled. */
export interface Folder {
  readonly site: string | null
  /** The segments of its URL path, in lower case. */
  readonly path: readonly string[]
  readonly root: string
  readonly defaultDocuments: readonly string[]
  readonly mediaTypes: MediaTypes
  /** The headers that tell clients how to cache. */
  readonly cacheHeaders: Readonly<Record<string, string>>
  readonly compress: boolean
  /** In lower case. */
  readonly hiddenSegments: ReadonlySet<string>
  /** In lower case, each with its dot. */
  readonly hiddenExtensions: ReadonlySet<string>
  readonly errorPages: ReadonlyMap<string, ErrorPageOptions>
  readonly ignoreCase: boolean
  /** False where nothing below is served. */
  readonly served: boolean
}

const DEFAULT_DOCUMENTS = ['index.html', 'index.htm', 'Default.htm']
// IIS's defaults of <hiddenSegments>, and of <fileExtensions> where they are denied (applicationHost.config of IIS 10).
const HIDDEN_SEGMENTS = ['web.config', 'bin', 'App_code', 'App_GlobalResources', 'App_LocalResources', 'App_WebReferences', 'App_Data', 'App_Browsers']
const HIDDEN_EXTENSIONS = [
  '.asax', '.ascx', '.master', '.skin', '.browser', '.sitemap', '.config', '.cs', '.csproj', '.vb', '.vbproj', '.webinfo', '.licx', '.resx', '.resources',
  '.mdb', '.vjsproj', '.java', '.jsl', '.ldb', '.dsdgm', '.ssdgm', '.lsad', '.ssmap', '.cd', '.dsprototype', '.lsaprototype', '.sdm', '.sdmDocument',
  '.mdf', '.ldf', '.ad', '.dd', '.ldd', '.sd', '.adprototype', '.lddprototype', '.exclude', '.refresh', '.compiled', '.msgx', '.vsdisco', '.rules'
]

/** Compiles the options of a folder. */
export function compileFolder (options: FolderOptions): Folder {
  return {
    site: options.site ?? null,
    path: (options.path ?? '/').toLowerCase().split('/').filter(segment => segment !== ''),
    root: resolve(options.root ?? '/'),
    defaultDocuments: options.defaultDocuments ?? DEFAULT_DOCUMENTS,
    mediaTypes: mediaTypesOf(options.mediaTypes ?? {}),
    cacheHeaders: cacheHeaders(options.clientCache ?? {}),
    compress: options.compress ?? false,
    hiddenSegments: lowered(options.hiddenSegments ?? HIDDEN_SEGMENTS),
    hiddenExtensions: lowered(options.hiddenExtensions ?? HIDDEN_EXTENSIONS),
    errorPages: new Map(Object.entries(options.errorPages ?? {})),
    ignoreCase: options.ignoreCase ?? false,
    served: options.served ?? true
  }
}

function lowered (names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map(name => name.toLowerCase()))
}

/** The headers for `<clientCache>` (IIS documentation, *Client Cache*). */
function cacheHeaders ({ maxAge, expires, noCache = false, custom = '' }: NonNullable<FolderOptions['clientCache']>): Record<string, string> {
  const control = [...noCache ? ['no-cache'] : maxAge === undefined ? [] : [`max-age=${maxAge}`], ...custom === '' ? [] : [custom]]
  return {
    ...control.length > 0 && { 'cache-control': control.join(',') },
    ...expires !== undefined && !noCache && { expires: new Date(expires).toUTCString() }
  }
}
