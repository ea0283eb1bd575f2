// Which users do the rules of `<authorization>` refuse? IIS applies denials before allowances; ASP.NET applies the first rule that matches.
import type { XmlElement } from '../xml/element.ts'
import type { Refused } from './shape.ts'

/**
 * `system.webServer/security/authorization`. The inherited list is assumed to be the one that IIS ships, which allows all users.
 * Rules that allow some users have no effect beside it, so a list that has only such rules is meant to refuse all others.
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

/** `system.web/authorization`: rules behind an `<allow users="*">` have no effect; machine.config adds such a rule at the end. */
export function refusedByAspNet (section: XmlElement): Refused[] {
  const refused: Refused[] = []
  for (const child of section.children) {
    if (child.name === 'allow' && isForAll(child)) break
    if (child.name === 'deny') refused.push({ part: child, refuses: `refuses ${whom(child)} (401)` })
  }
  return refused
}

/** Whether a rule is for all users and all verbs. */
function isForAll (rule: XmlElement): boolean {
  return names(rule, 'users').includes('*') && names(rule, 'verbs').length === 0
}

/** The users, roles and verbs of a rule, in words. */
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

/** The names in a comma-separated attribute, lower case. */
function names (rule: XmlElement, attribute: string): string[] {
  return text(rule, attribute).split(',').map(name => name.trim()).filter(name => name !== '')
}

function text (rule: XmlElement, attribute: string): string {
  return rule.attributes.get(attribute)?.value.trim().toLowerCase() ?? ''
}
