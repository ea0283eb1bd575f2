// Which attribute or element of a section is locked by the same section of a file above? `lockAttributes`, `lockElements`, `lockItem` and their kin.
import { at } from '../../errors.ts'
import type { XmlElement } from '../../xml/element.ts'

const LOCK = /^lock(Item|Attributes|Elements|AllAttributesExcept|AllElementsExcept)$/

/** Elements that may occur more than once: what locks attributes means nothing on them, `lockItem` does. */
const ITEMS = ['add', 'rule', 'rewriteMap', 'preCondition', 'tags', 'clear', 'remove']

/** What is locked, of a section that a file above has as well; null where nothing is. */
export function brokenLock (above: XmlElement, own: XmlElement): string | null {
  if (isSet(above, 'lockItem')) return `lockItem at ${at(above.place)} locks it`
  for (const { name } of own.attributes.values()) {
    const lock = LOCK.test(name) ? null : lockOn(above, name, 'lockAttributes', 'lockAllAttributesExcept')
    if (lock !== null) return `${lock} at ${at(above.place)} locks ${name}`
  }
  const items = above.children.filter(child => ITEMS.includes(child.name) && isSet(child, 'lockItem'))
  for (const child of own.children) {
    const lock = lockOn(above, child.name, 'lockElements', 'lockAllElementsExcept')
    if (lock !== null) return `${lock} at ${at(above.place)} locks <${child.name}>`
    const item = child.name === 'clear' ? items[0] : child.name === 'remove' ? items.find(item => names(child, item)) : undefined
    if (item !== undefined) return `lockItem at ${at(item.place)} keeps <${child.name}> from taking <${item.name}> away`
    const twin = ITEMS.includes(child.name) ? undefined : above.children.find(one => one.name === child.name)
    const inner = twin === undefined ? null : brokenLock(twin, child)
    if (inner !== null) return inner
  }
  return null
}

/** Whether `<remove>` is about an item: it has the item's key. */
function names (remove: XmlElement, item: XmlElement): boolean {
  return remove.attributes.size > 0 && [...remove.attributes.values()].every(({ name, value }) => item.attributes.get(name)?.value.toLowerCase() === value.toLowerCase())
}

/** The lock on an attribute or child, as it is written; null where there is none. */
function lockOn (element: XmlElement, name: string, these: string, others: string): string | null {
  const listed = listOf(element, these)
  if (listed?.some(one => one === '*' || one === name) === true) return `${these}="${element.attributes.get(these)?.value ?? ''}"`
  const spared = listOf(element, others)
  return spared !== null && !spared.includes(name) ? `${others}="${element.attributes.get(others)?.value ?? ''}"` : null
}

function listOf (element: XmlElement, attribute: string): string[] | null {
  return element.attributes.get(attribute)?.value.split(',').map(name => name.trim()) ?? null
}

function isSet (element: XmlElement, attribute: string): boolean {
  return /^(true|1)$/i.test(element.attributes.get(attribute)?.value.trim() ?? '')
}

/** The attributes of an element and of everything in it that lock something. */
export function locksIn (element: XmlElement): NonNullable<ReturnType<XmlElement['attributes']['get']>>[] {
  return [...[...element.attributes.values()].filter(({ name }) => LOCK.test(name)), ...element.children.flatMap(locksIn)]
}
