// Is a server to blame for the end of its tunnel? Where its connection broke before anybody had taken his leave.
import type { FarmFailure, TunnelFact } from '@fastify-arr/facts'
import { codeOf } from '../errors.ts'

/** What the server's farm is told; null for a tunnel that has ended in any other way. */
export function tunnelFailure ({ closedBy, closeCode, ending }: TunnelFact): FarmFailure | null {
  return closedBy === 'upstream' && ending === 'reset' && closeCode === null ? { code: codeOf('Reset'), moment: 'body', status: 101 } : null
}
