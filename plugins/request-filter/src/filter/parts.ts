// Which parts does a filter have, and in which order do they look at a request? The cheapest and the most general first.
import type { FilterOptions } from '../options.ts'
import { compileRequestFiltering } from '../request-filtering/compile.ts'
import type { CompilePart } from './check.ts'

const nothing: CompilePart = () => null

/** The parts, in the order in which they are asked. */
export const PARTS: Readonly<Record<keyof FilterOptions, CompilePart>> = {
  ipSecurity: nothing,
  dynamicIpSecurity: nothing,
  requestFiltering: compileRequestFiltering,
  origins: nothing,
  webSocketsPerClient: nothing
}
