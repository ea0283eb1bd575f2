// Finds the sections of a file that refuse requests, and marks each part that does.
import type { Reading } from '../reading/reading.ts'
import type { Scope } from '../sections/scopes.ts'
import type { Effect } from '../unread/unread-sections.ts'
import type { Part, XmlAttribute, XmlElement } from '../xml/element.ts'
import { pathOf } from '../xml/path.ts'
import { CLOSED_HERE, type ClosedDoor, type Door } from './doors.ts'
import { ASP_NET_AUTHORIZATION, SECTIONS } from './security-sections.ts'
import type { BodyLimit, Shape, Verdict } from './shape.ts'

/** Elements that hold sections which can refuse requests. Compared in lower case, so that a misspelt one is searched as well. */
const GROUPS = ['location', 'system.webserver', 'security', 'authentication', 'system.web']

/** Attributes that every section may have. An encrypted section has a child element that is in no shape, and therefore closes. */
const UNIVERSAL = /^(lock(Attributes|Elements|AllAttributesExcept|AllElementsExcept|Item)|configSource|configProtectionProvider)$/

/** The parts that refuse requests, and the effect of each section. */
export interface Doors {
  readonly closed: readonly ClosedDoor[]
  /** The strongest effect of the sections in an element; undefined where there are none that can refuse requests. */
  readonly effectOf: (element: XmlElement) => Effect | undefined
  /** The largest body that upstream-proxy may forward, in bytes: the only limit in the file, for the whole server. Undefined where it has none, or several. */
  readonly maxBodySize: number | undefined
}

/**
 * Finds every part that makes IIS refuse requests, and marks it. `include` replaces `configSource` by the contents of the file it names.
 *
 * Each section is examined by itself: one that closes is reported even if every `<location>` below opens it again.
 */
export function findDoors (reading: Reading, scopes: readonly Scope[], open: readonly string[], include: (element: XmlElement) => void): Doors {
  const closed: ClosedDoor[] = []
  const seen = new Map<XmlElement, Effect>()
  const limits: Limit[] = []
  for (const { site, path, container } of scopes) walk(container, `${site === null ? '' : `, of the site ${site}`}${path === '/' ? '' : `, under ${path}`}`)
  for (const element of reading.refusedTransforms) unknownTransform(element)
  return { closed, effectOf, maxBodySize: takeLimit() }

  function walk (group: XmlElement, where: string): void {
    const name = group.name.toLowerCase()
    for (const child of group.children) {
      // A `<location>` below the root is a scope of its own.
      if (child.name === 'location' && group.parent === null) continue
      const shape = shapeOf(child, name)
      if (shape !== undefined) {
        include(child)
        seen.set(child, examine(child, shape, 'security', where, child))
      } else if (GROUPS.includes(child.name.toLowerCase()) && name !== 'system.web') {
        walk(child, child.name.toLowerCase() === 'location' ? `${where}, under ${child.attributes.get('path')?.value ?? ''}` : where)
      } else if (name === 'security' || name === 'authentication') {
        report('security', child, child, 'is not known here, and may refuse anything', where)
        seen.set(child, 'closes')
      }
    }
  }

  /** Examines every part of a section. Unknown parts close: IIS refuses a file that has them (500.19). */
  function examine (element: XmlElement, shape: Shape, above: Door, where: string, section: XmlElement): Effect {
    const own = shape.name ?? above
    let effect: Effect = 'plain'
    const refuse = (part: Part, refuses: string, door = own): void => {
      if (CLOSED_HERE.has(door)) return
      effect = 'closes'
      report(door, element, part, refuses, where)
    }
    for (const attribute of element.attributes.values()) {
      if (attribute.namespace !== '' || UNIVERSAL.test(attribute.name)) continue
      const known = shape.attributes !== undefined && Object.hasOwn(shape.attributes, attribute.name) ? shape.attributes[attribute.name] : undefined
      const verdict = known?.(attribute.value)
      if (isLimit(verdict)) limits.push({ attribute, element, section, door: own, where, verdict })
      else if (typeof verdict === 'object') refuse(attribute, verdict.refuses, verdict.door)
      else if (verdict === 'lost') effect = strongest(effect, 'lost')
      else if (verdict === undefined && isUnknown(shape, attribute.name)) refuse(attribute, `is no attribute of <${element.name}>: IIS refuses the file (500.19)`)
    }
    for (const { part, refuses } of shape.refuses?.(element) ?? []) refuse(part, refuses)
    const start = shape.children?.clear === undefined ? 0 : element.children.findLastIndex(({ name }) => name === 'clear') + 1
    for (const child of shape.free === true ? [] : element.children.slice(start)) {
      const inner = shape.children !== undefined && Object.hasOwn(shape.children, child.name) ? shape.children[child.name] : undefined
      if (inner === undefined) refuse(child, `is no element of <${element.name}>, or is encrypted: what it refuses is not known`)
      else effect = strongest(effect, examine(child, inner, own, where, section))
    }
    return effect
  }

  /** The proxy's options are the same for all sites and paths: a limit for one of them, or one of several, cannot be the proxy's. */
  function takeLimit (): number | undefined {
    const [only] = limits
    if (limits.length === 1 && only?.where === '') {
      reading.usedWith(only.attribute, 'upstream-proxy refuses larger bodies of the requests that it forwards (413.1)')
      reading.loose(only.attribute, `${pathOf(only.element)}/@${only.attribute.name}`)
      return only.verdict.bytes
    }
    for (const { attribute, element, section, door, where, verdict: { otherwise } } of limits) {
      if (typeof otherwise === 'object') report(door, element, attribute, otherwise.refuses, where)
      seen.set(section, strongest(seen.get(section) ?? 'plain', typeof otherwise === 'object' ? 'closes' : otherwise))
    }
    return undefined
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

/** A limit on bodies, and where it was found. */
interface Limit {
  readonly attribute: XmlAttribute
  readonly element: XmlElement
  readonly section: XmlElement
  readonly door: Door
  readonly where: string
  readonly verdict: BodyLimit
}

function isLimit (verdict: Verdict | undefined): verdict is BodyLimit {
  return typeof verdict === 'object' && 'bytes' in verdict
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
