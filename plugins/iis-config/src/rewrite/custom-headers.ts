// `<httpProtocol><customHeaders>` becomes outbound rules that set the headers.
import { collection, one, type Collection } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import { framingHeader } from './checks/framing.ts'
import type { OutboundRule, OutboundRules } from './rewrite-options.ts'

/** Reads `<httpProtocol>`: one outbound rule for each header, and what the list deletes of those above. */
export function readHttpProtocol (reading: Reading, section: XmlElement): { rules: OutboundRules, collection: Collection } {
  reading.used(section)
  if (reading.flag(section, 'allowKeepAlive') === false) {
    reading.loses(section.attributes.get('allowKeepAlive'), 'connections of clients are kept', 'set limits.keepAliveTimeout of listeners')
  }
  const redirects = one(reading, section, 'redirectHeaders')
  if (redirects !== undefined) {
    for (const add of collection(reading, redirects, 'add', 'name').entries) reading.losesAll(add, 'headers of redirects alone are not supported', 'write an outbound rule with a precondition on {RESPONSE_STATUS}')
  }
  const list = one(reading, section, 'customHeaders')
  return list === undefined ? { rules: { rules: [] }, collection: { entries: [], cleared: null, removed: new Map() } } : readCustomHeaders(reading, list)
}

function readCustomHeaders (reading: Reading, list: XmlElement): { rules: OutboundRules, collection: Collection } {
  const headers = collection(reading, list, 'add', 'name')
  for (const [name, remove] of headers.removed) {
    if (name === 'x-powered-by') reading.usedAll(remove, 'IIS adds this header by itself; here nobody does')
    else reading.differs(remove, 'only takes back what a file further up adds, not what the upstream sends')
  }
  const removed = new Map([...headers.removed].map(([name, remove]) => [nameFor(name).toLowerCase(), remove]))
  return { rules: { rules: headers.entries.flatMap(add => readHeader(reading, add) ?? []) }, collection: { ...headers, removed } }
}

/** The rule for a header; null for a header that no rule can set. */
function readHeader (reading: Reading, add: XmlElement): OutboundRule | null {
  const name = reading.required(add, 'name')
  const value = reading.text(add, 'value') ?? ''
  if (!/^[\w-]+$/.test(name) || name.includes('_')) {
    reading.losesAll(add, 'a server variable cannot name this header', 'set it in a hook')
    return null
  }
  const framing = framingHeader(name)
  if (framing !== null) {
    reading.losesAll(add, framing)
    return null
  }
  if (/[{}]/.test(value)) {
    reading.losesAll(add, 'the value holds braces, which a rule would expand', 'set it in a hook')
    return null
  }
  reading.differs(add, 'becomes an outbound rule: it replaces the header where the upstream sends it too')
  return reading.made<OutboundRule>({
    name: nameFor(name),
    match: { serverVariable: `RESPONSE_${name.replaceAll('-', '_')}`, pattern: '^.*$' },
    action: { type: 'Rewrite', value }
  }, add)
}

/** The name of a header's rule. */
function nameFor (header: string): string {
  return `customHeaders ${header}`
}
