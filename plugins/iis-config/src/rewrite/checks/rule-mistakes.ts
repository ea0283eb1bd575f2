// Rules that probably do not do what their author meant: mistakes with a code, each seen in real files.
import type { Reading } from '../../reading/reading.ts'
import type { XmlElement } from '../../xml/element.ts'
import { notAllowed } from '../allowed-variables.ts'
import type { ReadRule } from '../inbound-rules.ts'
import type { RewriteSections, ScopedRules } from '../read-rewrite.ts'
import { references } from './expressions.ts'
import { offloadedTls } from './offloaded-tls.ts'
import { expressionsIn } from './runnable.ts'
import { FOREIGN, isServerVariable } from './server-variables.ts'
import { takesAll } from './takes-all.ts'

/** Adds the mistakes it finds to the reading. `secure`: whether the file has https bindings, so that TLS ends here. */
export function findRuleMistakes (reading: Reading, { lists, outbound, allowed }: RewriteSections, secure: boolean): void {
  const set = new Set(lists.flatMap(list => list.rules).flatMap(({ rule }) => rule.serverVariables?.map(({ name }) => name.toUpperCase()) ?? []))
  for (const list of lists) {
    unreachable(reading, list)
    // The entries include rules that were left out: the mistake may be the reason.
    for (const element of list.collection.entries) {
      variables(reading, element, set)
      forwardedProto(reading, element)
    }
    for (const read of list.rules) {
      queryTwice(reading, read)
      captures(reading, read)
      openHost(reading, read)
      if (!secure) offloadedTls(reading, read)
    }
  }
  for (const { element } of outbound) for (const rule of element.children) variables(reading, rule, set)
  if (allowed.length > 0) {
    for (const { element, name } of notAllowed(lists, allowed)) {
      reading.mistake('variable-not-allowed', element, `<allowedServerVariables> does not name ${name}: IIS answers 500.50; here it is set, and the list is left out`)
    }
  }
}

/** Rules behind one that matches every request and ends the list. */
function unreachable (reading: Reading, { rules }: ScopedRules): void {
  const end = rules.findIndex(({ rule }) => rule.enabled !== false && takesAll(rule) && ends(rule))
  if (end === -1) return
  for (const { element, rule } of rules.slice(end + 1)) {
    if (rule.enabled !== false) reading.mistake('unreachable-rule', element, `rule "${rule.name}" is never reached: "${rules[end]?.rule.name ?? ''}" before it takes every request and ends the list`)
  }
}

/** Whether no rule behind this one runs once it matches. */
function ends ({ stopProcessing, action }: ReadRule['rule']): boolean {
  return stopProcessing === true || action?.type === 'Redirect' || action?.type === 'CustomResponse' || action?.type === 'AbortRequest'
}

/** Variables and captures in the syntax of Apache or nginx, and variables that do not exist. */
function variables (reading: Reading, rule: XmlElement, set: ReadonlySet<string>): void {
  for (const attribute of expressionsIn(rule)) {
    for (const { name, argument } of references(attribute.value)) {
      if (argument !== null) {
        if (/^(http|env|ssl)$/i.test(name)) reading.mistake('foreign-variable', attribute, `{${name}:${argument}} is Apache's spelling; in IIS the header is {HTTP_${argument.toUpperCase().replaceAll('-', '_')}}`)
      } else if (!isServerVariable(name) && !set.has(name.toUpperCase())) {
        const known = FOREIGN[name.toUpperCase()]
        reading.mistake(known === undefined ? 'unknown-variable' : 'foreign-variable', attribute,
          `{${name}} is ${known === undefined ? 'no server variable of IIS: it is empty' : `not of IIS and empty there; IIS has ${known}`}`)
      }
    }
    if (attribute.name === 'url' && /[$%]\d/.test(attribute.value.replace(/%[\da-f]{2}/gi, ''))) {
      reading.mistake('foreign-capture', attribute, 'a capture is {R:1} in IIS, or {C:1} of a condition; $1 and %1 stay as they are')
    }
  }
}

/** X-Forwarded-Proto set to `{HTTPS}`, which is `on` or `off`. */
function forwardedProto (reading: Reading, rule: XmlElement): void {
  for (const set of rule.children.filter(child => child.name === 'serverVariables').flatMap(child => child.children)) {
    if (/^HTTP_X_FORWARDED_PROTO(COL)?$/i.test(set.attributes.get('name')?.value ?? '') && /^\{HTTPS\}$/i.test(set.attributes.get('value')?.value ?? '')) {
      reading.mistake('forwarded-proto-is-on-or-off', set, '{HTTPS} is on or off, not https or http; the proxy sets X-Forwarded-Proto by itself')
    }
  }
}

/** A URL with the query that is appended to it once more. */
function queryTwice (reading: Reading, { element, rule: { action } }: ReadRule): void {
  if (action === undefined || !('appendQueryString' in action || 'url' in action) || action.appendQueryString === false) return
  const whole = references(action.url).find(({ name, argument }) => argument === null && /^(REQUEST_URI|UNENCODED_URL|HTTP_URL|CACHE_URL|QUERY_STRING)$/i.test(name))
  const at = element.children.find(child => child.name === 'action')
  if (whole !== undefined && at !== undefined) reading.mistake('query-twice', at, `{${whole.name}} holds the query, and it is appended once more; add appendQueryString="false"`)
}

/** Captures that the pattern or the conditions do not have. */
function captures (reading: Reading, { element, rule }: ReadRule): void {
  if (rule.patternSyntax !== undefined && rule.patternSyntax !== 'ECMAScript') return
  const groups = rule.match.negate === true ? -1 : groupsOf(rule.match.url)
  for (const attribute of expressionsIn(element)) {
    for (const { name, argument } of references(attribute.value)) {
      const wanted = Number(argument)
      if (/^r$/i.test(name) && wanted > groups) {
        reading.mistake('capture-without-group', attribute, groups === -1 ? 'a negated match captures nothing' : `{R:${wanted}} is empty: the pattern has ${groups === 0 ? 'no group' : groups === 1 ? 'one group' : `${groups} groups`}`)
      }
      if (/^c$/i.test(name) && (rule.conditions?.add.length ?? 0) === 0) {
        reading.mistake('capture-without-group', attribute, `{C:${wanted}} is empty: the rule has no conditions`)
      }
    }
  }
}

/** The number of groups in a pattern; 99 for one that does not compile, which is a problem of its own. */
function groupsOf (pattern: string): number {
  try {
    return (RegExp(`${pattern}|`).exec('')?.length ?? 1) - 1
  } catch {
    return 99
  }
}

/** Patterns on the host that are not anchored: `localhost` also matches `evil-localhost.example`. */
function openHost (reading: Reading, { element, rule }: ReadRule): void {
  if ((rule.patternSyntax ?? 'ECMAScript') !== 'ECMAScript') return
  const list = element.children.find(child => child.name === 'conditions')
  for (const add of list?.children ?? []) {
    const pattern = add.attributes.get('pattern')
    if (pattern === undefined || add.attributes.get('negate')?.value === 'true' || !/^\{HTTP_HOST\}$/i.test(add.attributes.get('input')?.value ?? '')) continue
    if (/[a-z\d]/i.test(pattern.value) && !/^\^|\$$/.test(pattern.value)) {
      reading.mistake('open-host', pattern, `"${pattern.value}" is looked for anywhere in the host, so that evil-${pattern.value.replaceAll('\\', '')}.example has it as well; write ^${pattern.value.replaceAll('\\.', '.').replaceAll('.', '\\.')}(:\\d+)?$`)
    }
  }
}
