// Locked sections are not used: IIS answers 500.19 where a file has one.
import type { Reading } from '../../reading/reading.ts'
import type { Scope } from '../../sections/scopes.ts'
import type { XmlElement } from '../../xml/element.ts'
import { pathOf } from '../../xml/path.ts'
import type { Document } from '../document.ts'
import { locksIn } from './element-locks.ts'
import { findLocked } from './locks.ts'

/** Takes locked sections out of the trees, with rows and a mistake that say so, and gives them. Without applicationHost.config it is not known what is locked. */
export function takeLockedOut (reading: Reading, documents: readonly Document[], scopes: readonly Scope[]): ReadonlySet<XmlElement> {
  const server = documents.find(document => document.server)
  for (const { root } of documents) reading.used(...locksIn(root))
  if (server === undefined) return new Set()
  const locked = findLocked(scopes, server.root)
  const paths = locked.map(({ element }) => pathOf(element))
  for (const [index, { element, path, why }] of locked.entries()) {
    reading.losesAll(element, `the section is locked, and not used: ${why}. IIS answers 500.19 wherever this file holds`, 'unlock it further up, or take it out here')
    reading.looseAll(element, paths[index] as string)
    reading.mistake('locked-section', element, `<${path.split('/').at(-1) ?? ''}> is not used: ${why} (500.19)`)
    const siblings = element.parent?.children ?? []
    siblings.splice(siblings.indexOf(element), 1)
  }
  return new Set(locked.map(({ element }) => element))
}
