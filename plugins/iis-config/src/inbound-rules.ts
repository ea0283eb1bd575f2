// What do `<rules>` and `<globalRules>` say? Each `<rule>` becomes one rule of url-rewrite.
import { collection, type Collection } from './collection.ts'
import { checkPattern } from './patterns.ts'
import type { Reading } from './reading.ts'
import { written, type Action, type Conditions, type PatternSyntax, type Rule, type SetServerVariable } from './rewrite-options.ts'
import type { XmlElement } from './xml.ts'

export const SYNTAXES = { ECMAScript: 'ECMAScript', Wildcard: 'Wildcard', ExactMatch: 'ExactMatch', 0: 'ECMAScript', 1: 'Wildcard', 2: 'ExactMatch' } as const
export const GROUPINGS = { MatchAll: 'MatchAll', MatchAny: 'MatchAny', 0: 'MatchAll', 1: 'MatchAny' } as const
const MATCH_TYPES = { Pattern: 'Pattern', IsFile: 'IsFile', IsDirectory: 'IsDirectory', 0: 'Pattern', 1: 'IsFile', 2: 'IsDirectory' } as const
const ACTIONS = { None: 'None', Rewrite: 'Rewrite', Redirect: 'Redirect', CustomResponse: 'CustomResponse', AbortRequest: 'AbortRequest', 0: 'None', 1: 'Rewrite', 2: 'Redirect', 3: 'CustomResponse', 4: 'AbortRequest' } as const
const REDIRECTS = { Permanent: 301, Found: 302, SeeOther: 303, Temporary: 307, 301: 301, 302: 302, 303: 303, 307: 307 } as const

/** Which attributes of `<action>` belong to which type; elsewhere they have no effect, in IIS as well. */
const ACTION_ATTRIBUTES = {
  None: [],
  Rewrite: ['url', 'appendQueryString', 'logRewrittenUrl'],
  Redirect: ['url', 'appendQueryString', 'redirectType'],
  CustomResponse: ['statusCode', 'subStatusCode', 'statusReason', 'statusDescription'],
  AbortRequest: []
} as const satisfies Record<Action['type'], readonly string[]>

const ALL_ACTION_ATTRIBUTES = [...new Set(Object.values(ACTION_ATTRIBUTES).flat())]

/** A rule with the element it came from. */
export interface ReadRule {
  readonly element: XmlElement
  readonly rule: Rule
}

/** The rules of a list, and what the list takes from those above. */
export interface RuleList {
  readonly rules: readonly ReadRule[]
  readonly collection: Collection
}

/** Reads one list of rules. */
export function readRules (reading: Reading, list: XmlElement): RuleList {
  reading.used(list)
  const encoding = reading.flag(list, 'useOriginalURLEncoding')
  if (encoding === undefined) {
    reading.differs(list, 'what a pattern captures goes on as the client encoded it; IIS decodes it and encodes it anew, so that %2F becomes /',
      'write useOriginalURLEncoding="true" on this element for what IIS does')
  } else if (!encoding) {
    reading.differs(list.attributes.get('useOriginalURLEncoding'), 'what a pattern captures goes on as the client encoded it; IIS puts it into the new URL decoded')
  }
  const rules = collection(reading, list, 'rule', 'name')
  return {
    rules: rules.entries.map(element => ({ element, rule: readRule(reading, element, encoding) })),
    collection: rules
  }
}

function readRule (reading: Reading, element: XmlElement, useOriginalURLEncoding: boolean | undefined): Rule {
  const name = reading.required(element, 'name')
  const patternSyntax = reading.word(element, 'patternSyntax', SYNTAXES)
  reading.differs(reading.attribute(element, 'responseCacheDirective'), 'there is no response cache here, so nothing has to be kept out of it')
  const match = one(reading, element, 'match')
  if (match === undefined) reading.problem(element, `rule "${name}" has no <match url="…">`)
  const conditions = one(reading, element, 'conditions')
  const serverVariables = one(reading, element, 'serverVariables')
  const action = one(reading, element, 'action')
  return written<Rule>({
    name,
    enabled: reading.flag(element, 'enabled'),
    patternSyntax,
    stopProcessing: reading.flag(element, 'stopProcessing'),
    match: match === undefined ? { url: '' } : readMatch(reading, match, patternSyntax),
    conditions: conditions && readConditions(reading, conditions, patternSyntax),
    serverVariables: serverVariables && readServerVariables(reading, serverVariables),
    action: action && readAction(reading, action),
    useOriginalURLEncoding
  })
}

function readMatch (reading: Reading, element: XmlElement, syntax: PatternSyntax | undefined): Rule['match'] {
  const url = reading.required(element, 'url')
  checkPattern(reading, element.attributes.get('url'), syntax)
  return written<Rule['match']>({
    url,
    ignoreCase: reading.flag(element, 'ignoreCase'),
    negate: reading.flag(element, 'negate')
  })
}

/** Reads `<conditions>`, of inbound and outbound rules alike. */
export function readConditions (reading: Reading, element: XmlElement, syntax: PatternSyntax | undefined): Conditions {
  return written<Conditions>({
    logicalGrouping: reading.word(element, 'logicalGrouping', GROUPINGS),
    trackAllCaptures: reading.flag(element, 'trackAllCaptures'),
    add: collection(reading, element, 'add').entries.map(add => {
      const type = reading.attribute(add, 'type')
      const matchType = reading.word(add, 'matchType', MATCH_TYPES) ?? misnamed(reading, add)
      if (type !== undefined) reading.differs(type, 'IIS has no attribute of this name here; it is read as matchType', 'write matchType')
      const input = reading.text(add, 'input')
      const pattern = reading.text(add, 'pattern')
      if (matchType === undefined || matchType === 'Pattern') {
        if (input === undefined || input === '') reading.problem(add, 'a condition needs input="…"')
        if (pattern === undefined || pattern === '') reading.problem(add, 'a condition needs pattern="…"')
        checkPattern(reading, add.attributes.get('pattern'), syntax)
      }
      return written<Conditions['add'][number]>({
        input,
        matchType,
        pattern,
        ignoreCase: reading.flag(add, 'ignoreCase'),
        negate: reading.flag(add, 'negate')
      })
    })
  })
}

function misnamed (reading: Reading, add: XmlElement): Conditions['add'][number]['matchType'] {
  return reading.attribute(add, 'type') === undefined ? undefined : reading.word(add, 'type', MATCH_TYPES)
}

function readServerVariables (reading: Reading, element: XmlElement): SetServerVariable[] {
  return collection(reading, element, 'set').entries.map(set => written<SetServerVariable>({
    name: reading.required(set, 'name'),
    value: reading.text(set, 'value') ?? '',
    replace: reading.flag(set, 'replace')
  }))
}

function readAction (reading: Reading, element: XmlElement): Action {
  const type = reading.word(element, 'type', ACTIONS) ?? 'None'
  for (const name of ALL_ACTION_ATTRIBUTES) {
    const attribute = reading.attribute(element, name)
    if (!(ACTION_ATTRIBUTES[type] as readonly string[]).includes(name)) {
      reading.differs(attribute, `has no effect on an action of type ${type}, in IIS as well`)
    }
  }
  switch (type) {
    case 'Rewrite':
      return written<Action>({
        type,
        url: reading.required(element, 'url'),
        appendQueryString: reading.flag(element, 'appendQueryString'),
        logRewrittenUrl: reading.flag(element, 'logRewrittenUrl')
      })
    case 'Redirect':
      return written<Action>({
        type,
        url: reading.required(element, 'url'),
        appendQueryString: reading.flag(element, 'appendQueryString'),
        redirectType: reading.word(element, 'redirectType', REDIRECTS)
      })
    case 'CustomResponse': {
      reading.required(element, 'statusCode')
      const statusCode = reading.integer(element, 'statusCode', 200, 599)
      if (statusCode !== undefined && statusCode >= 300 && statusCode <= 308) {
        reading.problem(element.attributes.get('statusCode') ?? element, `statusCode="${statusCode}" is a redirect: use an action of type Redirect`)
      }
      return written<Action>({
        type,
        statusCode: statusCode ?? 500,
        subStatusCode: reading.integer(element, 'subStatusCode', 0, 999),
        statusReason: reading.text(element, 'statusReason'),
        statusDescription: reading.text(element, 'statusDescription')
      })
    }
    default:
      return { type }
  }
}

/** The one child of a name; a second one is a problem. */
export function one (reading: Reading, element: XmlElement, name: string): XmlElement | undefined {
  const [first, second] = element.children.filter(child => child.name === name)
  reading.used(first)
  if (second !== undefined) reading.problem(second, `a second <${name}> in one <${element.name}>`)
  return first
}
