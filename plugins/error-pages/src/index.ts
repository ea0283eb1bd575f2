// Which page does a client get with an error? The plugin that has them by status and substatus, site and path.
import type { RequestFacts } from '@fastify-arr/facts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isLocal } from './answer/local.ts'
import { isMadeHere, noteObject } from './answer/made-here.ts'
import { replaceBy } from './answer/replace.ts'
import { subStatusOf } from './answer/substatus.ts'
import { InvalidOptionsError } from './errors.ts'
import { mistakesIn, type ErrorPagesOptions, type PageOptions } from './options.ts'
import { PageFiles } from './pages/page-files.ts'
import { pageFor, ready } from './pages/pages.ts'
import { Places } from './places/places.ts'

export type { ErrorMode, ErrorPagesOptions, ExistingResponse, FilePage, PageOptions, PageRules, PlaceOptions, RedirectPage, TextPage } from './options.ts'

/** By it upstream-proxy knows a hook that changes only answers made in this server: what an upstream answers need not pass it. */
const ERRORS_ONLY = Symbol.for('fastify-arr.errors-only')

type Asked = FastifyRequest & RequestFacts

async function plugin (fastify: FastifyInstance, options: ErrorPagesOptions): Promise<void> {
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
    const page = statusOf(reply, payload) < 400 ? null : pageOf(request, reply, payload)
    if (page === null) {
      done(null, payload)
      return
    }
    ready(page, files, request.headers['accept-language']).then(found => {
      if (found === null) {
        if (!missing.has(page)) request.log.warn({ page }, 'the page for an error cannot be read; the error is answered without')
        missing.add(page)
        return payload
      }
      missing.delete(page)
      return replaceBy(found, statusOf(reply, payload), request, reply, payload)
    }).catch((error: unknown) => {
      request.log.warn({ err: error }, 'the page for an error cannot be sent; the error is answered without')
      return payload
    }).then(answer => { done(null, answer) }).catch((error: unknown) => {
      // Fastify catches what Node throws where it calls a hook, and no longer here.
      request.log.error({ err: error }, 'an error cannot be answered')
      reply.raw.destroy()
    })
  }

  function pageOf (request: Asked, reply: FastifyReply, payload: unknown): PageOptions | null {
    const { pages, errorMode, existingResponse } = places.find(request.site?.name ?? null, request.raw.url ?? '/')
    if (pages.size === 0 || existingResponse === 'PassThrough' || errorMode === 'Detailed' || (errorMode === 'DetailedLocalOnly' && isLocal(request))) return null
    if (existingResponse === 'Auto' && !isMadeHere(request, reply, payload)) return null
    const status = statusOf(reply, payload)
    return pageFor(pages, status, subStatusOf(request, status))
  }
}

/** The status of the reply, or of the `Response` that Fastify is about to take apart. */
function statusOf (reply: FastifyReply, payload: unknown): number {
  return payload instanceof Response ? payload.status : reply.statusCode
}

/** Gives errors the pages of their status, as IIS does. */
export const errorPages = fp(plugin, { fastify: '5.x', name: '@fastify-arr/error-pages' })
export default errorPages
