// The reverse direction: writes options of url-rewrite as XML.
import { ValueError, problemsError } from '../errors.ts'
import type { Conditions, CustomTags, OutboundRules, PreCondition, Rule, RewriteMap, UrlRewriteOptions } from './rewrite-options.ts'

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

const REDIRECTS: Readonly<Record<number, string>> = { 301: 'Permanent', 302: 'Found', 303: 'SeeOther', 307: 'Temporary' }
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/ // eslint-disable-line no-control-regex
const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/**
 * Writes the options of url-rewrite as a configuration file; `readConfigText` reads the same options from it, except for what a directory
 * removes and for its outbound rules, which inherit as in IIS only where the option `base` or several files are given.
 * With `globalRules`, or rules of named sites, it is an `applicationHost.config`, else a `web.config`.
 *
 * @throws `FST_ARR_IIS_CONFIG_INVALID_VALUE` for what IIS cannot express: a redirect with 308, a list whose rules
 * differ in `useOriginalURLEncoding`, a character that is not allowed in XML.
 */
export function toXml (options: UrlRewriteOptions): string {
  const { globalRules, rules, siteRules = {}, pathRules = [], outboundRules, siteOutboundRules = {}, pathOutboundRules = [], rewriteMaps, allowedServerVariables } = options
  const root = [
    ...globalRules === undefined ? [] : [ruleList('globalRules', globalRules)],
    ...rules === undefined ? [] : [ruleList('rules', rules)],
    ...outboundRules === undefined ? [] : [outboundList(outboundRules)],
    ...rewriteMaps === undefined ? [] : [element('rewriteMaps', {}, rewriteMaps.map(map))],
    ...allowedServerVariables === undefined ? [] : [element('allowedServerVariables', {}, allowedServerVariables.map(name => element('add', { name })))]
  ]
  const sites = [...new Set([...Object.keys(siteRules), ...Object.keys(siteOutboundRules)])]
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('configuration', {}, [
    ...root.length === 0 ? [] : [section(root)],
    ...sites.map(site => location(site, [
      ...siteRules[site] === undefined ? [] : [ruleList('rules', siteRules[site])],
      ...siteOutboundRules[site] === undefined ? [] : [outboundList(siteOutboundRules[site])]
    ])),
    ...pathRules.map(({ site, path, remove, rules }) => location(`${site ?? ''}${path}`, [ruleList('rules', rules, remove)])),
    ...pathOutboundRules.map(({ site, path, remove, ...rules }) => location(`${site ?? ''}${path}`, [outboundList(rules, remove)]))
  ])}\n`
}

const section = (lists: readonly string[]): string => element('system.webServer', {}, [element('rewrite', {}, lists)])
const location = (path: string, lists: readonly string[]): string => element('location', { path: path.replace(/^\//, '') }, [section(lists)])

const removals = (names: readonly string[]): string[] => names.map(name => element('remove', { name }))

function ruleList (name: 'rules' | 'globalRules', rules: readonly Rule[], remove: readonly string[] = []): string {
  const [encoding, other] = new Set(rules.map(rule => rule.useOriginalURLEncoding))
  if (other !== undefined || (encoding !== undefined && rules.some(rule => rule.useOriginalURLEncoding === undefined))) {
    refuse(`the rules of one list differ in useOriginalURLEncoding, which IIS has on <${name}>`)
  }
  return element(name, { useOriginalURLEncoding: encoding }, [...removals(remove), ...rules.map(rule)])
}

function rule ({ name, enabled, patternSyntax, stopProcessing, match, conditions, serverVariables, action }: Rule): string {
  return element('rule', { name, enabled, patternSyntax, stopProcessing }, [
    element('match', { ...match }),
    ...conditions === undefined ? [] : [conditionList(conditions)],
    ...serverVariables === undefined ? [] : [element('serverVariables', {}, serverVariables.map(set => element('set', { ...set })))],
    ...action === undefined ? [] : [actionElement(name, action)]
  ])
}

function actionElement (rule: string, action: NonNullable<Rule['action']>): string {
  if (action.type !== 'Redirect' || action.redirectType === undefined) return element('action', { ...action })
  const redirectType = REDIRECTS[action.redirectType]
  if (redirectType === undefined) refuse(`rule "${rule}" redirects with ${action.redirectType}, which URL Rewrite does not have`)
  return element('action', { ...action, redirectType })
}

const conditionList = ({ add, ...attributes }: Conditions): string =>
  element('conditions', attributes, add.map(condition => element('add', { ...condition })))

function outboundList ({ rewriteBeforeCache, preConditions, customTags, rules }: OutboundRules, remove: readonly string[] = []): string {
  return element('outboundRules', { rewriteBeforeCache }, [
    ...removals(remove),
    ...rules.map(({ match: { filterByTags, ...match }, conditions, action, ...attributes }) => element('rule', attributes, [
      element('match', { filterByTags: filterByTags?.join(', '), ...match }),
      ...conditions === undefined ? [] : [conditionList(conditions)],
      ...action === undefined ? [] : [element('action', { ...action })]
    ])),
    ...preConditions === undefined ? [] : [element('preConditions', {}, preConditions.map(preCondition))],
    ...customTags === undefined ? [] : [element('customTags', {}, customTags.map(tagList))]
  ])
}

const preCondition = ({ add, ...attributes }: PreCondition): string =>
  element('preCondition', attributes, add.map(one => element('add', { ...one })))

const tagList = ({ name, tags }: CustomTags): string =>
  element('tags', { name }, tags.map(tag => element('tag', { ...tag })))

const map = ({ entries, ...attributes }: RewriteMap): string =>
  element('rewriteMap', attributes, Object.entries(entries).map(([key, value]) => element('add', { key, value })))

function element (name: string, attributes: Attributes, children: readonly string[] = []): string {
  const written = Object.entries(attributes).map(([key, value]) => value === undefined ? '' : ` ${key}="${escape(String(value))}"`).join('')
  if (children.length === 0) return `<${name}${written} />`
  return `<${name}${written}>\n${children.join('\n').split('\n').map(line => `  ${line}`).join('\n')}\n</${name}>`
}

function escape (value: string): string {
  if (CONTROL.test(value)) refuse(`${JSON.stringify(value)} holds a character that XML cannot`)
  return value.replace(/[&<>"\t\n\r]/g, character => NAMED[character] ?? `&#${character.charCodeAt(0)};`)
}

function refuse (message: string): never {
  throw problemsError(ValueError, [{ file: 'options', line: 1, column: 1, message }])
}
