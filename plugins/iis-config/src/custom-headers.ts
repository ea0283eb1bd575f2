// What does `<httpProtocol><customHeaders>` say? Outbound rules that set the headers.
import { collection } from './collection.ts'
import type { Reading } from './reading.ts'
import type { OutboundRule } from './rewrite-options.ts'
import type { XmlElement } from './xml.ts'

/** Reads `<httpProtocol>`; gives one outbound rule for each header. */
export function readHttpProtocol (reading: Reading, section: XmlElement): OutboundRule[] {
  reading.used(section)
  if (reading.flag(section, 'allowKeepAlive') === false) {
    reading.loses(section.attributes.get('allowKeepAlive'), 'connections of clients are kept', 'set limits.keepAliveTimeout of listeners')
  }
  return section.children.flatMap(list => {
    if (list.name === 'redirectHeaders') {
      reading.used(list)
      for (const add of collection(reading, list, 'add', 'name').entries) reading.losesAll(add, 'headers of redirects alone are not supported', 'write an outbound rule with a precondition on {RESPONSE_STATUS}')
      return []
    }
    return list.name === 'customHeaders' ? readCustomHeaders(reading, list) : []
  })
}

function readCustomHeaders (reading: Reading, list: XmlElement): OutboundRule[] {
  reading.used(list)
  const headers = collection(reading, list, 'add', 'name')
  for (const [name, remove] of headers.removed) {
    if (name === 'x-powered-by') reading.usedAll(remove, 'IIS adds this header by itself; here nobody does')
    else reading.differs(remove, 'only takes back what a file further up adds, not what the upstream sends')
  }
  return headers.entries.flatMap(add => {
    const name = reading.required(add, 'name')
    const value = reading.text(add, 'value') ?? ''
    if (!/^[\w-]+$/.test(name) || name.includes('_')) {
      reading.losesAll(add, 'a server variable cannot name this header', 'set it in a hook')
      return []
    }
    if (/[{}]/.test(value)) {
      reading.losesAll(add, 'the value holds braces, which a rule would expand', 'set it in a hook')
      return []
    }
    reading.differs(add, 'becomes an outbound rule: it replaces the header where the upstream sends it too')
    return [reading.made<OutboundRule>({
      name: `customHeaders ${name}`,
      match: { serverVariable: `RESPONSE_${name.replaceAll('-', '_')}`, pattern: '^.*$' },
      action: { type: 'Rewrite', value }
    }, add)]
  })
}
