// Whom do the rules of `<authorization>` refuse? IIS has all its rules at once, denials first; ASP.NET takes the first that fits.
import type { Part } from '../reading/marks.ts'
import type { XmlElement } from '../xml/parse.ts'

/** A part of the file and, in a short sentence, what IIS refuses because of it. */
export interface Refused {
  readonly part: Part
  readonly refuses: string
}

/**
 * `system.webServer/security/authorization`. The list above is taken for the one that IIS ships, which allows everybody:
 * rules that allow some are no use beside it, so that a list which has only such rules is meant to refuse the others.
 * https://learn.microsoft.com/iis/configuration/system.webserver/security/authorization/
 */
export function refusedByIis (section: XmlElement): Refused[] {
  const entries = new Map<string, XmlElement>()
  let cut: XmlElement | null = null
  for (const child of section.children) {
    const key = ['users', 'roles', 'verbs'].map(name => names(child, name).join()).join(' ')
    if (child.name === 'clear') {
      entries.clear()
      cut = child
    } else if (child.name === 'remove') {
      if (!entries.delete(key) && names(child, 'users').includes('*')) cut = child
    } else if (child.name === 'add') entries.set(key, child)
  }
  const isAllowed = (entry: XmlElement): boolean => ['allow', '0'].includes(text(entry, 'accessType'))
  const denials = [...entries.values()].filter(entry => !isAllowed(entry))
  const [first = cut] = [...entries.values()].filter(isAllowed)
  return [
    ...denials.map(part => ({ part, refuses: `refuses ${whom(part)} (401.2)` })),
    ...first !== null && ![...entries.values()].some(entry => isAllowed(entry) && isForAll(entry))
      ? [{ part: cut ?? first, refuses: 'refuses everybody but those it allows (401.2)' }]
      : []
  ]
}

/** `system.web/authorization`: an `<allow users="*">` ends the list, and so does the one of machine.config behind it. */
export function refusedByAspNet (section: XmlElement): Refused[] {
  const refused: Refused[] = []
  for (const child of section.children) {
    if (child.name === 'allow' && isForAll(child)) break
    if (child.name === 'deny') refused.push({ part: child, refuses: `refuses ${whom(child)} (401)` })
  }
  return refused
}

function isForAll (rule: XmlElement): boolean {
  return names(rule, 'users').includes('*') && names(rule, 'verbs').length === 0
}

function whom (rule: XmlElement): string {
  const users = names(rule, 'users')
  const roles = names(rule, 'roles')
  const verbs = names(rule, 'verbs')
  const who = [
    ...users.includes('*') ? ['everybody'] : users.includes('?') ? ['whoever is not logged in'] : users.length > 0 ? [`the users ${users.join(', ')}`] : [],
    ...roles.length > 0 ? [`the roles ${roles.join(', ')}`] : []
  ].join(' and ')
  return `${who === '' ? 'those it names' : who}${verbs.length === 0 ? '' : `, asking with ${verbs.join(', ').toUpperCase()}`}`
}

function names (rule: XmlElement, attribute: string): string[] {
  return text(rule, attribute).split(',').map(name => name.trim()).filter(name => name !== '')
}

function text (rule: XmlElement, attribute: string): string {
  return rule.attributes.get(attribute)?.value.trim().toLowerCase() ?? ''
}
