// How do headers become the objects that @fastify/http-proxy gives to functions, and lists again?
import type { HeaderList } from '../../forward/answer/rewrites.ts'
import type { HeaderRecord } from '../options/peer-options.ts'

const NOT_A_VALUE = /[^\t\x20-\x7e\x80-\xff]/g

/** The headers by lower-case name. Several of one name are a list, or, in a request, one value, as in Node's `headers`. */
export function recordOf (headers: HeaderList, isRequest: boolean): HeaderRecord {
  const record: Record<string, string | string[]> = {}
  for (const [spelling, value] of headers) {
    const name = spelling.toLowerCase()
    const known = Object.hasOwn(record, name) ? record[name] : undefined
    if (known === undefined) record[name] = name === 'set-cookie' ? [value] : value
    else if (isRequest) record[name] = `${String(known)}${name === 'cookie' ? '; ' : ', '}${value}`
    else record[name] = [...[known].flat(), value]
  }
  return record
}

/** The headers in a record, each with the spelling that it has in `original`. Those without a value are left out, as are characters that no header may have. */
export function listOf (record: Readonly<Record<string, unknown>>, original: HeaderList): HeaderList {
  const spellings = new Map(original.map(([spelling]) => [spelling.toLowerCase(), spelling]))
  const list: HeaderList = []
  for (const [name, value] of Object.entries(record)) {
    for (const one of [value].flat()) {
      if (one !== undefined && one !== null) list.push([spellings.get(name.toLowerCase()) ?? name, String(one).replace(NOT_A_VALUE, '')])
    }
  }
  return list
}
