// Which file is this? The plugin that serves the folders of sites, as IIS's static file handler does.
import compress from '@fastify/compress'
import type { RequestFacts, ServedFile } from '@fastify-arr/facts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Answers } from './answer/answers.ts'
import { refuse } from './answer/refuse.ts'
import { sendFile } from './answer/send-file.ts'
import { InvalidOptionsError, REFUSALS, type RefusalName } from './errors.ts'
import { compileFolder, type Folder } from './folders/folder.ts'
import { Folders } from './folders/folders.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import { mistakesIn, type StaticContentOptions } from './options.ts'

export type { ClientCacheOptions, ErrorPageOptions, FolderOptions, StaticContentOptions } from './options.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The file that was served or refused; null where no folder had one. */
    servedFile: ServedFile | null
  }
}

async function plugin (fastify: FastifyInstance, options: StaticContentOptions): Promise<void> {
  if (isHere(fastify)) throw new InvalidOptionsError(ONCE)
  const mistakes = mistakesIn(options)
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
  const folders = options.folders.map(compileFolder)
  const answers = new Answers(new Folders(folders))
  fastify.decorateRequest('servedFile', null)
  // Not for all routes: a proxied answer comes as the backend sent it.
  if (folders.some(folder => folder.compress) && !fastify.hasReplyDecorator('compress')) await fastify.register(compress, { global: false })

  fastify.route({
    method: ['GET', 'HEAD'],
    url: '/*',
    exposeHeadRoute: false,
    // A folder's files are no part of an API's description.
    schema: { hide: true } as object,
    handler: async (request, reply) => {
      const rewritten = (request as FastifyRequest & RequestFacts).rewrite?.url
      // An absolute URL is an upstream's.
      if (rewritten !== undefined && !rewritten.startsWith('/')) return reply.callNotFound()
      await serve(request, reply, rewritten ?? originForm(request.raw.url ?? '/'))
      return reply
    }
  })

  async function serve (request: FastifyRequest, reply: FastifyReply, url: string): Promise<void> {
    const answer = await answers.find({ site: (request as FastifyRequest & RequestFacts).site?.name ?? null, url })
    switch (answer.kind) {
      case 'file':
        request.servedFile = { path: answer.segments.join('/'), subStatusCode: 0 }
        if (!await sendFile(request, reply, answer)) await refuseIn(answer.folder, 'NotFound')
        break
      case 'redirect':
        reply.redirect(answer.url, 301)
        break
      case 'refusal':
        await refuseIn(answer.folder, answer.name)
        break
      case 'nothing':
        reply.callNotFound()
    }

    async function refuseIn (folder: Folder, name: RefusalName): Promise<void> {
      request.servedFile = { path: null, subStatusCode: REFUSALS[name].subStatusCode }
      await refuse(reply, folder, name)
    }
  }
}

/** The path and query of an absolute-form target (RFC 9112 §3.2.2). */
function originForm (url: string): string {
  if (url.startsWith('/')) return url
  const rest = url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '')
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** Serves the files of folders to GET and HEAD, and leaves what they do not have to others. */
export const staticContent = fp(plugin, { fastify: '5.x', name: '@fastify-arr/static-content' })
export default staticContent
