// How a configuration is read and watched. The options that reading gives for the plugins are in config/plugin-options.ts.

/** How a configuration is read. */
export interface ReadOptions {
  /** The largest file that is opened, in bytes. Default: `4194304`. */
  readonly maxBytes?: number
  /** The folder in which conditions of type IsFile and IsDirectory look. Default: the folder of each `web.config`; for applicationHost.config those that `roots` leads to. */
  readonly documentRoot?: string
  /**
   * Folders of the server, and where they were copied to: `{ 'C:\\inetpub': '/srv/inetpub' }`. With it the `web.config` of each site and
   * application in applicationHost.config is read, and those of the folders below. Default: none.
   */
  readonly roots?: Readonly<Record<string, string>>
  /**
   * Whether the files in the folders of sites are served, by static-content. Default: true where `roots`, or the folder of a server that
   * was copied, says where the sites of applicationHost.config are; false for a `web.config`, as it may lie among other files.
   */
  readonly files?: boolean
  /** The directory that a `web.config` is for, e.g. `/app`. Default: `/`. */
  readonly base?: string
  /** Transforms that are applied to the file before it is read, in this order, e.g. `web.Release.config`. Default: none. */
  readonly transforms?: readonly string[]
  /**
   * Sections that may be dropped although IIS refuses requests because of them, e.g. `['ipSecurity', 'access']`: nothing
   * refuses those requests, request-filter neither. A file with a section that no plugin can refuse by is an error where it is not named. Default: none.
   */
  readonly open?: readonly string[]
}

/** How a configuration is watched. */
export interface WatchOptions extends ReadOptions {
  /** The time between two looks at the files, in ms. Default: `1000`. */
  readonly interval?: number
  /** How long the files must be unchanged before they are read, in ms: editors save in several writes. Default: `100`. */
  readonly quiet?: number
}
