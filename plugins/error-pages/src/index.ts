// Which page does a client get with an error? The plugin that has them by status and substatus, site and path.
import type { RequestFacts } from '@fastify-arr/facts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isLocal } from './answer/local.ts'
import { isMadeHere, noteObject } from './answer/made-here.ts'
import { replaceBy } from './answer/replace.ts'
import { subStatusOf } from './answer/substatus.ts'
import { InvalidOptionsError } from './errors.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import { mistakesIn, type ErrorPagesOptions, type PageOptions } from './options.ts'
import { PageFiles } from './pages/page-files.ts'
import { lineFor, pagesFor, ready, type Page } from './pages/pages.ts'
import { Places } from './places/places.ts'

export type { ErrorMode, ErrorPagesOptions, ExistingResponse, FilePage, PageOptions, PageRules, PlaceOptions, RedirectPage, TextPage } from './options.ts'

/** By it upstream-proxy knows a hook that changes only answers made in this server: what an upstream answers need not pass it. */
const ERRORS_ONLY = Symbol.for('fastify-arr.errors-only')

const NONE = { pages: [], hides: false } as const

type Asked = FastifyRequest & RequestFacts

async function plugin (fastify: FastifyInstance, options: ErrorPagesOptions): Promise<void> {
  if (isHere(fastify)) throw new InvalidOptionsError(ONCE)
  const mistakes = mistakesIn(options)
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
  const places = new Places(options)
  const files = new PageFiles()
  /** The pages that could not be read, so that clients can't fill the log. */
  const missing = new Set<PageOptions>()

  fastify.addHook('preSerialization', (request, reply, payload, done) => {
    noteObject(request, reply, payload)
    done(null, payload)
  })

  fastify.addHook('onSend', Object.assign(onSend, { [ERRORS_ONLY]: !places.replaces }))

  function onSend (request: Asked, reply: FastifyReply, payload: unknown, done: (error?: Error | null, payload?: unknown) => void): void {
    const status = statusOf(reply, payload)
    const { pages, hides } = status < 400 ? NONE : choose(request, reply, payload, status)
    if (pages.length === 0) {
      done(null, payload)
      return
    }
    firstOf(hides ? pages : pages.slice(0, 1), request).then(found => {
      const page = found ?? (hides ? lineFor(status) : null)
      return page === null ? payload : replaceBy(page, status, request, reply, payload)
    }).catch((error: unknown) => {
      if (hides) throw error
      request.log.warn({ err: error }, 'the page for an error cannot be sent; the error is answered without')
      return payload
    }).then(answer => { done(null, answer) }).catch((error: unknown) => {
      // Fastify catches what Node throws where it calls a hook, and no longer here.
      request.log.error({ err: error }, 'an error cannot be answered')
      reply.raw.destroy()
    })
  }

  /** The first of the pages that can be read. */
  async function firstOf (pages: readonly PageOptions[], request: Asked): Promise<Page | null> {
    for (const page of pages) {
      const found = await ready(page, files, request.headers['accept-language'])
      if (found !== null) {
        missing.delete(page)
        return found
      }
      if (!missing.has(page)) request.log.warn({ page }, 'the page for an error cannot be read; the error is answered without')
      missing.add(page)
    }
    return null
  }

  /** The pages for an answer, and whether it must not pass though none can be read: with `Replace` it may hold what no client is to see. */
  function choose (request: Asked, reply: FastifyReply, payload: unknown, status: number): { readonly pages: readonly PageOptions[], readonly hides: boolean } {
    const { pages, errorMode, existingResponse } = places.find(request.site?.name ?? null, request.raw.url ?? '/')
    if (pages.size === 0 || existingResponse === 'PassThrough' || errorMode === 'Detailed' || (errorMode === 'DetailedLocalOnly' && isLocal(request))) return NONE
    const hides = !isMadeHere(request, reply, payload)
    if (existingResponse === 'Auto' && hides) return NONE
    return { pages: pagesFor(pages, status, subStatusOf(request, status)), hides }
  }
}

/** The status of the reply, or of the `Response` that Fastify is about to take apart. */
function statusOf (reply: FastifyReply, payload: unknown): number {
  return payload instanceof Response ? payload.status : reply.statusCode
}

/** Gives errors the pages of their status, as IIS does. */
export const errorPages = fp(plugin, { fastify: '5.x', name: '@fastify-arr/error-pages' })
export default errorPages
