// Applies a transform (`applicationHost.xdt`, `web.Release.config`) to a tree: it inserts, replaces, changes and removes elements.
import { at } from '../errors.ts'
import type { Reading } from '../reading/reading.ts'
import { XDT, type XmlAttribute, type XmlElement } from './element.ts'
import { elementsAt, locator } from './locator.ts'
import { pathOf, stepsOf } from './path.ts'

const UNSUPPORTED = 'this transform is not supported'
const SUPPORTED = 'Insert, InsertIfMissing, InsertBefore, InsertAfter, Replace, Remove, RemoveAll, SetAttributes and RemoveAttributes are, with Match or a simple Condition'

/** Whether a file is a transform: an element in it has an attribute of the transforms' namespace. */
export function isTransform (root: XmlElement): boolean {
  return [...root.attributes.values()].some(({ namespace }) => namespace === XDT) || root.children.some(isTransform)
}

/**
 * Applies a transform to a tree. Every element and attribute of the transform is reported once: inserted ones under the path
 * where they are inserted, the others under their path in the transform.
 *
 * @param alone the transform is read without a base file: elements that a base file would have are created from the transform.
 */
export function applyTransform (reading: Reading, base: XmlElement, transform: XmlElement, alone: boolean): void {
  // Paths are recorded before elements move.
  const paths = new Map<XmlElement, string>()
  const note = (element: XmlElement, path: string): void => {
    paths.set(element, path)
    const steps = stepsOf(element.children)
    for (const [index, child] of element.children.entries()) note(child, `${path}/${steps[index] ?? ''}`)
  }
  note(transform, pathOf(transform))
  report(transform)
  for (const child of [...transform.children]) visit(child, base)

  function visit (element: XmlElement, parent: XmlElement): void {
    const [, name, argument] = /^\s*(\w+)\s*(?:\((.*)\))?\s*$/s.exec(xdt(element, 'Transform')?.value ?? '') ?? []
    const locate = locator(element, xdt(element, 'Locator')?.value)
    if (locate === null || (xdt(element, 'Transform') !== undefined && name === undefined)) return refuse(element)
    const matches = locate(parent.children.filter(child => child.name === element.name))
    const [first] = matches
    switch (name) {
      case undefined:
        return into(element, parent, matches)
      case 'InsertIfMissing':
        if (first !== undefined) return idle(element, `it is there already, at ${at(first.place)}`)
        return insert(element, parent, parent.children.length)
      case 'Insert':
        return insert(element, parent, parent.children.length)
      case 'InsertBefore':
      case 'InsertAfter': {
        const [target] = elementsAt(base, argument ?? '')?.filter(one => one.parent === parent) ?? []
        if (target === undefined) return refuse(element, `its path finds nothing in <${parent.name}>, or is more than names and simple conditions`)
        return insert(element, parent, parent.children.indexOf(target) + (name === 'InsertAfter' ? 1 : 0))
      }
      case 'Replace': {
        if (first === undefined && !alone) return idle(element, 'there is nothing to replace')
        const index = first === undefined ? parent.children.length : parent.children.indexOf(first)
        if (first !== undefined) takeOut(element, first)
        return insert(element, parent, index)
      }
      case 'Remove':
      case 'RemoveAll': {
        const gone = name === 'Remove' ? matches.slice(0, 1) : matches
        for (const one of gone) takeOut(element, one)
        return idle(element, gone.length > 0 ? `takes out ${gone.map(one => at(one.place)).join(', ')}` : 'there is nothing to take out')
      }
      case 'SetAttributes':
        if (first === undefined && alone) return insert(element, parent, parent.children.length)
        return setAttributes(element, matches, namesIn(argument))
      case 'RemoveAttributes':
        for (const one of matches) for (const attribute of namesIn(argument) ?? []) replaced(element, one, attribute)
        return idle(element, 'takes attributes away')
      default:
        return refuse(element)
    }
  }

  /** An element without a transform of its own: its children apply to the children of the matching element. */
  function into (element: XmlElement, parent: XmlElement, matches: readonly XmlElement[]): void {
    const inside = [...element.children]
    if (matches.length > 0) {
      report(element)
      // Only the first match: a second one would need a copy of what is inserted. In IIS's schemas these elements occur once.
      for (const child of inside) visit(child, matches[0] as XmlElement)
    } else if (alone) {
      element.children.length = 0
      insert(element, parent, parent.children.length)
      for (const child of inside) visit(child, element)
    } else {
      idle(element, `has no effect: <${parent.name}> holds no such <${element.name}>`)
    }
  }

  function insert (element: XmlElement, parent: XmlElement, index: number): void {
    strip(element)
    element.parent = parent
    parent.children.splice(index, 0, element)
  }

  /** Removes the `xdt:` attributes from an inserted element and reports them under their path in the transform. */
  function strip (element: XmlElement): void {
    for (const [name, attribute] of element.attributes) {
      if (attribute.namespace !== XDT) continue
      reading.used(attribute)
      reading.loose(attribute, `${paths.get(element) ?? ''}/@${name}`)
      element.attributes.delete(name)
    }
    for (const child of element.children) strip(child)
  }

  function setAttributes (element: XmlElement, matches: readonly XmlElement[], names: readonly string[] | null): void {
    if (matches.length === 0) return idle(element, 'has no effect: no element matches')
    for (const [name, attribute] of element.attributes) {
      if (attribute.namespace === XDT || (names !== null && !names.includes(name))) continue
      for (const [index, one] of matches.entries()) {
        replaced(element, one, name)
        one.attributes.set(name, index === 0 ? attribute : { ...attribute })
      }
      element.attributes.delete(name)
    }
    report(element)
  }

  /** Removes an attribute that the transform overrides, and reports it. */
  function replaced (by: XmlElement, element: XmlElement, name: string): void {
    const before = element.attributes.get(name)
    if (before === undefined) return
    reading.usedWith(before, `taken back by the transform at ${at(by.place)}`)
    reading.loose(before, `${pathOf(element)}/@${name}`)
    element.attributes.delete(name)
  }

  function takeOut (by: XmlElement, element: XmlElement): void {
    reading.usedAll(element, `taken out by the transform at ${at(by.place)}`)
    reading.looseAll(element, pathOf(element))
    const siblings = element.parent?.children ?? []
    siblings.splice(siblings.indexOf(element), 1)
  }

  /** Reports an element of the transform that is not inserted, and its attributes. */
  function report (element: XmlElement): void {
    reading.used(element, ...element.attributes.values())
    // Without a base file, the transform's root is also the root of the tree, and is reported there.
    if (element !== transform || !alone) reading.loose(element, paths.get(element) ?? '')
    for (const [name, attribute] of element.attributes) reading.loose(attribute, `${paths.get(element) ?? ''}/@${name}`)
  }

  /** Reports an element that has no further effect. */
  function idle (element: XmlElement, why: string): void {
    reading.usedAll(element, why)
    reading.looseAll(element, paths.get(element) ?? '')
  }

  /** Reports an element whose transform is not supported. */
  function refuse (element: XmlElement, why = UNSUPPORTED): void {
    reading.refusedTransforms.push(element)
    reading.losesAll(element, why, SUPPORTED)
    reading.looseAll(element, paths.get(element) ?? '')
  }
}

function xdt (element: XmlElement, name: string): XmlAttribute | undefined {
  return [...element.attributes.values()].find(attribute => attribute.namespace === XDT && attribute.local === name)
}

function namesIn (argument: string | undefined): readonly string[] | null {
  return argument === undefined ? null : argument.split(',').map(name => name.trim())
}
