// `<ipSecurity>`: which addresses are let in. The first entry that an address is in decides.
// https://learn.microsoft.com/iis/configuration/system.webserver/security/ipsecurity/
import { isIP, isIPv4 } from 'node:net'
import type { IpSecurityAddress } from '../config/filter-options.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import { readDenyAction } from './deny-action.ts'
import { readEntries } from './entries.ts'
import type { FilterChange } from './filter-settings.ts'

const NO_NAMES = 'the names of addresses are not looked up here'

/** The mask of a single address. */
const ONE = '255.255.255.255'

/** Reads one section. */
export function readIpSecurity (reading: Reading, section: XmlElement): FilterChange {
  reading.used(section)
  const allowUnlisted = reading.flag(section, 'allowUnlisted')
  const denyAction = readDenyAction(reading, section)
  if (reading.flag(section, 'enableReverseDns') === true) reading.loses(section.attributes.get('enableReverseDns'), NO_NAMES)
  const addresses = readEntries(reading, section, { key: keyOf, read: entry => readAddress(reading, entry) })
  for (const remove of section.children.filter(({ name }) => name === 'remove')) for (const name of ['ipAddress', 'subnetMask', 'domainName']) reading.text(remove, name)
  return ({ ipSecurity }) => {
    if (allowUnlisted !== undefined) ipSecurity.allowUnlisted = allowUnlisted
    if (denyAction !== undefined) ipSecurity.denyAction = denyAction
    addresses(ipSecurity.addresses)
  }
}

/** An entry is told from others by all three attributes. */
function keyOf ({ attributes }: XmlElement): string {
  const value = (name: string, byDefault: string): string => attributes.get(name)?.value.trim() || byDefault
  return `${value('ipAddress', '')} ${value('subnetMask', ONE)} ${value('domainName', '')}`.trim()
}

function readAddress (reading: Reading, entry: XmlElement): IpSecurityAddress | null {
  const allowed = reading.flag(entry, 'allowed') ?? false
  const ipAddress = reading.text(entry, 'ipAddress')?.trim() ?? ''
  const subnetMask = reading.text(entry, 'subnetMask')?.trim() ?? ''
  if ((reading.text(entry, 'domainName') ?? '').trim() !== '') {
    // One that is not allowed closes; without one that is, more is refused than in IIS.
    if (allowed) reading.losesAll(entry, `${NO_NAMES}: clients of this name are treated as unlisted`, 'name their addresses')
    return null
  }
  if (ipAddress === '') {
    reading.problem(entry, '<add> needs ipAddress="…" or domainName="…"')
    return null
  }
  const [address = '', prefix] = ipAddress.split('/')
  const version = isIP(address)
  if (version === 0 || address.includes('%') || (prefix !== undefined && !isPrefix(prefix, version))) {
    reading.problem(entry.attributes.get('ipAddress') ?? entry, `ipAddress="${ipAddress}" is no IP address`)
    return null
  }
  if (prefix !== undefined && subnetMask !== '') {
    reading.problem(entry, 'the prefix of ipAddress and subnetMask say the same: one of them')
    return null
  }
  if (subnetMask !== '' && subnetMask !== ONE && !(version === 4 && isMask(subnetMask)) && !isPrefix(subnetMask, version)) {
    reading.problem(entry.attributes.get('subnetMask') ?? entry, `subnetMask="${subnetMask}" is no mask of an IPv${version} address, such as ${version === 4 ? '255.255.0.0' : '64'}`)
    return null
  }
  return { ipAddress, ...subnetMask !== '' && subnetMask !== ONE && { subnetMask }, allowed }
}

function isPrefix (text: string, version: number): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= (version === 4 ? 32 : 128)
}

/** Whether a mask has all its ones before its zeros. */
function isMask (text: string): boolean {
  return isIPv4(text) && /^1*0*$/.test(text.split('.').map(part => Number(part).toString(2).padStart(8, '0')).join(''))
}
