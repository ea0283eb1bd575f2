// How is a response rewritten: its headers at once, its body as a stream?

import { Body, LONGEST_SEARCH } from './body.ts'
import { isReadable, throughCoding } from './coding.ts'
import { rewriteHeaders, setResponse, type HeaderList } from './headers.ts'
import { rulesInPlay } from './rewrite-input.ts'
import type { Duplex } from 'node:stream'
import type { State } from '../request/state.ts'
import type { AnyOutbound, BodyRule } from './compiled-outbound.ts'

/** The head of a response before the rules. */
export interface ResponseHead {
  readonly status: number
  /** In order, with their case; a repeated name is repeated. */
  readonly headers: HeaderList
}

/** What changes in a response; what is not given stays. */
export interface ResponseChange {
  readonly status?: number
  /** The whole list. */
  readonly headers?: HeaderList
  /** The stream that the body has to be piped through. */
  readonly body?: Duplex
}

/** The settings for rewriting a response. */
export interface ResponsePolicy {
  readonly method: string
  readonly limit: number
  /** Called with the reason where a body that rules read passed unchanged. */
  readonly passed: (why: string) => void
}

const TEXT = /^(?:text\/(?!event-stream)|application\/(?:[\w.+-]+\+)?(?:xml|json)\b|application\/(?:x-)?javascript\b|application\/ecmascript\b|image\/svg)/i

// These describe the bytes before rewriting; a weak validator may stay (RFC 9110 §8.8.1).
const OF_THE_BYTES = new Set(['content-length', 'content-md5', 'digest', 'content-digest', 'repr-digest', 'accept-ranges'])

/** Runs the outbound rules. Undefined where nothing changes; a 101 is never touched. */
export function rewriteResponse (rules: readonly AnyOutbound[], state: State, response: ResponseHead, policy: ResponsePolicy): ResponseChange | undefined {
  if (response.status < 200 || rules.length === 0) return undefined
  setResponse(state, response.headers, response.status)
  const inPlay = rulesInPlay(rules, state)
  if (inPlay.length === 0) return undefined
  const headers = rewriteHeaders(inPlay, state, response.headers)
  const bodyRules = inPlay.filter((rule): rule is BodyRule => rule.target !== 'header')
  const body = bodyRules.length === 0 ? null : rewriteBody(bodyRules, state, response, policy)
  if (body === null) return headers === response.headers ? undefined : { headers }
  // The headers of a HEAD are those of its GET: the length before rewriting would be wrong.
  return policy.method === 'HEAD' ? { headers: forNewBody(headers) } : { headers: forNewBody(headers), body }
}

function rewriteBody (rules: readonly BodyRule[], state: State, { status, headers }: ResponseHead, policy: ResponsePolicy): Duplex | null {
  const header = (name: string): string => headers.find(entry => entry[0].toLowerCase() === name)?.[1].trim().toLowerCase() ?? ''
  const type = header('content-type')
  // There is no body, or only a part of one.
  if (status === 204 || status === 205 || status === 206 || status === 304 || !TEXT.test(type)) return null
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/.exec(type)?.[1] ?? 'utf-8'
  // In these charsets a byte below 0x80 may be something else than in ASCII.
  if (/^utf-?(?:7|16|32)|^ucs|^(?:cs)?iso-?2022|^hz/.test(charset)) {
    policy.passed(`its text is ${charset}`)
    return null
  }
  const coding = header('content-encoding')
  if (!isReadable(coding)) {
    policy.passed(`its content-encoding is ${coding}`)
    return null
  }
  const body = new Body(rules, state, {
    limit: policy.limit,
    utf8: /^utf-?8$/.test(charset),
    tooSlow: () => policy.passed(`searching it takes longer than ${LONGEST_SEARCH / 1000} seconds`),
    tooLarge: () => policy.passed(`it is larger than outboundBufferLimit (${policy.limit} bytes)`)
  })
  return throughCoding(coding, body)
}

const forNewBody = (headers: HeaderList): HeaderList => headers
  .filter(([name]) => !OF_THE_BYTES.has(name.toLowerCase()))
  .map(entry => entry[0].toLowerCase() === 'etag' && !entry[1].startsWith('W/') ? [entry[0], `W/${entry[1]}`] : entry)
