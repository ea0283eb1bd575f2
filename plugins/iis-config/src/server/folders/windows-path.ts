// How is a path of Windows compared with another one? Without case, with / as \, and with its references to the environment replaced.
import { win32 } from 'node:path'

/** What the references are on a server as Windows is installed. On Windows itself, the environment goes before. */
const DEFAULTS: Readonly<Record<string, string>> = {
  systemdrive: 'C:',
  homedrive: 'C:',
  systemroot: 'C:\\Windows',
  windir: 'C:\\Windows',
  programdata: 'C:\\ProgramData',
  allusersprofile: 'C:\\ProgramData',
  programfiles: 'C:\\Program Files',
  'programfiles(x86)': 'C:\\Program Files (x86)',
  programw6432: 'C:\\Program Files',
  public: 'C:\\Users\\Public'
}

/** Replaces `%SystemDrive%` and its like. A reference that is not known stays. */
export function expanded (path: string, environment: Readonly<Record<string, string | undefined>> = process.platform === 'win32' ? process.env : {}): string {
  return path.replace(/%([^%]+)%/g, (whole, name: string) => {
    const own = Object.keys(environment).find(key => key.toLowerCase() === name.toLowerCase())
    const known = own === undefined ? undefined : environment[own]
    return known ?? (Object.hasOwn(DEFAULTS, name.toLowerCase()) ? DEFAULTS[name.toLowerCase()] as string : whole)
  })
}

/**
 * The parts of an absolute path: `C:\inetpub\wwwroot` is `C:`, `inetpub`, `wwwroot`; `\\server\share\a` is `\\server`, `share`, `a`; a
 * reference to the environment that nobody knows is a part as well. Null for a path that is not absolute.
 */
export function partsOf (path: string): readonly string[] | null {
  const normal = win32.normalize(path.trim().replace(/^\\\\\?\\(?=[a-z]:)/i, '')).replace(/\\+$/, '')
  const unc = normal.startsWith('\\\\')
  const parts = (unc ? normal.slice(2) : normal.replace(/^([a-z]:)\.$/i, '$1')).split('\\')
  if (unc) return parts.length < 2 ? null : [`\\\\${parts[0] ?? ''}`, ...parts.slice(1)]
  return /^([a-z]:|%[^%]+%)$/i.test(parts[0] ?? '') ? parts : null
}

/** What of a path is below another one; null where it is not below it. Case does not matter. */
export function below (path: readonly string[], folder: readonly string[]): readonly string[] | null {
  return folder.every((part, index) => part.toLowerCase() === path[index]?.toLowerCase()) ? path.slice(folder.length) : null
}
