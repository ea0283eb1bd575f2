// What is the state of the rules for one request?

import { canonicalPath } from './canonical-path.ts'
import { urlFace } from './percent-encoding.ts'
import type { Exchange } from './exchange.ts'
import type { Text } from './text.ts'

/** The state of the rules for one request. */
export interface State {
  readonly exchange: Exchange
  /** The scheme and authority that a rule has rewritten to, e.g. `http://localhost:8080`; empty while the URL is a path. */
  origin: string
  /** The current path, encoded, with its leading slash. */
  rawPath: string
  /** The same as rules see it; null until a rule needs it, see `pathOf`. */
  path: Text | null
  /** Whether another server may read the path as sent differently from the rules, see `leadsElsewhere`. */
  readonly ambiguous: boolean
  /** The current query without `?`; null where there is no `?` at all. */
  query: string | null
  /** What the input of the current set's rules is relative to: `/`, or a directory such as `/app/`. */
  prefix: string
  /** `{R:n}` and `{C:n}`. */
  ruleCaptures: ReadonlyArray<Text | undefined>
  conditionCaptures: ReadonlyArray<Text | undefined>
  /** Request headers that rules have set, by lower-case name. */
  headers: Record<string, string> | null
  /** Other server variables that rules have set, by upper-case name. */
  variables: Record<string, string> | null
  /** The response; null while inbound rules run. */
  response: ResponseFacts | null
  /** What is known of the file system, by path, for `IsFile` and `IsDirectory`. */
  readonly files: ReadonlyMap<string, FileKind> | null
}

/** What is at a path in the file system. */
export type FileKind = 'file' | 'directory' | 'nothing'

/** A response as outbound rules see it. */
export interface ResponseFacts {
  readonly status: number
  /** The current first value of a header, by lower-case name. */
  header (name: string): string | undefined
}

const EMPTY: readonly Text[] = []

/** The state before the first rule. */
export function begin (exchange: Exchange, path: Text, ambiguous: boolean, query: string | null, files: ReadonlyMap<string, FileKind> | null): State {
  return {
    exchange,
    origin: '',
    rawPath: urlFace(path),
    path,
    ambiguous,
    query,
    prefix: '/',
    ruleCaptures: EMPTY,
    conditionCaptures: EMPTY,
    headers: null,
    variables: null,
    response: null,
    files
  }
}

/** The current path as rules see it. */
export const pathOf = (state: State): Text => {
  state.path ??= canonicalPath(state.rawPath)
  return state.path
}
