// What is an element of a configuration file? A tree in which every element and attribute knows its file, line and column.
import type { Place } from '../errors.ts'

/** The namespace of transforms (`applicationHost.xdt`, `web.Release.config`). */
export const XDT = 'http://schemas.microsoft.com/XML-Document-Transform'

/** The namespace of `xmlns` attributes themselves. */
export const XMLNS = 'http://www.w3.org/2000/xmlns/'

export interface XmlAttribute {
  /** As written, with its prefix. */
  readonly name: string
  readonly local: string
  readonly namespace: string
  value: string
  readonly place: Place
}

export interface XmlElement {
  /** The local name, without a prefix. */
  readonly name: string
  readonly namespace: string
  readonly attributes: Map<string, XmlAttribute>
  readonly children: XmlElement[]
  parent: XmlElement | null
  readonly place: Place
  /** Text directly inside the element, white space aside. No section of IIS has any. */
  text: string
  /** Where the first such text ends. */
  textPlace?: Place
}

/** An element or an attribute; only an attribute has a `value`. */
export type Part = XmlElement | XmlAttribute
