// `<loadBalancing>`: how is a server chosen?
import type { FarmAlgorithm, FarmHash } from '../config/farm-options.ts'
import { readAttributes, withoutEffect, type AttributeTable } from '../reading/attribute-table.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'

/** The options that the element becomes. */
export interface Balancing {
  algorithm: FarmAlgorithm
  hash?: FarmHash
}

/** ARR's default. */
export const UNSAID: Balancing = { algorithm: 'weightedRoundRobin' }

const ALGORITHMS = {
  WeightedRoundRobin: 'weightedRoundRobin',
  RequestHash: 'requestHash',
  LeastRequests: 'leastRequests',
  LeastResponseTime: 'leastResponseTime',
  WeightedTotalTraffic: 'weightedTotalTraffic'
} as const satisfies Record<string, FarmAlgorithm>

/** What ARR 3 does with the names that it has no more, and what is done here. */
const OUTDATED: Readonly<Partial<Record<FarmAlgorithm, string>>> = {
  leastRequests: 'ARR 3 takes this name, and balances by WeightedRoundRobin; here the server with the fewest open requests and WebSockets is chosen',
  leastResponseTime: 'ARR 3 takes this name, and balances by WeightedRoundRobin; here the server that answers fastest is chosen, by its load',
  weightedTotalTraffic: 'ARR 3 takes this name, and balances by WeightedRoundRobin; so it is here'
}

/** The variables that a hash may be of. */
const VARIABLE = /^(?:URL|REQUEST_URI|QUERY_STRING|REQUEST_METHOD|REMOTE_ADDR|SERVER_NAME|HTTP_[\w-]+)$/

interface Draft extends Partial<Balancing> {
  variable?: string
  names?: string[]
}

const TABLE = {
  algorithm: (reading, element, name, draft) => {
    draft.algorithm = reading.word(element, name, ALGORITHMS)
    const note = draft.algorithm && OUTDATED[draft.algorithm]
    if (note !== undefined) reading.differs(element.attributes.get(name), note)
  },
  hashServerVariable: (reading, element, name, draft) => {
    const variable = reading.text(element, name)?.trim().toUpperCase() ?? ''
    if (variable !== '') draft.variable = variable
  },
  queryStringNames: (reading, element, name, draft) => {
    draft.names = (reading.text(element, name) ?? '').split(',').map(one => one.trim()).filter(one => one !== '')
  },
  randomizeLBTies: withoutEffect('servers that are alike take turns')
} as const satisfies AttributeTable<Draft>

/** Reads the element. */
export function readLoadBalancing (reading: Reading, element: XmlElement): Balancing {
  const draft: Draft = {}
  readAttributes<Draft>(reading, element, TABLE, draft)
  const algorithm = draft.algorithm ?? UNSAID.algorithm
  if (algorithm === 'requestHash') return { algorithm, hash: hashOf(reading, element, draft) }
  for (const name of ['hashServerVariable', 'queryStringNames']) {
    const attribute = element.attributes.get(name)
    if (attribute !== undefined) reading.usedWith(attribute, 'has no effect without RequestHash, in ARR as well')
  }
  return { algorithm }
}

/** Names of the query string go with the variable QUERY_STRING. */
function hashOf (reading: Reading, element: XmlElement, { variable = 'URL', names = [] }: Draft): FarmHash {
  if (names.length > 0 && (variable === 'QUERY_STRING' || !element.attributes.has('hashServerVariable'))) return { queryStringNames: names, boundedLoad: 0 }
  const attribute = element.attributes.get('queryStringNames')
  if (attribute !== undefined) reading.usedWith(attribute, 'has no effect without the variable QUERY_STRING, in ARR as well')
  if (VARIABLE.test(variable)) return { serverVariable: variable, boundedLoad: 0 }
  reading.differs(element.attributes.get('hashServerVariable'), 'the variable is not known here: the hash is that of the URL', 'URL, QUERY_STRING, REMOTE_ADDR or a header, HTTP_…; server-farm takes a function as well (hash.of)')
  return { serverVariable: 'URL', boundedLoad: 0 }
}
