// Which settings of a farm are not those of ARR?
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'

const FRAMEWORK = 'not a setting of ARR, but of another module such as the Web Farm Framework, which provisions servers; nothing is provisioned here'

/** What ARR has in a farm and in a server of it. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  webFarm: ['name', 'enabled', 'adminUserName', 'adminPassword', 'server', 'applicationRequestRouting', 'clear', 'remove'],
  server: ['address', 'enabled', 'applicationRequestRouting']
}

/** What belongs into `<applicationRequestRouting>`, in lower case, and the invented `port`. */
const MISPLACED = ['port', 'httpport', 'httpsport', 'weight', 'hostname', 'algorithm', 'url', 'protocol', 'loadbalancing', 'affinity', 'healthcheck']

/** Tells settings of a farm and its servers that other modules than ARR have, such as the Web Farm Framework. Names of ARR in the wrong place are left to the mistakes. */
export function tellOtherModules (reading: Reading, element: XmlElement): void {
  const known = KNOWN[element.name] ?? []
  for (const attribute of element.attributes.values()) {
    const name = attribute.name.toLowerCase()
    if (attribute.namespace === '' && !known.some(one => one.toLowerCase() === name) && !MISPLACED.includes(name)) reading.differs(attribute, FRAMEWORK)
  }
  for (const child of element.children) {
    if (child.name === 'server') tellOtherModules(reading, child)
    else if (!known.includes(child.name) && !MISPLACED.includes(child.name.toLowerCase())) reading.differsAll(child, FRAMEWORK)
  }
}
