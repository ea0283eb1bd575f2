// How far have the rules got with one request?

import { canonicalPath } from './canonical-path.ts'
import { urlFace } from './percent-encoding.ts'
import type { Exchange } from './exchange.ts'
import type { Text } from './text.ts'

/** How far the rules have got with one request. */
export interface State {
  readonly exchange: Exchange
  /** The scheme and authority a rule has rewritten to, e.g. `http://localhost:8080`; empty while the URL is a path. */
  origin: string
  /** The current path as a URL has it, with its leading slash. */
  rawPath: string
  /** The same as rules see it; null until one asks, see `pathOf`. */
  path: Text | null
  /** Whether a server may read the path that came as another than the rules did, see `leadsElsewhere`. */
  readonly ambiguous: boolean
  /** The current query without `?`; null where there is no `?` at all. */
  query: string | null
  /** What the path of the rules at work is relative to: `/`, or a directory such as `/app/`. */
  prefix: string
  /** `{R:n}` and `{C:n}`. */
  ruleCaptures: ReadonlyArray<Text | undefined>
  conditionCaptures: ReadonlyArray<Text | undefined>
  /** Request headers that rules have set, by lower-case name. */
  headers: Record<string, string> | null
  /** Other server variables that rules have set, by upper-case name. */
  variables: Record<string, string> | null
  /** The response, where outbound rules run. */
  response: ResponseFacts | null
  /** What is known about the disk, by path, for `IsFile` and `IsDirectory`. */
  readonly files: ReadonlyMap<string, FileKind> | null
}

/** What stands at a path on the disk. */
export type FileKind = 'file' | 'directory' | 'nothing'

/** A response as outbound rules see it. */
export interface ResponseFacts {
  readonly status: number
  /** The first value of a header, by lower-case name, as it stands now. */
  header (name: string): string | undefined
}

const EMPTY: readonly Text[] = []

/** Where the rules begin. */
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
