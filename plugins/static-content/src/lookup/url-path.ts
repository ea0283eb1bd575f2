// Which path does a URL ask for? Its segments, decoded once, in the form in which IIS's rules see it.

/** The path of a URL as segments. */
export interface UrlPath {
  readonly segments: readonly string[]
  /** True where it ends with a slash, or with a dot segment. */
  readonly endsWithSlash: boolean
}

const DOTS = /^\.\.?$/
// Never names of files that a site serves: control characters, and what Windows reads as a stream (`a::$DATA`), as another spelling
// of a name (`web.config.`, `web.config `) or as a device.
const UNSERVABLE = /[\p{Cc}:*?"<>|]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/iu

/** Reads the path of an origin-form URL. Null where it can't be decoded, or names what no file is called. */
export function pathOf (url: string): UrlPath | null {
  const query = url.indexOf('?')
  let path: string
  try {
    path = decodeURIComponent(query === -1 ? url : url.slice(0, query))
  } catch {
    return null
  }
  const segments: string[] = []
  const parts = path.split(/[/\\]+/)
  for (const part of parts) {
    if (part === '' || part === '.') continue
    if (part === '..') segments.pop()
    else if (UNSERVABLE.test(part)) return null
    else segments.push(part)
  }
  const last = parts[parts.length - 1] as string
  return { segments, endsWithSlash: last === '' || DOTS.test(last) }
}

/** The segments as a URL path that begins with one slash, and so names no host. */
export function asUrl (segments: readonly string[]): string {
  return `/${segments.map(encodeURIComponent).join('/')}`
}
