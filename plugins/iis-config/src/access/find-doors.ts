// Finds the sections of a file that refuse requests, and marks each part that does.
import type { Reading } from '../reading/reading.ts'
import type { Scope } from '../sections/scopes.ts'
import type { Effect } from '../unread/unread-sections.ts'
import type { Part, XmlElement } from '../xml/element.ts'
import { CLOSED_HERE, isOpen, type ClosedDoor, type Door } from './doors.ts'
import { ASP_NET_AUTHORIZATION, SECTIONS } from './security-sections.ts'
import type { Shape } from './shape.ts'

/** Elements that hold sections which can refuse requests. Compared in lower case, so that a misspelt one is searched as well. */
const GROUPS = ['location', 'system.webserver', 'security', 'authentication', 'system.web']

/** Attributes that every section may have. An encrypted section has a child element that is in no shape, and therefore closes. */
const UNIVERSAL = /^(lock(Attributes|Elements|AllAttributesExcept|AllElementsExcept|Item)|configSource|configProtectionProvider)$/

/** The parts that refuse requests, and the effect of each section. */
export interface Doors {
  readonly closed: readonly ClosedDoor[]
  /** The strongest effect of the sections in an element; undefined where there are none that can refuse requests. */
  readonly effectOf: (element: XmlElement) => Effect | undefined
}

/** What is done with sections on the way. */
interface Steps {
  /** Replaces `configSource` by the contents of the file it names. */
  readonly include: (element: XmlElement) => void
  /** Takes the sections out that are locked, and gives them: request-filter does not get what they say. */
  readonly takeOut: () => ReadonlySet<XmlElement>
  /** Whether the sites are known: what is said of a site that nobody has is refused by nobody. */
  readonly hasSites: boolean
}

/** Something that IIS refuses because of a section. */
interface Finding {
  readonly door: Door
  readonly element: XmlElement
  readonly part: Part
  readonly refuses: string
  readonly where: string
  readonly section: XmlElement
  /** Whether request-filter refuses it as well, unless the section is locked. */
  readonly here: boolean
}

/**
 * Finds every part that makes IIS refuse requests, and marks those that nothing refuses here.
 *
 * Each section is examined by itself: one that closes is reported even if every `<location>` below opens it again.
 */
export function findDoors (reading: Reading, scopes: readonly Scope[], open: readonly string[], { include, takeOut, hasSites }: Steps): Doors {
  const closed: ClosedDoor[] = []
  const findings: Finding[] = []
  const seen = new Map<XmlElement, Effect>()
  for (const { site, path, container } of scopes) walk(container, `${site === null ? '' : `, of the site ${site}`}${path === '/' ? '' : `, under ${path}`}`, site === null || hasSites ? '' : null)
  const locked = takeOut()
  for (const { door, element, part, refuses, where, section, here } of findings) {
    if (here && !locked.has(section) && !isOpen(door, open)) continue
    seen.set(section, 'closes')
    report(door, element, part, refuses, where)
  }
  for (const element of reading.refusedTransforms) unknownTransform(element)
  return { closed, effectOf }

  /** `path` is where request-filter's sections are looked for, as it is written; null where they are not. */
  function walk (group: XmlElement, where: string, path: string | null): void {
    const name = group.name.toLowerCase()
    for (const child of group.children) {
      // A `<location>` below the root is a scope of its own.
      if (child.name === 'location' && group.parent === null) continue
      const shape = shapeOf(child, name)
      if (shape !== undefined) {
        include(child)
        seen.set(child, examine(child, shape, 'security', where, child, path === '/system.webServer/security'))
      } else if (GROUPS.includes(child.name.toLowerCase()) && name !== 'system.web') {
        walk(child, child.name.toLowerCase() === 'location' ? `${where}, under ${child.attributes.get('path')?.value ?? ''}` : where, path === null ? null : `${path}/${child.name}`)
      } else if (name === 'security' || name === 'authentication') {
        report('security', child, child, 'is not known here, and may refuse anything', where)
        seen.set(child, 'closes')
      }
    }
  }

  /** Examines every part of a section. Unknown parts close: IIS refuses a file that has them (500.19). */
  function examine (element: XmlElement, shape: Shape, above: Door, where: string, section: XmlElement, isRead: boolean): Effect {
    const own = shape.name ?? above
    let effect: Effect = 'plain'
    const refuse = (part: Part, refuses: string, door: Door, beyond: boolean): void => {
      findings.push({ door, element, part, refuses, where, section, here: isRead && !beyond && CLOSED_HERE.has(door) })
    }
    for (const attribute of element.attributes.values()) {
      if (attribute.namespace !== '' || UNIVERSAL.test(attribute.name)) continue
      const known = shape.attributes !== undefined && Object.hasOwn(shape.attributes, attribute.name) ? shape.attributes[attribute.name] : undefined
      const verdict = known?.(attribute.value)
      if (typeof verdict === 'object') refuse(attribute, verdict.refuses, verdict.door ?? own, verdict.beyond === true)
      else if (verdict === 'lost') effect = 'lost'
      else if (verdict === undefined && isUnknown(shape, attribute.name)) refuse(attribute, `is no attribute of <${element.name}>: IIS refuses the file (500.19)`, own, true)
    }
    for (const { part, refuses, beyond } of shape.refuses?.(element) ?? []) refuse(part, refuses, own, beyond === true)
    const start = shape.children?.clear === undefined ? 0 : element.children.findLastIndex(({ name }) => name === 'clear') + 1
    for (const child of shape.free === true ? [] : element.children.slice(start)) {
      const inner = shape.children !== undefined && Object.hasOwn(shape.children, child.name) ? shape.children[child.name] : undefined
      if (inner === undefined) refuse(child, `is no element of <${element.name}>, or is encrypted: what it refuses is not known`, own, true)
      else effect = strongest(effect, examine(child, inner, own, where, section, isRead))
    }
    return effect
  }

  function report (section: Door, element: XmlElement, part: Part, refuses: string, where: string): void {
    const note = `${refuses}${where}`.replace(/\s+/g, ' ')
    closed.push({ ...part.place, section, message: `${section}: ${written(part)} ${note}` })
    reading.closes(element, part, { section, note, open })
  }

  /** A transform that is not supported may concern a section that refuses requests. */
  function unknownTransform (element: XmlElement): void {
    const isAbout = (one: XmlElement | null): boolean => one !== null && (Object.hasOwn(SECTIONS, one.name) || isAbout(one.parent))
    const holds = (one: XmlElement): boolean => Object.hasOwn(SECTIONS, one.name) || one.children.some(holds)
    if (isAbout(element) || holds(element)) report('security', element, element, 'is a transform that is not supported: what it refuses is not known', '')
  }

  function effectOf (element: XmlElement): Effect | undefined {
    const own = seen.get(element)
    if (own !== undefined) return own
    const inside = element.children.map(effectOf).filter(one => one !== undefined)
    return inside.length === 0 ? undefined : inside.reduce(strongest)
  }
}

function shapeOf ({ name }: XmlElement, group: string): Shape | undefined {
  if (group === 'system.web') return name === 'authorization' ? ASP_NET_AUTHORIZATION : undefined
  return ['security', 'authentication', 'system.webserver'].includes(group) && Object.hasOwn(SECTIONS, name) ? SECTIONS[name] : undefined
}

/** Whether IIS would not know an attribute. In a `free` section this is known only of names with wrong case. */
function isUnknown (shape: Shape, name: string): boolean {
  return shape.free !== true || Object.keys(shape.attributes ?? {}).some(known => known.toLowerCase() === name.toLowerCase())
}

/** `closes` before `lost` before `plain`. */
function strongest (a: Effect, b: Effect): Effect {
  return a === 'closes' || b === 'closes' ? 'closes' : a === 'lost' ? a : b
}

function written (part: Part): string {
  return 'value' in part ? `${part.name}="${part.value.length > 120 ? `${part.value.slice(0, 119)}…` : part.value}"` : `<${part.name}>`
}
