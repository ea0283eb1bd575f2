// How does an answer bind a client to its server? By ARR's cookie, in the headers that leave for the client.
import { stringifySetCookie } from 'cookie'
import type { FastifyRequest } from 'fastify'
import type { AffinitySettings } from './compile-affinity.ts'

const DISABLE = 'arr-disable-session-affinity'

/**
 * Takes `Arr-Disable-Session-Affinity` (ARR 3.0) out of the headers, names and values in turn, and adds the cookie unless it says `true`.
 *
 * @param value the server's; null where the client has it already.
 */
export function setAffinity (headers: string[], { cookie, sameSite }: AffinitySettings, value: string | null, request: FastifyRequest): void {
  let isDisabled = false
  for (let at = headers.length - 2; at >= 0; at -= 2) {
    if ((headers[at] as string).toLowerCase() !== DISABLE) continue
    isDisabled ||= (headers[at + 1] as string).trim().toLowerCase() === 'true'
    headers.splice(at, 2)
  }
  if (isDisabled || value === null || cookie === null) return
  const secure = request.protocol === 'https'
  // Browsers refuse `SameSite=None` that is not Secure.
  const written = sameSite === 'None' && !secure ? null : sameSite
  headers.push('Set-Cookie', stringifySetCookie({
    name: cookie, value, path: '/', httpOnly: true, secure, ...written !== null && { sameSite: written.toLowerCase() as 'strict' | 'lax' | 'none' }
  }))
}
