// `<handlers>`: what of a site's folder is an application's, and no file for clients?
// https://learn.microsoft.com/iis/configuration/system.webserver/handlers/
import type { XmlElement } from '../xml/element.ts'
import type { Change, Handler, Settings } from './settings.ts'

/** Reads one section. Its handlers are asked before those that it inherits. */
export function readHandlers (section: XmlElement): Change {
  const policy = section.attributes.get('accessPolicy')?.value
  const cleared = section.children.some(({ name }) => name === 'clear')
  const removed = new Set(section.children.filter(({ name }) => name === 'remove').map(one => said(one, 'name').toLowerCase()))
  const own = section.children.filter(({ name }) => name === 'add').map((add): Handler => ({
    name: said(add, 'name').toLowerCase(),
    path: said(add, 'path'),
    gets: /(?:^|[,\s])(?:\*|GET)(?:$|[,\s])/i.test(said(add, 'verb')),
    isStatic: /\bStaticFileModule\b/i.test(said(add, 'modules'))
  }))
  return settings => {
    if (policy !== undefined) settings.readable = /\bread\b/i.test(policy)
    settings.handlers = [...own, ...cleared ? [] : settings.handlers.filter(({ name }) => !removed.has(name))]
  }
}

/** Whether files are served at all: whoever takes every path comes first, and he may be an application. */
export function servesFiles ({ readable, handlers }: Settings): boolean {
  return readable && handlers.find(({ path, gets }) => path === '*' && gets)?.isStatic === true
}

/** What else an application takes: extensions, and names of files or folders. */
export function takenBy (handlers: readonly Handler[]): { readonly extensions: readonly string[], readonly names: readonly string[] } {
  const others = handlers.filter(({ path, isStatic, gets }) => !isStatic && gets && path !== '*').map(({ path }) => path.split(/[,;]/)[0]?.trim() ?? '')
  const extensions = others.flatMap(path => /^\*(\.[^*?/\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? [])
  const names = others.flatMap(path => {
    const literal = path.split(/[/\\]/).filter(part => part !== '' && part !== '*')
    return literal.some(part => /[*?]/.test(part)) ? [] : literal.slice(-1)
  })
  return { extensions, names }
}

function said (element: XmlElement, name: string): string {
  return element.attributes.get(name)?.value.trim() ?? ''
}
