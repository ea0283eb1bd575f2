// `<affinity>`: does a client stay with its server?
import type { FarmOptions } from '../config/farm-options.ts'
import { readAttributes, type AttributeTable } from '../reading/attribute-table.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'

/** ARR's name of the cookie. */
const COOKIE = 'ARRAffinity'

/** RFC 6265 §4.1.1: a cookie's name is a token. */
const TOKEN = /^[!#$%&'*+.^`|~\w-]+$/

interface Draft {
  useCookie?: boolean
  cookie: string
}

const TABLE = {
  useCookie: (reading, element, name, draft) => { draft.useCookie = reading.flag(element, name) },
  cookieName: (reading, element, name, draft) => {
    const cookie = reading.text(element, name)?.trim() ?? ''
    if (TOKEN.test(cookie)) draft.cookie = cookie
    else reading.differs(element.attributes.get(name), `a cookie cannot have this name: it is ${COOKIE}`)
  },
  timeout: (reading, element, name) => { reading.duration(element, name) },
  useHostName: (reading, element, name) => {
    if (reading.flag(element, name) === true) reading.loses(element.attributes.get(name), 'clients are not bound by the host that they ask for', 'an algorithm of requestHash with the variable HTTP_HOST keeps each host on one server')
  }
} as const satisfies AttributeTable<Draft>

/** Reads the element; undefined where clients do not stay. */
export function readAffinity (reading: Reading, element: XmlElement): FarmOptions['affinity'] {
  const draft: Draft = { cookie: COOKIE }
  readAttributes<Draft>(reading, element, TABLE, draft)
  const timeout = element.attributes.get('timeout')
  if (draft.useCookie !== true) {
    for (const name of ['cookieName', 'timeout']) {
      const attribute = element.attributes.get(name)
      if (attribute !== undefined) reading.usedWith(attribute, 'has no effect without useCookie="true", in ARR as well')
    }
    return undefined
  }
  reading.differs(timeout, 'the cookie lasts as long as the session of the browser, and so does the affinity')
  return { cookie: draft.cookie }
}
