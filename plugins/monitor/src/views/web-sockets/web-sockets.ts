// Which open WebSockets does the page ask for? The first ones by an order, of those that a filter names.
import type { WebSocketOrder, WebSocketQuestion, WebSocketsView } from '../../messages/index.ts'
import type { Census } from './census.ts'
import type { Seen } from './seen.ts'
import { topOf } from './top.ts'

const MOST = 500

/** Orders by a number that is always at hand. `since` and `silence` grow with time: descending is the longest first. */
const NUMBERS: Partial<Readonly<Record<WebSocketOrder, (seen: Seen, now: number) => number>>> = {
  since: ({ since }) => since,
  silence: (seen, now) => seen.silence(now),
  received: ({ meter }) => meter.receivedBytes,
  sent: ({ meter }) => meter.sentBytes,
  messages: ({ meter }) => meter.receivedMessages + meter.sentMessages
}

/** Orders by a word. */
const WORDS = ['client', 'site', 'upstream'] as const

/** Answers a question; rows are made for those that are shown. */
export function webSockets (census: Census, question: WebSocketQuestion, now: number): WebSocketsView {
  const { filter, sort, descending } = question
  const limit = Math.min(MOST, Math.max(0, Math.floor(Number.isFinite(question.limit) ? question.limit : 100)))
  const number = Object.hasOwn(NUMBERS, sort) ? NUMBERS[sort] : undefined
  const word = WORDS.find(name => name === sort)
  const meant = filter.trim() !== '' ? census.named(filter) : word === undefined ? census.all() : census.spoken()
  const keys = word === undefined ? numbersOf(meant, number ?? NUMBERS.since!, now) : meant.map(seen => seen.words(census.find)[word] ?? '')
  const first = topOf(keys, limit, descending, (one, other) => older(meant[one] as Seen, meant[other] as Seen))
  return { open: census.size, matching: meant.length, rows: first.map(index => (meant[index] as Seen).row(census.find, now)) }
}

function numbersOf (meant: readonly Seen[], number: (seen: Seen, now: number) => number, now: number): Float64Array {
  const keys = new Float64Array(meant.length)
  for (let i = 0; i < keys.length; i++) keys[i] = number(meant[i] as Seen, now)
  return keys
}

/** Between equal ones the order must not change from second to second. */
function older (one: Seen, other: Seen): number {
  const age = one.since - other.since
  if (age !== 0) return age
  return (one.tunnel.id ?? '') < (other.tunnel.id ?? '') ? -1 : 1
}
