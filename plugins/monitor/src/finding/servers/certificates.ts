// Which certificate ends soon?
import type { Finding, SitesView } from '../../messages/index.ts'
import { found, since } from '../codes.ts'
import { counted } from '../sentence.ts'

const SOON = 14

export function certificates (served: SitesView['certificates']): Finding[] {
  return served.filter(({ daysLeft }) => daysLeft < SOON).map(({ listener, names, validTo, daysLeft }) => {
    const when = daysLeft < 0 ? 'has expired' : daysLeft === 0 ? 'expires today' : `expires in ${counted(daysLeft, 'day')}`
    return found('CERTIFICATE_ENDS', since(validTo), `The certificate of the listener ${listener} for ${names.join(', ')} ${when}.`, 'Renew it. The listener reads its files again when they change; look whether whatever renews them still runs.', null)
  })
}
