// What do the outbound rules make of a response's headers?

import { headerName } from '../expressions/variables.ts'
import { wellFormed } from '../request/percent-encoding.ts'
import { decoded, type Text } from '../request/text.ts'
import { rewriteInput } from './rewrite-input.ts'
import type { State } from '../request/state.ts'
import type { AnyOutbound, HeaderRule } from './compiled-outbound.ts'

/** Header names and values, in order; duplicates are separate entries. */
export type HeaderList = Array<[name: string, value: string]>

// A line break would end the header.
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\x00-\x08\x0a-\x1f\x7f]+/g
// eslint-disable-next-line no-control-regex
const NO_BYTES = /[^\x00-\xff]+/g

/** A valid header value. Characters that are no bytes, which Node refuses to send, are percent-encoded. */
const headerValue = (value: string): string =>
  value.replace(UNSAFE, ' ').replace(NO_BYTES, run => encodeURIComponent(wellFormed(run)))

/** Applies the rules for headers. Returns the given list itself where nothing changed. */
export function rewriteHeaders (rules: readonly AnyOutbound[], state: State, headers: HeaderList): HeaderList {
  let list = headers
  const stopped = new Set<string>()
  for (const rule of rules) {
    if (rule.target !== 'header' || stopped.has(rule.variable)) continue
    const { header } = rule
    const before = list
    let matched = false
    if (header === null) {
      matched = setRequestVariable(rule, state)
    } else {
      const name = header.toLowerCase()
      const next: HeaderList = []
      let present = false
      for (const entry of list) {
        if (entry[0].toLowerCase() !== name) {
          next.push(entry)
          continue
        }
        present = true
        const value = rewriteInput(rule, rule.matcher(entry[1]), state)
        matched ||= value !== null
        // Without `replace`, an existing value stays; an empty new value removes the header.
        if (value === null || value === undefined || !(rule.replace || entry[1] === '')) next.push(entry)
        else if (value !== '') next.push([entry[0], headerValue(value)])
      }
      if (!present) {
        const value = rewriteInput(rule, rule.matcher(''), state)
        matched ||= value !== null
        if (value !== null && value !== undefined && value !== '') next.push([header, headerValue(value)])
      }
      if (next.length !== before.length || next.some((entry, index) => entry !== before[index])) list = next
    }
    if (list !== before) setResponse(state, list)
    if (matched && rule.stop) stopped.add(rule.variable)
  }
  return list
}

function setRequestVariable (rule: HeaderRule, state: State): boolean {
  const input: Text = rule.read(state)
  const value = rewriteInput(rule, rule.matcher(input), state)
  if (value === null) return false
  if (value !== undefined && (rule.replace || decoded(input) === '')) {
    if (rule.variable.startsWith('HTTP_')) state.headers = { ...state.headers, [headerName(rule.variable)]: value }
    else state.variables = { ...state.variables, [rule.variable]: value }
  }
  return true
}

/** Shows the current headers to the rules that follow. */
export function setResponse (state: State, headers: HeaderList, status = state.response?.status ?? 0): void {
  state.response = {
    status,
    header: name => headers.find(entry => entry[0].toLowerCase() === name)?.[1]
  }
}
