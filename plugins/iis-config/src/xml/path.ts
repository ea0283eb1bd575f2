// Where does an element stand in its document? Paths such as `/configuration/system.webServer/rewrite/rules/rule[2]`.
import type { XmlElement } from './element.ts'

/** The path of one element. */
export function pathOf (element: XmlElement): string {
  return pathFinder()(element)
}

/** As `pathOf`, for many elements of a tree that does not change: paths are cached. */
export function pathFinder (): (element: XmlElement) => string {
  const known = new Map<XmlElement, string>()
  return function find (element: XmlElement): string {
    const { parent, name } = element
    if (parent === null) return `/${name}`
    if (!known.has(element)) {
      const before = find(parent)
      const steps = stepsOf(parent.children)
      for (const [index, child] of parent.children.entries()) known.set(child, `${before}/${steps[index] ?? ''}`)
    }
    return known.get(element) ?? `${find(parent)}/${name}`
  }
}

/** The last step of each element's path: its name, with a number where siblings share the name. */
export function stepsOf (children: readonly XmlElement[]): string[] {
  const counts = new Map<string, number>()
  for (const { name } of children) counts.set(name, (counts.get(name) ?? 0) + 1)
  const met = new Map<string, number>()
  return children.map(({ name }) => {
    if (counts.get(name) === 1) return name
    const number = (met.get(name) ?? 0) + 1
    met.set(name, number)
    return `${name}[${number}]`
  })
}
