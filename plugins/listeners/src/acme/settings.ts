// What is asked of the CA? The `acme` options, checked, with every default filled in.

import type { AcmeOptions } from '../options.ts'
import { unknownOptions } from '../plan/known-options.ts'
import { plainName, resolveName, whyNot } from './names.ts'

/** The options once they have been read. */
export interface AcmeSettings extends Required<Omit<AcmeOptions, 'names' | 'allow' | 'ca' | 'onDemand' | 'agreeToTerms'>> {
  /** Null takes the hosts of the listeners and sites. */
  readonly names: readonly string[] | null
  readonly allow: NonNullable<AcmeOptions['allow']> | null
  readonly ca: AcmeOptions['ca'] | null
  readonly onDemand: Required<NonNullable<AcmeOptions['onDemand']>>
}

const DIRECTORIES: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory'
}

const OPTIONS: Readonly<Record<keyof AcmeOptions, true>> = {
  directory: true, email: true, agreeToTerms: true, names: true, folder: true, challenges: true, allow: true, onDemand: true, ca: true, triesPerHour: true, lockTimeout: true, resolve: true
}
const ON_DEMAND: Readonly<Record<keyof NonNullable<AcmeOptions['onDemand']>, true>> = { concurrent: true, perHour: true, wait: true }

/** Reads the options of ACME; null where they have a mistake. */
export function readAcme (options: AcmeOptions, report: (text: string) => void): AcmeSettings | null {
  let isGood = true
  const mistake = (name: string, text: string): void => {
    isGood = false
    report(`\`acme${name}\` ${text}`)
  }
  if (typeof options !== 'object' || options === null) {
    mistake('', 'must be an object')
    return null
  }
  const {
    directory = 'letsencrypt', email, agreeToTerms, names, folder = 'certificates/acme', challenges = ['http-01', 'tls-alpn-01'], allow, onDemand = {},
    ca, triesPerHour = 20, lockTimeout = 60_000, resolve = resolveName
  } = options
  for (const text of unknownOptions(options, Object.keys(OPTIONS))) mistake(...inside('', text))
  for (const text of unknownOptions(onDemand, Object.keys(ON_DEMAND))) mistake(...inside('.onDemand', text))
  const url = typeof directory === 'string' ? DIRECTORIES[directory] ?? directory : ''
  // RFC 8555 §6.1: https only.
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') mistake('.directory', `must be ${Object.keys(DIRECTORIES).map(name => `'${name}'`).join(', ')} or the https URL of a directory`)
  if (typeof email !== 'string' || !/^[^\s@,?]+@[^\s@,?]+$/.test(email)) mistake('.email', 'must be the mail address that the CA may write to')
  if (agreeToTerms !== true) mistake('.agreeToTerms', 'must be true: the CA issues only to those who agree to its terms of service')
  if (typeof folder !== 'string' || folder === '') mistake('.folder', 'must be a path')
  if (!Array.isArray(challenges) || challenges.length === 0 || !challenges.every(one => one === 'http-01' || one === 'tls-alpn-01')) mistake('.challenges', "must be a list of 'http-01' and 'tls-alpn-01'")
  if (allow !== undefined && typeof allow !== 'function') mistake('.allow', 'must be a function')
  if (typeof resolve !== 'function') mistake('.resolve', 'must be a function')
  if (ca !== undefined && typeof ca !== 'string' && !Buffer.isBuffer(ca)) mistake('.ca', 'must be a PEM, as text or Buffer')
  const demand = { concurrent: 4, perHour: 20, wait: 8000, ...onDemand }
  for (const [name, value] of Object.entries({ '.triesPerHour': triesPerHour, '.lockTimeout': lockTimeout, '.onDemand.concurrent': demand.concurrent, '.onDemand.perHour': demand.perHour, '.onDemand.wait': demand.wait })) {
    if (!(Number.isInteger(value) && value >= 1 && value <= 0x7fffffff)) mistake(name, 'must be a whole number from 1 on')
  }
  const wanted = readNames(names, mistake)
  if (!isGood) return null
  return { directory: url, email: email as string, names: wanted, folder, challenges, allow: allow ?? null, onDemand: demand, ca: ca ?? null, triesPerHour, lockTimeout, resolve }
}

function readNames (names: AcmeOptions['names'], mistake: (name: string, text: string) => void): string[] | null {
  if (names === undefined) return null
  if (!Array.isArray(names) || !names.every(name => typeof name === 'string')) {
    mistake('.names', 'must be a list of host names')
    return null
  }
  const plain = names.map(plainName)
  for (const [index, name] of plain.entries()) {
    const reason = whyNot(name)
    if (reason !== null) mistake(`.names[${index}]`, `'${names[index]}' ${reason}`)
  }
  return [...new Set(plain)]
}

/** The name of an unknown option begins with that of the object that it is in. */
function inside (at: string, text: string): [string, string] {
  const [, key = '', rest = ''] = /^`([^`]*)` (.*)$/s.exec(text) ?? []
  return [`${at}.${key}`, rest]
}
