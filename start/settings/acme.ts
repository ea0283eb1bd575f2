// Do certificates come by themselves? An entry `acme:MAIL` of the certificates says so, and from which CA.
import { join } from 'node:path'
import type { AcmeOptions } from '@fastify-arr/listeners'
import { EnvironmentError } from './environment.ts'

const ENTRY = /^acme(?::([^,]*)(?:,(.*))?)?$/is
const MAIL = /^[^\s@,?]+@[^\s@,?]+$/
const NAMED: readonly string[] = ['letsencrypt', 'letsencrypt-staging']

/** Whether an entry of the certificates is one for ACME, rather than a file or a folder. */
export function isAcme (entry: string): boolean {
  return ENTRY.test(entry)
}

/**
 * What the entries say of ACME: `acme:MAIL`, or `acme:MAIL,letsencrypt-staging`, or the https URL of a directory instead of that name. Who writes
 * it agrees to the CA's terms of service. Account and certificates are kept below `folder`. Null where no entry is one.
 *
 * @throws EnvironmentError with a sentence.
 */
export function acmeOf (entries: readonly string[], folder: string): AcmeOptions | null {
  const [entry, ...more] = entries.filter(isAcme)
  if (entry === undefined) return null
  if (more.length > 0) throw new EnvironmentError(`--certificate ${more[0]}: there is one CA for all names, and ${entry} says which.`)
  const [, email = '', directory = 'letsencrypt'] = ENTRY.exec(entry) as unknown as [string, string?, string?]
  if (!MAIL.test(email)) throw new EnvironmentError(`--certificate ${entry}: write acme:MAIL, with the mail address that the CA may write to.`)
  const isUrl = URL.canParse(directory) && new URL(directory).protocol === 'https:'
  if (!NAMED.includes(directory) && !isUrl) throw new EnvironmentError(`--certificate ${entry}: behind the mail address is ${NAMED.join(', ')}, or the https URL of a CA's directory.`)
  return { directory, email, agreeToTerms: true, folder: join(folder, 'acme') }
}
