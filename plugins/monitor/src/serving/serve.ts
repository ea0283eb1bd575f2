// At which places is the page? On a listener of its own, at a path of the server, or both; all share their streams.
import Fastify, { type FastifyInstance } from 'fastify'
import type { ServerFacts, Told } from '@fastify-arr/facts'
import { actionsOf } from '../acting/actions.ts'
import { Tries } from '../guarding/tries.ts'
import type { Settings } from '../options.ts'
import { message } from '../streaming/stream.ts'
import { Streams } from '../streaming/streams.ts'
import type { AllWorkers } from '../views/all-workers.ts'
import type { Views } from '../views/views.ts'
import { OwnListener } from './own-listener.ts'
import { readPage } from './page-files.ts'
import { routes, type Served } from './routes.ts'

/** Where the page is. */
export interface Places {
  readonly url: string | null
  readonly address: OwnListener['address']
}

/** Serves the page of a server, until that closes. */
export async function serve (fastify: FastifyInstance, settings: Settings, views: Views, together: () => AllWorkers | null = () => null): Promise<Places> {
  const { log } = fastify
  const streams = new Streams(views, error => { log.error({ err: error }, 'monitor: a view could not be read') }, together)
  const served: Served = {
    views,
    together,
    page: readPage(),
    streams,
    actions: actionsOf(fastify as Told<ServerFacts>, views, settings.actions, together),
    guarded: settings,
    tries: new Tries(address => { log.warn({ address }, 'monitor: a wrong token was tried; more from this address within a minute are not logged') }),
    acted: ({ ip }, words, facts) => { log.info({ client: ip, ...facts }, `monitor: ${words}`) }
  }
  const own = settings.listen === null ? null : await ownPlace(fastify, settings.listen, served)
  const { path } = settings
  if (path !== null) await fastify.register(async function monitorPage (scope) { await routes(scope, served) }, { prefix: path })
  fastify.addHook('onReady', async () => {
    const all = together()
    let last = ''
    all?.onRound(() => {
      const text = message('workers', all.workers)
      if (text !== last) streams.tell(text)
      last = text
      if (!all.isLeaving) return
      streams.leave()
      own?.leave()
    })
  })
  // Where others close slowly, nobody looks on: the page would wait for its streams, and they for the page.
  fastify.addHook('preClose', async () => {
    streams.end()
    await own?.close()
  })
  fastify.addHook('onClose', async () => {
    streams.end()
    await own?.close()
  })
  return {
    get url () {
      if (own !== null) return own.url
      return path !== null && fastify.server.listening ? `${fastify.listeningOrigin}${path}/` : null
    },
    get address () { return own?.address ?? null }
  }
}

interface OwnPlace extends Places {
  /** Ends connections on which nothing is under way. */
  leave (): void
  close (): Promise<void>
}

/** A listener of its own, which listens when the server is ready. */
async function ownPlace (fastify: FastifyInstance, { port, host }: NonNullable<Settings['listen']>, served: Served): Promise<OwnPlace> {
  const page = Fastify({ loggerInstance: fastify.log.child({}, { level: 'warn' }), forceCloseConnections: true })
  await page.register(routes, served)
  const listener = new OwnListener((request, response) => { page.routing(request, response) }, error => { fastify.log.error({ err: error }, 'monitor: its own listener failed') })
  fastify.addHook('onReady', async () => {
    await page.ready()
    await listener.listen(port, host)
    fastify.log.info(`monitor: the page is at ${urlOf(listener, host)}`)
  })
  return {
    get url () { return urlOf(listener, host) },
    get address () { return listener.address },
    leave () { listener.leave() },
    async close () {
      await listener.close()
      await page.close()
    }
  }
}

function urlOf ({ address }: OwnListener, host: string): string | null {
  if (address === null) return null
  // Of all addresses of this machine, the one that a browser here can ask.
  const named = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${named}:${address.port}/`
}
