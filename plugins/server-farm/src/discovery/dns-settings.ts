// What is looked up for a farm? The options, compiled.
import type { DnsOptions } from '../options.ts'

/** What holds for the lookups of one farm. Times are in ms. */
export interface DnsSettings {
  readonly name: string
  readonly type: NonNullable<DnsOptions['type']>
  readonly server: NonNullable<DnsOptions['server']>
  /** The name servers; null for the system's. */
  readonly resolvers: readonly string[] | null
  readonly minInterval: number
  readonly maxInterval: number
}
