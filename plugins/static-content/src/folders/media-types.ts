// Which media type does a file have? By its extension; a file without a type is not served.
import { mime } from '@fastify/send'

/** The types of a folder's files. */
export interface MediaTypes {
  /** The value of Content-Type for a file name, or null where no type is known. */
  of (name: string): string | null
}

// Sources of programs, settings, logs, databases and keys: in IIS a handler runs them or no type is known, and `mime` has types for some.
// A folder that is copied from a server may hold any of them.
const WITHOUT_TYPE: ReadonlySet<string> = new Set([
  ...'asp aspx ashx asmx axd php php3 php4 php5 php7 phtml phps cshtml vbhtml razor cgi fcgi pl pm py pyc rb jsp jspx cfm cfc inc lua tcl c h cpp rs svc shtml stm jade pug hbs ejs'.split(' '),
  ...'ini conf cnf yml yaml toml properties env log sql sqlite sqlite3 db dbf bak old orig swp tmp dump dist deploy deps buffer'.split(' '),
  ...'pem key pfx p12 p8 jks keystore ppk ps1 psm1 sh bash csh ksh bat cmd vbs wsf dll so pdb'.split(' ')
].map(extension => `.${extension}`))

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
      const known = extension === '.' || WITHOUT_TYPE.has(extension) ? null : mime.getType(extension.slice(1))
      if (known === null) return WITHOUT_TYPE.has(extension) ? null : types.get('.*') ?? null
      return TEXT.test(known) ? `${known}; charset=utf-8` : known
    }
  }
}
