// Which parts does a filter have, and in which order do they look at a request? The cheapest and the most general first.
import { dynamicIpSecurity } from '../addresses/dynamic-ip-security.ts'
import { ipSecurity } from '../addresses/ip-security.ts'
import type { FilterOptions } from '../options.ts'
import { compileRequestFiltering } from '../request-filtering/compile.ts'
import { origins } from '../web-sockets/origins.ts'
import { webSocketsPerClient } from '../web-sockets/web-sockets-per-client.ts'
import type { CompilePart } from './check.ts'

/** The parts, in the order in which they are asked. */
export const PARTS: Readonly<Record<keyof FilterOptions, CompilePart>> = {
  ipSecurity,
  dynamicIpSecurity,
  requestFiltering: compileRequestFiltering,
  origins,
  webSocketsPerClient
}
