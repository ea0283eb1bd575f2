// How does a system trust an authority? Windows and macOS for this account, Linux for all accounts, with root's rights.

import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Authority, Store, World } from './store.ts'

/** The folders for added authorities, and the command that takes them over: Debian's, Fedora's, Arch's. */
const LINUX = [
  { folder: '/usr/local/share/ca-certificates', command: ['update-ca-certificates'] },
  { folder: '/etc/pki/ca-trust/source/anchors', command: ['update-ca-trust', 'extract'] },
  { folder: '/etc/ca-certificates/trust-source/anchors', command: ['trust', 'extract-compat'] }
] as const

/** The store of this system. */
export function systemStore (world: World): Store {
  const run = (program: string, ...words: string[]): void => {
    const { isDone, isMissing, text } = world.run(program, words)
    if (isMissing) throw new Error(`the command ${program} is not there.`)
    if (!isDone) throw new Error(`${program} says: ${text}`)
  }
  if (world.platform === 'win32') return windows(run)
  if (world.platform === 'darwin') return macOS(run, join(world.home, 'Library', 'Keychains', 'login.keychain-db'))
  return linux(run)
}

type Run = (program: string, ...words: string[]) => void

function windows (run: Run): Store {
  return {
    name: 'Windows, for Edge, Chrome and Firefox',
    add ({ file }) {
      run('certutil', '-user', '-addstore', 'Root', file)
      return 'trusts it now. (Firefox: where it does not, set security.enterprise_roots.enabled to true in about:config.)'
    },
    remove ({ thumbprint }) {
      run('certutil', '-user', '-delstore', 'Root', thumbprint)
      return 'no longer trusts it.'
    }
  }
}

function macOS (run: Run, keychain: string): Store {
  return {
    name: 'macOS, for Safari, Chrome and Firefox',
    add ({ file }) {
      run('security', 'add-trusted-cert', '-r', 'trustRoot', '-p', 'ssl', '-k', keychain, file)
      return 'trusts it now. (Firefox: where it does not, set security.enterprise_roots.enabled to true in about:config.)'
    },
    remove ({ file }) {
      run('security', 'remove-trusted-cert', file)
      return 'no longer trusts it.'
    }
  }
}

function linux (run: Run): Store {
  const place = LINUX.find(({ folder }) => existsSync(folder))
  const change = (act: (file: string) => void, { name }: Authority): void => {
    if (place === undefined) throw new Error('no folder for added authorities is known here: see the manual of your distribution.')
    try {
      act(join(place.folder, `${name.replace(' ', '-')}.crt`))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      throw new Error(code === 'EACCES' || code === 'EPERM' ? `this account may not write to ${place.folder}: run this as root.` : message, { cause: error })
    }
    const [program, ...words] = place.command
    run(program, ...words)
  }
  return {
    name: `The system, for curl and others (${place?.folder ?? 'no folder'})`,
    add (authority) {
      change(file => { copyFileSync(authority.file, file) }, authority)
      return 'trusts it now.'
    },
    remove (authority) {
      change(file => { rmSync(file, { force: true }) }, authority)
      return 'no longer trusts it.'
    }
  }
}
