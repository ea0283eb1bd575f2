// Which sites, applications and virtual directories does applicationHost.config have, and in which folders are they?
import type { XmlAttribute, XmlElement } from '../xml/element.ts'
import { pathOf } from './folders/given-file.ts'

/** A directory of a site with a folder of its own: the root of an application, or a virtual directory in it. */
export interface SiteDirectory {
  readonly site: string
  readonly path: string
  /** Whether it is the root of an application. */
  readonly application: boolean
  readonly physicalPath: XmlAttribute | undefined
  /** False where `allowSubDirConfig` is: no web.config below the folder is read. */
  readonly subFolders: boolean
}

/** The elements of `<sites>`, by name. */
export function sitesIn (root: XmlElement): XmlElement[] {
  return children(children([root], 'system.applicationHost'), 'sites').flatMap(list => list.children.filter(({ name }) => name === 'site'))
}

/** Every directory with a folder of its own, the outer before the inner. */
export function directoriesOf (root: XmlElement): SiteDirectory[] {
  return sitesIn(root).flatMap(site => {
    const name = site.attributes.get('name')?.value ?? ''
    const directories = children([site], 'application').flatMap(application => {
      const path = application.attributes.get('path')?.value ?? '/'
      return children([application], 'virtualDirectory').map((directory): SiteDirectory => {
        const inner = directory.attributes.get('path')?.value ?? '/'
        return {
          site: name,
          path: pathOf(`${path}/${inner}`),
          application: pathOf(inner) === '/',
          physicalPath: directory.attributes.get('physicalPath'),
          subFolders: !/^(false|0)$/i.test(directory.attributes.get('allowSubDirConfig')?.value.trim() ?? '')
        }
      })
    })
    return directories.sort((a, b) => a.path.length - b.path.length)
  })
}

function children (elements: readonly XmlElement[], name: string): XmlElement[] {
  return elements.flatMap(element => element.children.filter(child => child.name === name))
}
