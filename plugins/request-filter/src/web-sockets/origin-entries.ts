// Which origins does an entry of `origins` stand for?
import { isIP } from 'node:net'
import { normalizeHost } from '@fastify-arr/authority'
import { defaultPortOf, type Origin } from './origin.ts'

/** One compiled entry. */
export type OriginEntry = (origin: Origin) => boolean

const PARTS = /^(?:([a-z][a-z\d+.-]*):\/\/)?(\*\.)?(\[[\da-f:.]+\]|[^\s/?#@:[\]*\\]+)(?::(\d{1,5}))?$/i

/** Schemes that a host without a scheme stands for. Those of extensions and apps have names in the place of hosts, which anybody may choose. */
const WEB: readonly string[] = ['http', 'https']

/** Compiles an origin or a host, with or without a wildcard; null where the text is neither. */
export function compileEntry (text: string): OriginEntry | null {
  const [, schemeText, wildcard, hostText, portText] = PARTS.exec(text) ?? []
  if (hostText === undefined) return null
  const scheme = schemeText?.toLowerCase()
  // Hosts of other schemes are no host names, and browsers write them as they are.
  const isName = scheme === undefined || WEB.includes(scheme)
  const host = isName ? webHost(hostText) : hostText
  const named = portText === undefined ? null : Number(portText)
  if (host === null || (named !== null && named > 65535)) return null
  if (wildcard !== undefined && (!isName || isAddress(host))) return null
  const suffix = `.${host}`

  return origin => {
    if (scheme === undefined ? !WEB.includes(origin.scheme) : origin.scheme !== scheme) return false
    if (origin.port !== (named ?? defaultPortOf(origin.scheme))) return false
    // A label or more before the suffix, none of them empty.
    return wildcard === undefined ? origin.host === host : origin.host.endsWith(suffix) && /^[^.]/.test(origin.host) && !origin.host.includes('..')
  }
}

/** The host as a browser writes it. */
function webHost (text: string): string | null {
  const host = normalizeHost(text)
  if (host === null || !URL.canParse(`http://${host}`)) return null
  return new URL(`http://${host}`).hostname
}

function isAddress (host: string): boolean {
  return host.startsWith('[') || isIP(host) !== 0
}
