// What do the rules make of one request?

import { checksHold, type CheckTried } from '../expressions/conditions.ts'
import { currentUrl } from '../expressions/variables.ts'
import { canonicalPath } from '../request/canonical-path.ts'
import { isMalformed } from '../request/request-target.ts'
import { leadsElsewhere } from '../request/second-reading.ts'
import { begin, pathOf, type FileKind, type State } from '../request/state.ts'
import { decoded, slice, type Text } from '../request/text.ts'
import { applySettings } from './set-variables.ts'
import { expandTarget, targetUrl } from './target.ts'
import type { Outcome, Rewrite } from '@fastify-arr/facts'
import type { Exchange } from '../request/exchange.ts'
import { GLOBAL, type CompiledAction, type CompiledRule, type Cut, type RuleSet } from './compiled-rule.ts'

/** Called for each rule that was tried; only for `explain` and where the diagnostics channel has subscribers. */
export interface Observer {
  rule (set: RuleSet, rule: CompiledRule, input: string, matched: boolean, state: State): void
  readonly check: CheckTried
  /** Called when pattern and conditions held and the action has been applied to the state. */
  applied (rule: CompiledRule, state: State): void
}

const BAD_TARGET: Outcome = { type: 'BadRequest', rule: null }

/** Runs the sets in order. Null where no rule matched. */
export function run (sets: readonly RuleSet[], exchange: Exchange, files: ReadonlyMap<string, FileKind> | null, observer?: Observer): Outcome | null {
  if (isMalformed(exchange.url)) return BAD_TARGET
  if (sets.length === 0) return null
  const state = stateOf(exchange, files)
  if (state === null) return null
  let last = ''
  let rewritten = false
  let logRewrittenUrl = false
  for (const set of sets) {
    if (!enters(set, state)) continue
    let input = inputOf(set, state)
    let stopped = false
    for (const rule of set.cuts === null ? set.rules : uncut(set, set.cuts, state)) {
      if (!matches(set, rule, input, state, observer)) continue
      last = rule.name
      const { action } = rule
      if (!applySettings(rule.settings, state)) return { type: 'BadRequest', rule: rule.name }
      if (action.type === 'Rewrite') {
        if (!rewriteTo(action, state)) return { type: 'BadRequest', rule: rule.name }
        rewritten = true
        logRewrittenUrl ||= action.logRewrittenUrl
      }
      observer?.applied(rule, state)
      if (action.type !== 'Rewrite' && action.type !== 'None') {
        return answer(action, rule.name, state)
      }
      if (rule.stop) {
        // In IIS the lists behind the global rules are one set, from the server to the directory.
        stopped = set.label !== GLOBAL
        break
      }
      if (action.type === 'Rewrite') input = inputOf(set, state)
    }
    // A request that goes to an absolute URL is the proxy's: the sets that follow are not tried.
    if (stopped || state.origin !== '') break
  }
  // The path goes on as sent, and another server could read in it what the rules did not see.
  if (!rewritten && state.ambiguous) return BAD_TARGET
  if (last === '') return null
  return {
    type: 'Rewrite',
    rewrite: {
      url: rewritten ? currentUrl(state) : exchange.url,
      rule: last,
      headers: state.headers ?? {},
      serverVariables: state.variables ?? {},
      logRewrittenUrl
    }
  }
}

/**
 * The state after the inbound rules, with which the outbound rules begin. Null for a target without a path. Where a rule has led
 * to another server, the path is the client's: IIS has `{URL}` as the path that was requested, and ARR has the other one.
 */
export function stateAfter (exchange: Exchange, rewrite: Rewrite | null): State | null {
  const state = stateOf(exchange, null, rewrite?.url.startsWith('/') === true ? rewrite.url : exchange.url)
  if (state === null || rewrite === null) return state
  return { ...state, exchange, headers: { ...rewrite.headers }, variables: { ...rewrite.serverVariables } }
}

function stateOf (exchange: Exchange, files: ReadonlyMap<string, FileKind> | null, url = exchange.url): State | null {
  // `OPTIONS *` has no path to match.
  if (!url.startsWith('/')) return null
  const mark = url.indexOf('?')
  const asSent = mark === -1 ? url : url.slice(0, mark)
  const path = canonicalPath(asSent)
  return begin(exchange, path, path !== asSent && leadsElsewhere(asSent, path), mark === -1 ? null : url.slice(mark + 1), files)
}

/** Whether the current path is in the set's directory; sets the state's prefix to that directory. */
function enters (set: RuleSet, state: State): boolean {
  state.prefix = set.prefix
  return liesIn(set, state)
}

const liesIn = ({ prefix, folded }: RuleSet, state: State): boolean =>
  prefix === '/' || `${decoded(pathOf(state)).toLowerCase()}/`.startsWith(folded)

/** The current path as the set's rules see it: relative to their directory; whole once a rule has moved it out of there. */
const inputOf = (set: RuleSet, state: State): Text =>
  slice(pathOf(state), liesIn(set, state) ? set.prefix.length : 1)

/** The set's rules without those that the directory of the current path takes out. */
function uncut ({ rules }: RuleSet, cuts: readonly Cut[], state: State): readonly CompiledRule[] {
  const path = `${decoded(pathOf(state)).toLowerCase()}/`
  const here = cuts.filter(({ folded }) => path.startsWith(folded))
  return here.length === 0 ? rules : rules.filter(({ name }) => !here.some(({ names }) => names.has(name.toLowerCase())))
}

function matches (set: RuleSet, rule: CompiledRule, input: Text, state: State, observer: Observer | undefined): boolean {
  const captures = rule.matcher(input)
  const matched = (captures === null) === rule.negate
  observer?.rule(set, rule, decoded(input), matched, state)
  if (!matched) return false
  state.ruleCaptures = captures ?? []
  if (rule.checks === null) {
    state.conditionCaptures = []
    return true
  }
  return checksHold(rule.checks, state, observer?.check)
}

function rewriteTo (action: CompiledAction & { type: 'Rewrite' }, state: State): boolean {
  const target = expandTarget(action.target, state)
  if (target === null) return false
  state.origin = target.origin
  state.rawPath = target.path
  state.path = null
  state.query = target.query
  return true
}

function answer (action: Exclude<CompiledAction, { type: 'Rewrite' | 'None' }>, rule: string, state: State): Outcome {
  if (action.type === 'AbortRequest') return { type: 'AbortRequest', rule }
  if (action.type === 'CustomResponse') {
    return {
      type: 'CustomResponse',
      rule,
      status: action.status,
      subStatus: action.subStatus,
      reason: decoded(action.reason.expand(state)),
      description: decoded(action.description.expand(state))
    }
  }
  const target = expandTarget(action.target, state)
  if (target === null) return { type: 'BadRequest', rule }
  return { type: 'Redirect', rule, status: action.status, location: targetUrl(target) }
}
