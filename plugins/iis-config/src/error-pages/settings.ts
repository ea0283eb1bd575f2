// What do the sections say of the pages for errors? They are applied one after another, from the server's down to a place's own.
import type { Part, XmlAttribute } from '../xml/element.ts'

/** A page, before its file is looked for. */
export interface WrittenPage {
  /** A path of the file system, a path of the site, or a URL to be redirected to. */
  readonly kind: 'file' | 'url' | 'redirect'
  readonly text: string
  /** The folder with a folder for each language; null where there is none. */
  readonly languages: string | null
  /** What the report tells of it is told of this. */
  readonly part: Part
}

/** The settings of one place, as far as sections have said anything yet. */
export interface ErrorSettings {
  /** By status, or by status and substatus. */
  readonly pages: Map<string, WrittenPage>
  errorMode: 'Custom' | 'DetailedLocalOnly' | 'Detailed'
  existingResponse: 'Auto' | 'Replace' | 'PassThrough'
  /** The page for all other statuses. */
  defaultPath: XmlAttribute | undefined
  defaultMode: WrittenPage['kind']
}

/** What a section changes in the settings that it inherits. */
export type ErrorChange = (settings: ErrorSettings) => void

/** The defaults of IIS's schema. */
export function unsaid (): ErrorSettings {
  return { pages: new Map(), errorMode: 'DetailedLocalOnly', existingResponse: 'Auto', defaultPath: undefined, defaultMode: 'file' }
}

/** The folder of the pages that IIS ships, which say no more than the status. */
export const SHIPPED = /^%SystemDrive%\\inetpub\\custerr\\?$/i
