// Is this client's address let in? `ipSecurity`, as IIS's <ipSecurity>: from top to bottom, and `allowUnlisted` last.
import type { CompilePart } from '../filter/check.ts'
import { readAddress } from './address.ts'
import { answerOf } from './deny-action.ts'
import { compileNetwork, firstOf, type Network } from './networks.ts'
import { isIpSecurity } from './options.ts'
import { Recent } from './recent.ts'

/** The substatus of 403 for an address (https://learn.microsoft.com/iis/configuration/system.webserver/security/ipsecurity/). */
const ADDRESS_REJECTED = 6

/** How much of an address that is none goes into logs. */
const LONGEST_DETAIL = 64

/** Compiles `ipSecurity`. A client without a readable address is unlisted. */
export const ipSecurity: CompilePart = (value, at, mistakes) => {
  if (value === undefined || value === false || !isIpSecurity(value, at, mistakes)) return null
  const { allowUnlisted = true, addresses = [], denyAction = 'Forbidden' } = value
  const networks = addresses.map((entry, index) => compileNetwork(entry, `${at}.addresses[${index}]`, mistakes))
    .filter((network): network is Network => network !== null)
  if (allowUnlisted && networks.every(network => network.allowed)) return null

  const isAllowed = (text: string | undefined): boolean => {
    const address = readAddress(text)
    return (address === null ? null : firstOf(networks, address))?.allowed ?? allowUnlisted
  }
  const known = new Recent<boolean>()
  const answer = { ...answerOf(denyAction), reason: 'ipSecurity', subStatusCode: denyAction === 'Unauthorized' || denyAction === 'NotFound' ? 0 : ADDRESS_REJECTED } as const

  return ({ request }) => {
    const text = request.ip as string | undefined
    let allowed = known.get(text ?? '')
    if (allowed === undefined) {
      allowed = isAllowed(text)
      if (text === undefined || text.length <= LONGEST_DETAIL) known.set(text ?? '', allowed)
    }
    return allowed ? null : { ...answer, detail: printable(text ?? '-') }
  }
}

// X-Forwarded-For may hold anything where `trustProxy` believes it.
function printable (text: string): string {
  return text.slice(0, LONGEST_DETAIL).replace(/[^\x21-\x7e]/g, '?')
}
