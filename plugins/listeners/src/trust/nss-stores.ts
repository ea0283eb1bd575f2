// Which stores do the browsers of a Linux account read? NSS's: one for Chromium and Chrome, one in each profile of Firefox.

import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Authority, Outcome, Store, World } from './store.ts'

/** Where Firefox keeps its profiles: by itself, with XDG's folders, as a snap, and as a flatpak. */
const FIREFOX = ['.mozilla/firefox', '.config/mozilla/firefox', 'snap/firefox/common/.mozilla/firefox', '.var/app/org.mozilla.firefox/.mozilla/firefox', '.var/app/org.mozilla.firefox/config/mozilla/firefox']
const SNAP = 'snap/chromium/current'

/** That of Chromium and Chrome, which is made where it is missing, and those that are there of other browsers. */
export function nssStores (world: World): Store[] {
  const { home } = world
  const profiles = FIREFOX.map(folder => join(home, folder)).flatMap(folder => existsSync(folder) ? readdirSync(folder).map(name => join(folder, name)) : [])
  const snap = join(home, SNAP)
  return [
    nssStore('Chromium, Chrome', chromiumFolder(home, world.env.XDG_DATA_HOME || join(home, '.local', 'share')), world),
    ...existsSync(snap) ? [nssStore('Chromium (snap)', chromiumFolder(snap, join(snap, '.local', 'share')), world)] : [],
    ...profiles.filter(profile => existsSync(join(profile, 'cert9.db'))).map(profile => nssStore('Firefox', profile, world))
  ]
}

/** The old place where it is there; Chromium of today makes no new store in it. */
function chromiumFolder (home: string, data: string): string {
  const old = join(home, '.pki', 'nssdb')
  return existsSync(old) ? old : join(data, 'pki', 'nssdb')
}

function nssStore (browser: string, folder: string, world: World): Store {
  const ask = (...words: string[]): Outcome => {
    const outcome = world.run('certutil', ['-d', `sql:${folder}`, ...words])
    if (outcome.isMissing) throw new Error('the command certutil is not installed (Debian, Ubuntu: libnss3-tools; Fedora: nss-tools; Arch: nss). Install it, then run this again.')
    return outcome
  }
  const certutil = (...words: string[]): void => {
    const { isDone, text } = ask(...words)
    if (!isDone) throw new Error(text)
  }
  const has = ({ name }: Authority): boolean => ask('-L', '-n', name).isDone
  return {
    name: `${browser} (${folder})`,
    add (authority) {
      let made = ''
      if (!existsSync(join(folder, 'cert9.db'))) {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        certutil('-N', '--empty-password')
        made = 'the store was missing and has been made; '
      }
      if (has(authority)) return 'trusts it already.'
      certutil('-A', '-t', 'C,,', '-n', authority.name, '-i', authority.file)
      return `${made}trusts it now, as "${authority.name}".`
    },
    remove (authority) {
      if (!existsSync(join(folder, 'cert9.db')) || !has(authority)) return 'did not trust it.'
      certutil('-D', '-n', authority.name)
      return 'no longer trusts it.'
    }
  }
}
