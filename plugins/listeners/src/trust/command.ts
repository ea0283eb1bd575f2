// How is the development authority trusted with one command? Its words, the stores of this system, and what is said of each.

import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { nssStores } from './nss-stores.ts'
import type { Authority, World } from './store.ts'
import { systemStore } from './system-store.ts'

const HELP = `arr-trust: makes browsers of this account trust the development authority of @fastify-arr/listeners

  arr-trust [FILE]            FILE or its folder; default: development-ca.crt in CERTIFICATE_DIR, or in certificates
  arr-trust --undo [FILE]     takes it out of the same stores
  arr-trust --system [FILE]   Linux: the store of curl and others, for all accounts; needs root, and never asks for it

The authority can vouch for its development hosts only (name constraints). Node.js: NODE_EXTRA_CA_CERTS=FILE.`

/** Runs the command; returns the exit code: 1 where a store could not be changed, 2 for wrong words. */
export function trustCommand (words: readonly string[], world: World): number {
  let file: string, undo: boolean, system: boolean
  try {
    const { values, positionals } = parseArgs({ args: [...words], allowPositionals: true, options: { undo: { type: 'boolean' }, system: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } })
    if (values.help === true) {
      world.write(HELP)
      return 0
    }
    if (positionals.length > 1) throw new Error(`one file, and not ${positionals.length}`)
    file = authorityFile(positionals[0] ?? (world.env.CERTIFICATE_DIR || 'certificates'))
    undo = values.undo === true
    system = values.system === true
  } catch (error) {
    world.warn(`arr-trust: ${(error as Error).message}\n\n${HELP}`)
    return 2
  }

  let authority: Authority
  try {
    const { ca, fingerprint, fingerprint256 } = new X509Certificate(readFileSync(file))
    if (!ca) throw new Error('it is the certificate of no authority')
    authority = { file, name: `fastify-arr ${fingerprint256.replaceAll(':', '').slice(0, 12).toLowerCase()}`, thumbprint: fingerprint.replaceAll(':', '') }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    world.warn(code === 'ENOENT' ? `There is no ${file} yet: the first start with https makes it. Start once, then run this again.` : `${file} cannot be used: ${message}`)
    return 1
  }

  const stores = system || world.platform === 'win32' || world.platform === 'darwin' ? [systemStore(world)] : nssStores(world)
  let failures = 0
  for (const { name, add, remove } of stores) {
    try {
      world.write(`${name}: ${undo ? remove(authority) : add(authority)}`)
    } catch (error) {
      failures++
      world.warn(`${name}: ${(error as Error).message}`)
    }
  }
  const command = world.env.npm_lifecycle_event === 'trust' ? 'npm run trust --' : 'npx @fastify-arr/listeners'
  if (!undo && failures < stores.length) {
    world.write('Open browsers may have to be started again.')
    world.write(`To undo: ${command} --undo ${system ? '--system ' : ''}${quoted(file)}`)
  }
  if (!system && world.platform !== 'win32' && world.platform !== 'darwin') world.write(`curl and others: sudo ${command} ${undo ? '--undo ' : ''}--system ${quoted(file)}`)
  return failures > 0 ? 1 : 0
}

function authorityFile (path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true || /\.(crt|pem|cer)$/i.test(path) ? path : join(path, 'development-ca.crt')
}

function quoted (path: string): string {
  return /^[\w./:\\-]+$/.test(path) ? path : `"${path}"`
}
