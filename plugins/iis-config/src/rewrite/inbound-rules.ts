// `<rules>` and `<globalRules>`: each `<rule>` becomes one rule of url-rewrite.
import { collection, one, type Collection } from '../reading/collection.ts'
import { written, type Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import { framingVariable } from './checks/framing.ts'
import { checkPattern } from './checks/patterns.ts'
import { WITHOUT_EFFECT, isVariableName } from './checks/server-variables.ts'
import { SYNTAXES, readConditions } from './conditions.ts'
import type { Action, PatternSyntax, Rule, SetServerVariable } from './rewrite-options.ts'

const ACTIONS = { None: 'None', Rewrite: 'Rewrite', Redirect: 'Redirect', CustomResponse: 'CustomResponse', AbortRequest: 'AbortRequest', 0: 'None', 1: 'Rewrite', 2: 'Redirect', 3: 'CustomResponse', 4: 'AbortRequest' } as const
const REDIRECTS = { Permanent: 301, Found: 302, SeeOther: 303, Temporary: 307, 301: 301, 302: 302, 303: 303, 307: 307 } as const

/** The attributes of `<action>` by its type. Attributes of another type have no effect, in IIS as well. */
const ACTION_ATTRIBUTES = {
  None: [],
  Rewrite: ['url', 'appendQueryString', 'logRewrittenUrl'],
  Redirect: ['url', 'appendQueryString', 'redirectType'],
  CustomResponse: ['statusCode', 'subStatusCode', 'statusReason', 'statusDescription'],
  AbortRequest: []
} as const satisfies Record<Action['type'], readonly string[]>

const ALL_ACTION_ATTRIBUTES = [...new Set(Object.values(ACTION_ATTRIBUTES).flat())]

/** Values that stand for an empty one, which IIS Manager refuses. No WebSocket extension has such a name. */
const NO_EXTENSIONS = ['', '0', 'nodata', '""', "''"]

/** A rule with the element it came from. */
export interface ReadRule {
  readonly element: XmlElement
  readonly rule: Rule
}

/** The rules of a list, and what the list deletes of those above. */
export interface RuleList {
  readonly rules: readonly ReadRule[]
  readonly collection: Collection
}

/** Reads one list of rules. */
export function readRules (reading: Reading, list: XmlElement): RuleList {
  reading.used(list)
  const encoding = reading.flag(list, 'useOriginalURLEncoding')
  if (encoding === undefined && list.children.some(usesCaptures)) {
    reading.differsGenerally({
      code: 'original-url-encoding',
      note: 'what a pattern captures goes on as the client encoded it; IIS decodes it and encodes it anew, so that %2F becomes /',
      advice: 'write useOriginalURLEncoding="true" on <rules> and <globalRules> for what IIS does'
    })
  } else if (encoding === false) {
    reading.differs(list.attributes.get('useOriginalURLEncoding'), 'what a pattern captures goes on as the client encoded it; IIS puts it into the new URL decoded')
  }
  const rules = collection(reading, list, 'rule', 'name')
  return {
    rules: rules.entries.map(element => ({ element, rule: readRule(reading, element, encoding) })),
    collection: rules
  }
}

/** Whether a captured value may become part of a new URL. */
function usesCaptures (rule: XmlElement): boolean {
  return rule.children.some(({ name, attributes }) => name === 'action' && attributes.get('url')?.value.includes('{') === true)
}

function readRule (reading: Reading, element: XmlElement, useOriginalURLEncoding: boolean | undefined): Rule {
  const name = reading.required(element, 'name')
  const enabled = reading.flag(element, 'enabled')
  return reading.made(reading.ofRule(enabled, () => readParts(reading, element, { name, enabled }, useOriginalURLEncoding)), element)
}

/** Reads the parts of a rule other than its name and `enabled`. */
function readParts (reading: Reading, element: XmlElement, { name, enabled }: Pick<Rule, 'name' | 'enabled'>, useOriginalURLEncoding: boolean | undefined): Rule {
  const patternSyntax = reading.word(element, 'patternSyntax', SYNTAXES)
  reading.differs(reading.attribute(element, 'responseCacheDirective'), 'there is no response cache here, so nothing has to be kept out of it')
  const match = one(reading, element, 'match')
  const conditions = one(reading, element, 'conditions')
  const serverVariables = one(reading, element, 'serverVariables')
  const action = one(reading, element, 'action')
  return written<Rule>({
    name,
    enabled,
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
  const ignoreCase = reading.flag(element, 'ignoreCase')
  checkPattern(reading, element.attributes.get('url'), syntax, ignoreCase, element.parent)
  return written<Rule['match']>({
    url,
    ignoreCase,
    negate: reading.flag(element, 'negate')
  })
}

function readServerVariables (reading: Reading, element: XmlElement): SetServerVariable[] {
  return collection(reading, element, 'set').entries.map(set => {
    const name = reading.required(set, 'name')
    if (name !== '' && !isVariableName(name)) reading.problem(set.attributes.get('name') ?? set, `name="${name}" is no name of a server variable`)
    const given = reading.text(set, 'value') ?? ''
    const [why, advice] = WITHOUT_EFFECT[name.toUpperCase()] ?? []
    if (why !== undefined) reading.losesAll(set, why, advice)
    const framing = framingVariable(name)
    if (framing !== null) reading.losesAll(set, framing)
    const extensions = name.toUpperCase() === 'HTTP_SEC_WEBSOCKET_EXTENSIONS' && NO_EXTENSIONS.includes(given.toLowerCase())
    if (extensions && given !== '') reading.differs(set.attributes.get('value'), 'the header is removed, which is what this value is for: IIS Manager takes no empty one')
    return written<SetServerVariable>({
      name,
      value: extensions ? '' : given,
      replace: reading.flag(set, 'replace')
    })
  })
}

/** Reads `<action>`. */
function readAction (reading: Reading, element: XmlElement): Action {
  const type = reading.word(element, 'type', ACTIONS) ?? 'None'
  for (const name of ALL_ACTION_ATTRIBUTES) {
    const attribute = reading.attribute(element, name)
    if (!(ACTION_ATTRIBUTES[type] as readonly string[]).includes(name)) {
      reading.differs(attribute, `has no effect on an action of type ${type}, in IIS as well`)
    }
  }
  switch (type) {
    case 'Rewrite': {
      const url = reading.required(element, 'url')
      if (url !== '' && !/^([a-z][a-z\d+.-]*:|\{)/i.test(url)) {
        reading.differs(element.attributes.get('url'), 'no files are served here: where no rule behind this one leads on, a route of Fastify answers, or 404', 'register @fastify/static, or a route for it')
      }
      return written<Action>({
        type,
        url,
        appendQueryString: reading.flag(element, 'appendQueryString'),
        logRewrittenUrl: reading.flag(element, 'logRewrittenUrl')
      })
    }
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
