// Where does a file refuse requests? Walks the sections that can, wherever they stand, and marks each part that does.
import { ASP_NET_AUTHORIZATION, SECTIONS, type Shape } from './security-sections.ts'
import { CLOSED_HERE, type ClosedDoor, type Door } from './doors.ts'
import type { Part } from '../reading/marks.ts'
import type { Reading } from '../reading/reading.ts'
import type { Scope } from '../sections/scopes.ts'
import type { XmlElement } from '../xml/parse.ts'

/** Elements that hold sections which can refuse, lower case: IIS refuses a file with other letters. */
const GROUPS = ['location', 'system.webserver', 'security', 'authentication', 'system.web']

/** Attributes that every section may have. Encrypted sections hold an element of their own, which no shape knows. */
const UNIVERSAL = /^(lock(Attributes|Elements|AllAttributesExcept|AllElementsExcept|Item)|configSource|configProtectionProvider)$/

/** What the sections come to: what is closed, and of each section whether it asks for nothing that does not happen here. */
export interface Doors {
  readonly closed: readonly ClosedDoor[]
  /** `closes`, `lost` or `plain`; undefined for an element that holds no section which can refuse. */
  readonly comesTo: (element: XmlElement) => 'closes' | 'lost' | 'plain' | undefined
}

type Comes = 'closes' | 'lost' | 'plain'

/**
 * Finds every part that makes IIS refuse requests, and marks it. `include` fetches what a section keeps in another file.
 *
 * A section is looked at by itself: one that closes is told, even if every `<location>` below opens it again.
 */
export function findDoors (reading: Reading, scopes: readonly Scope[], open: readonly string[], include: (element: XmlElement) => void): Doors {
  const closed: ClosedDoor[] = []
  const seen = new Map<XmlElement, Comes>()
  for (const { site, path, container } of scopes) walk(container, `${site === null ? '' : `, of the site ${site}`}${path === '/' ? '' : `, under ${path}`}`)
  for (const element of reading.refusedTransforms) unknownTransform(element)
  return { closed, comesTo }

  function walk (group: XmlElement, where: string): void {
    const name = group.name.toLowerCase()
    for (const child of group.children) {
      // A `<location>` of the root is a scope of its own.
      if (child.name === 'location' && group.parent === null) continue
      const shape = shapeOf(child, name)
      if (shape !== undefined) {
        include(child)
        seen.set(child, examine(child, shape, 'security', where))
      } else if (GROUPS.includes(child.name.toLowerCase()) && name !== 'system.web') {
        walk(child, child.name.toLowerCase() === 'location' ? `${where}, under ${child.attributes.get('path')?.value ?? ''}` : where)
      } else if (name === 'security' || name === 'authentication') {
        tell('security', child, child, 'is not known here, and may refuse anything', where)
        seen.set(child, 'closes')
      }
    }
  }

  /** Every part of a section; unknown parts close, as IIS refuses a file that has them (500.19). */
  function examine (element: XmlElement, shape: Shape, above: Door, where: string): Comes {
    const own = shape.name ?? above
    let comes: Comes = 'plain'
    const refuse = (part: Part, refuses: string, door = own): void => {
      if (CLOSED_HERE.has(door)) return
      comes = 'closes'
      tell(door, element, part, refuses, where)
    }
    for (const attribute of element.attributes.values()) {
      if (attribute.namespace !== '' || UNIVERSAL.test(attribute.name)) continue
      const known = shape.attributes !== undefined && Object.hasOwn(shape.attributes, attribute.name) ? shape.attributes[attribute.name] : undefined
      const verdict = known?.(attribute.value)
      if (typeof verdict === 'object') refuse(attribute, verdict.refuses, verdict.door)
      else if (verdict === 'lost') comes = strongest(comes, 'lost')
      else if (verdict === undefined && isUnknown(shape, attribute.name)) refuse(attribute, `is no attribute of <${element.name}>: IIS refuses the file (500.19)`)
    }
    for (const { part, refuses } of shape.refuses?.(element) ?? []) refuse(part, refuses)
    const start = shape.children?.clear === undefined ? 0 : element.children.findLastIndex(({ name }) => name === 'clear') + 1
    for (const child of shape.free === true ? [] : element.children.slice(start)) {
      const inner = shape.children !== undefined && Object.hasOwn(shape.children, child.name) ? shape.children[child.name] : undefined
      if (inner === undefined) refuse(child, `is no element of <${element.name}>, or is encrypted: what it refuses is not known`)
      else comes = strongest(comes, examine(child, inner, own, where))
    }
    return comes
  }

  function tell (section: Door, element: XmlElement, part: Part, refuses: string, where: string): void {
    const note = `${refuses}${where}`.replace(/\s+/g, ' ')
    closed.push({ ...part.place, section, message: `${section}: ${written(part)} ${note}` })
    reading.closes(element, part, { section, note, open })
  }

  /** A transform that cannot be applied may have closed a door. */
  function unknownTransform (element: XmlElement): void {
    const isAbout = (one: XmlElement | null): boolean => one !== null && (Object.hasOwn(SECTIONS, one.name) || isAbout(one.parent))
    const holds = (one: XmlElement): boolean => Object.hasOwn(SECTIONS, one.name) || one.children.some(holds)
    if (isAbout(element) || holds(element)) tell('security', element, element, 'is a transform that is not supported: what it refuses is not known', '')
  }

  /** The strongest of all sections in an element. */
  function comesTo (element: XmlElement): Comes | undefined {
    const own = seen.get(element)
    if (own !== undefined) return own
    const inside = element.children.map(comesTo).filter(one => one !== undefined)
    return inside.length === 0 ? undefined : inside.reduce(strongest)
  }
}

function shapeOf ({ name }: XmlElement, group: string): Shape | undefined {
  if (group === 'system.web') return name === 'authorization' ? ASP_NET_AUTHORIZATION : undefined
  return ['security', 'authentication', 'system.webserver'].includes(group) && Object.hasOwn(SECTIONS, name) ? SECTIONS[name] : undefined
}

/** In a section that may hold more than is known here, only the letters' case can be wrong. */
function isUnknown (shape: Shape, name: string): boolean {
  return shape.free !== true || Object.keys(shape.attributes ?? {}).some(known => known.toLowerCase() === name.toLowerCase())
}

function strongest (a: Comes, b: Comes): Comes {
  return a === 'closes' || b === 'closes' ? 'closes' : a === 'lost' ? a : b
}

function written (part: Part): string {
  return 'value' in part ? `${part.name}="${part.value.length > 120 ? `${part.value.slice(0, 119)}…` : part.value}"` : `<${part.name}>`
}
