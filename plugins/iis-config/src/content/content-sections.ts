// The sections that say how files are served.

/** Their paths. */
export const CONTENT_SECTIONS = [
  'system.webServer/staticContent',
  'system.webServer/defaultDocument',
  'system.webServer/directoryBrowse',
  'system.webServer/urlCompression',
  'system.webServer/httpCompression'
] as const

export type ContentPath = typeof CONTENT_SECTIONS[number]

export function isContent (path: string): path is ContentPath {
  return (CONTENT_SECTIONS as readonly string[]).includes(path)
}
