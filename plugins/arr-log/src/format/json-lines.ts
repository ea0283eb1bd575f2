// How is an exchange written as a JSON line?
import type { Exchange } from '../exchange/exchange.ts'
import { jsonLine } from './escape.ts'
import type { Format } from './format.ts'

/** One JSON object per line: the structured entry itself, its time as ISO 8601. */
export const JSON_LINES: Format = {
  head: () => '',
  line: ({ endedAt, ...exchange }: Exchange) => jsonLine({ time: new Date(endedAt).toISOString(), ...exchange })
}
