// What may a stream tell, how often, and what may be asked of it?
import type { FastifyRequest } from 'fastify'
import { InvalidQuestionError } from '../errors.ts'
import type { StreamViews, WebSocketOrder } from '../messages/index.ts'
import type { Followed, Views } from '../views/views.ts'

/** A view that is told again and again. */
export interface Reader {
  /** ms. */
  readonly every: number
  /** `state`: each message is all there is. `news`: each is what is new; so a page that comes later is told what there was before it. */
  readonly tells: 'state' | 'news'
  /** The question in its normal form: equal questions are answered once for all who ask. Throws InvalidQuestionError. */
  readonly ask: (query: URLSearchParams) => object
  /** Undefined where there is no such thing. */
  readonly follow: (views: Views, question: never) => Followed<unknown> | undefined
}

type Question = ReturnType<typeof webSocketQuestion>

/** How often each view is told. */
export const READERS: Readonly<Record<keyof StreamViews, Reader>> = {
  now: state(1000, views => views.now()),
  exchanges: { every: 500, tells: 'news', ask: query => ({ filter: filterOf(query) }), follow: (views, { filter }: { filter: string }) => views.exchanges(filter) },
  webSockets: { every: 1000, tells: 'state', ask: webSocketQuestion, follow: (views, question: Question) => reading(() => views.webSockets(question)) },
  frames: { every: 250, tells: 'news', ask: query => ({ id: idOf(query) }), follow: (views, { id }: { id: string }) => views.frames(id) },
  farms: state(1000, views => views.farms()),
  sites: state(2000, views => views.sites()),
  traces: state(2000, views => views.traces()),
  findings: state(2000, views => views.findings())
}

/** The query as it was sent: a parser of the user's own server may make anything of it. */
export function readQuery ({ raw: { url = '' } }: FastifyRequest): URLSearchParams {
  const mark = url.indexOf('?')
  return new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))
}

export function readerOf (query: URLSearchParams): { readonly name: keyof StreamViews, readonly reader: Reader } {
  const name = query.get('view') ?? ''
  if (!Object.hasOwn(READERS, name)) throw new InvalidQuestionError(`\`view\` must be one of ${Object.keys(READERS).join(', ')}.`)
  return { name: name as keyof StreamViews, reader: READERS[name as keyof StreamViews] }
}

/** The name of a WebSocket or of an exchange. */
export function idOf (query: URLSearchParams): string {
  const id = query.get('id') ?? ''
  if (!isId(id)) throw new InvalidQuestionError('`id` must be a name of at most 64 letters, digits and `-._:`.')
  return id
}

export function isId (id: unknown): id is string {
  return typeof id === 'string' && /^[\w.:-]{1,64}$/.test(id)
}

export const LONGEST_FILTER = 1000

function filterOf (query: URLSearchParams): string {
  const filter = query.get('filter') ?? ''
  if (filter.length > LONGEST_FILTER) throw new InvalidQuestionError(`\`filter\` must have at most ${LONGEST_FILTER} characters.`)
  return filter.trim()
}

const ORDERS: readonly WebSocketOrder[] = ['since', 'silence', 'client', 'site', 'upstream', 'received', 'sent', 'messages']
const MOST_ROWS = 500

function webSocketQuestion (query: URLSearchParams): { filter: string, sort: WebSocketOrder, descending: boolean, limit: number } {
  const sort = query.get('sort') ?? 'since'
  if (!(ORDERS as readonly string[]).includes(sort)) throw new InvalidQuestionError(`\`sort\` must be one of ${ORDERS.join(', ')}.`)
  const descending = query.get('descending') ?? 'false'
  if (descending !== 'true' && descending !== 'false') throw new InvalidQuestionError('`descending` must be true or false.')
  const limit = query.get('limit') ?? '100'
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > MOST_ROWS) throw new InvalidQuestionError(`\`limit\` must be 1 to ${MOST_ROWS}.`)
  return { filter: filterOf(query), sort: sort as WebSocketOrder, descending: descending === 'true', limit: Number(limit) }
}

function state (every: number, value: (views: Views) => unknown): Reader {
  return { every, tells: 'state', ask: () => ({}), follow: views => reading(() => value(views)) }
}

function reading (read: () => unknown): Followed<unknown> {
  return { read, end () {} }
}
