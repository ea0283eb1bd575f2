// What do the sections say of a folder's files? They are applied one after another, from the server's down to the folder's own.

/** The settings of one folder, as far as sections have said anything yet. */
export interface Settings {
  /** By extension, in lower case; null for one that is taken away. */
  readonly mediaTypes: Map<string, string | null>
  readonly cache: {
    mode: 'NoControl' | 'DisableCache' | 'UseMaxAge' | 'UseExpires'
    /** In seconds. */
    maxAge: number
    expires: string | undefined
    custom: string
  }
  documents: { enabled: boolean, files: string[] }
  compress: boolean
  /** In the order in which they are asked. */
  handlers: readonly Handler[]
  /** False where `accessPolicy` has no Read. */
  readable: boolean
}

/** Who answers for a path of IIS's wildcards. */
export interface Handler {
  /** In lower case. */
  readonly name: string
  readonly path: string
  /** Whether it takes GET. */
  readonly gets: boolean
  /** Whether it is IIS's handler of files. */
  readonly isStatic: boolean
}

/** What a section changes in the settings that it inherits. */
export type Change = (settings: Settings) => void

/** The settings that IIS 10 ships in applicationHost.config and in its schema. */
export function shipped (): Settings {
  return {
    mediaTypes: new Map(),
    cache: { mode: 'NoControl', maxAge: 86_400, expires: undefined, custom: '' },
    documents: { enabled: true, files: ['Default.htm', 'Default.asp', 'index.htm', 'index.html', 'iisstart.htm', 'default.aspx'] },
    compress: true,
    handlers: [{ name: 'staticfile', path: '*', gets: true, isStatic: true }],
    readable: true
  }
}
