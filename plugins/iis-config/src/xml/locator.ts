// Which elements does a transform apply to? `xdt:Locator`, and the paths of InsertBefore and InsertAfter.
import type { XmlElement } from './element.ts'

/** Selects among elements of one name. */
export type Locate = (candidates: readonly XmlElement[]) => readonly XmlElement[]

/** One term of `@name='a' and @path="b"`, the only XPath conditions that are supported. */
const EQUALITY = /^\s*@([\w.-]+)\s*=\s*(?:'([^']*)'|"([^"]*)")\s*$/

/** Reads `Match(name)` or `Condition(@name='a')` of an element; without a locator the element's name decides. Null for a locator that is not supported. */
export function locator (element: XmlElement, written: string | undefined): Locate | null {
  if (written === undefined) return candidates => candidates
  const [, kind, inside = ''] = /^\s*(Match|Condition)\s*\((.*)\)\s*$/s.exec(written) ?? []
  if (kind === 'Match') {
    const names = inside.split(',').map(name => name.trim())
    return candidates => candidates.filter(one => names.every(name => one.attributes.get(name)?.value === element.attributes.get(name)?.value))
  }
  return kind === 'Condition' ? condition(inside) : null
}

function condition (expression: string): Locate | null {
  const parts = expression.split(/\s+and\s+/).map(part => EQUALITY.exec(part))
  if (parts.some(part => part === null)) return null
  return candidates => candidates.filter(one => parts.every(part =>
    one.attributes.get(part?.[1] ?? '')?.value === (part?.[2] ?? part?.[3])))
}

/** The elements at an absolute path such as `/configuration/system.webServer/rewrite/rules/rule[@name='a']`; null for any other XPath expression. */
export function elementsAt (root: XmlElement, path: string): readonly XmlElement[] | null {
  const steps = path.trim().match(/\/[\w.-]+(?:\[[^\]]*\])?/g)
  if (steps === null || steps.join('') !== path.trim()) return null
  let found: readonly XmlElement[] = []
  for (const [index, step] of steps.entries()) {
    const [, name = '', inside] = /^\/([\w.-]+)(?:\[([^\]]*)\])?$/.exec(step) ?? []
    const here = index === 0 ? [root] : found.flatMap(one => one.children)
    const named = here.filter(one => one.name === name)
    if (inside === undefined) found = named
    else if (/^\d+$/.test(inside)) found = named.slice(Number(inside) - 1, Number(inside))
    else {
      const locate = condition(inside)
      if (locate === null) return null
      found = locate(named)
    }
  }
  return found
}
