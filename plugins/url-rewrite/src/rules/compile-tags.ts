// Which attributes of which tags does an outbound rule read?

import type { OutboundRule, OutboundRules, OutboundTag } from './outbound-rule.ts'
import type { CompileContext } from './compile-context.ts'

// IIS URL Rewrite 2.0 reference, "Pre-defined tags".
const TAGS = {
  A: ['href'],
  Area: ['href'],
  Base: ['href'],
  Form: ['action'],
  Frame: ['src', 'longdesc'],
  Head: ['profile'],
  IFrame: ['src', 'longdesc'],
  Img: ['src', 'longdesc', 'usemap'],
  Input: ['src', 'usemap'],
  Link: ['href'],
  Script: ['src']
} as const satisfies Record<Exclude<OutboundTag, 'CustomTags'>, readonly string[]>

/** By tag, its attributes; both in lower case. */
export function compileTags ({ match }: OutboundRule, written: OutboundRules, context: CompileContext): Map<string, Set<string>> {
  const tags = new Map<string, Set<string>>()
  const add = (tag: string, attribute: string): void => {
    const known = tags.get(tag.toLowerCase())
    if (known === undefined) tags.set(tag.toLowerCase(), new Set([attribute.toLowerCase()]))
    else known.add(attribute.toLowerCase())
  }
  for (const tag of match.filterByTags ?? []) {
    if (tag === 'CustomTags') {
      const custom = written.customTags?.find(({ name }) => name === match.customTags)
      if (custom === undefined) context.mistake(`match.customTags is ${JSON.stringify(match.customTags)}, which is not among customTags`)
      for (const { name, attribute } of custom?.tags ?? []) add(name, attribute)
    } else if (Object.hasOwn(TAGS, tag)) {
      for (const attribute of TAGS[tag]) add(tag, attribute)
    } else {
      context.mistake(`match.filterByTags has ${JSON.stringify(tag)}, which is none of ${Object.keys(TAGS).join(', ')}, CustomTags`)
    }
  }
  return tags
}
