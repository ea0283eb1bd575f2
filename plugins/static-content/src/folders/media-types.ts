// Which media type does a file have? By its extension; a file without a type is not served.
import { mime } from '@fastify/send'

/** The types of a folder's files. */
export interface MediaTypes {
  /** The value of Content-Type for a file name, or null where no type is known. */
  of (name: string): string | null
}

const TEXT = /^text\/|^application\/(?:javascript|json|manifest\+json|xml)$|\+xml$/

/** The types that `mime` knows, and those of the folder's options before them. */
export function mediaTypesOf (own: Readonly<Record<string, string | null>>): MediaTypes {
  const types = new Map(Object.entries(own).map(([extension, type]) => [extension.toLowerCase(), type]))
  return {
    of (name) {
      const dot = name.lastIndexOf('.')
      // `.` is IIS's entry for files without an extension.
      const extension = dot === -1 ? '.' : name.slice(dot).toLowerCase()
      const type = types.get(extension)
      if (type !== undefined) return type
      // IIS has an entry `*` for every other extension where somebody wrote one.
      const known = extension === '.' ? null : mime.getType(extension.slice(1))
      if (known === null) return types.get('.*') ?? null
      return TEXT.test(known) ? `${known}; charset=utf-8` : known
    }
  }
}
