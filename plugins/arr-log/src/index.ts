// arr-log: what happened? One honest line per exchange, HTTP or WebSocket, when it is over.
import type { Server } from 'node:net'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { compileCustom } from './custom.ts'
import { gather, type Beginning, type GatherOptions } from './gather.ts'
import { compileFormat } from './format.ts'
import { httperrLine, type Rejected } from './httperr.ts'
import { createLives } from './life.ts'
import { createLogFiles, type LogFiles } from './log-files.ts'
import { mistakesOf, refuse, settle, type ArrLogOptions } from './options.ts'
import { watchServer } from './onlooker.ts'
import { defaultSignal, listen } from './process-events.ts'
import { compileRedact, redactUrl } from './query.ts'

export type { Exchange, ExchangeUpstream, ExchangeWebSocket } from './exchange.ts'
export type { ArrLogOptions, CustomField, FileOptions, FormatName } from './options.ts'
export type { Period } from './period.ts'
export type { Retain } from './place.ts'
export { DEFAULT_FIELDS, FIELD_NAMES, type Field } from './fields.ts'

/** The log of a server: `fastify.arrLog`. */
export interface ArrLog {
  /** Writes what is buffered. */
  flush (): Promise<void>
  /** Opens the files again before the next line: for a logrotate that tells when it is done. */
  reopen (): void
  /** Tells the httperr log of what another server that leads to this Fastify turns away, as it does of `fastify.server`. */
  watch (server: Server): void
  /** Lines that could not be written, since the start. */
  readonly lost: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The log's files. Written by @fastify-arr/arr-log. */
    arrLog: ArrLog
  }
}

// How long a closing server waits for exchanges that have not ended, ms.
const LAST_WORDS = 1_000

async function plugin (fastify: FastifyInstance, options: ArrLogOptions): Promise<void> {
  refuse(mistakesOf(options))
  const settings = settle(options)
  const redact = compileRedact(options.redactQuery ?? [])
  const custom = (options.customFields ?? []).map(field => compileCustom(field, redact))
  const format = compileFormat(settings, custom.map(({ name }) => name))
  const gathering: GatherOptions = {
    fallbackSite: options.site ?? { name: 'Default', id: 1 },
    redact,
    username: options.username ?? (() => null),
    cookie: settings.fields.includes('cs(Cookie)'),
    custom
  }
  const entries = options.log ?? true
  const files: LogFiles | null = options.file === false
    ? null
    : createLogFiles(settings, format, custom.length, {
      onTrouble: (error, path) => { fastify.log.error({ err: error, path }, 'the log cannot be written; serving goes on and lines wait') },
      onRecovery: (path, lost) => { fastify.log.warn({ path, lost }, `the trouble with the log is over; lines lost: ${lost}`) }
    })

  const lives = createLives(tell, options.logOpening === true)
  const stops = [watchServer(fastify.server, turnAway), lives.stop]
  if (files !== null) stops.push(listen(files, options.reopenSignal ?? defaultSignal()))

  fastify.decorate('arrLog', {
    async flush () { await files?.flush() },
    reopen () { files?.reopen() },
    watch (server: Server) { stops.push(watchServer(server, turnAway)) },
    get lost () { return files?.lost ?? 0 }
  })

  fastify.addHook('onRequest', (request, reply, done) => {
    lives.begin(request, reply)
    done()
  })

  fastify.addHook('onListen', async () => {
    for (const server of furtherServers(fastify)) stops.push(watchServer(server, turnAway))
  })

  fastify.addHook('onClose', async () => {
    for (const stop of stops) stop()
    // The server is closed by now; the ends of its last connections may still be on their way here.
    await lives.over(LAST_WORDS)
    await files?.close()
  })

  function tell (request: FastifyRequest, reply: FastifyReply, begun: Beginning): void {
    try {
      const exchange = gather(request, reply, begun, gathering)
      const entry = entries && isEnabled(request.log)
      const line = files?.tell(exchange) ?? (entry ? format.line(exchange) : '')
      if (entry) request.log.info({ exchange }, line)
    } catch (error) {
      // A function given in the options may throw; the log must not take the server with it.
      request.log.error({ err: error }, 'an exchange could not be logged')
    }
  }

  function turnAway (rejected: Rejected): void {
    const told = { ...rejected, uri: rejected.uri === null ? null : redactUrl(rejected.uri, redact) }
    files?.writeRejected(told)
    if (entries) fastify.log.info({ rejected: told }, httperrLine(told))
  }
}

// On `localhost` Fastify listens with a server for each address, and shows the first alone; the name of the others is its own.
function furtherServers (fastify: object): readonly Server[] {
  // A scope inherits it from the one around it.
  for (let owner: object | null = fastify; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const name = Object.getOwnPropertySymbols(owner).find(({ description }) => description === 'fastify.serverBindings')
    if (name !== undefined) return (owner as Record<symbol, readonly Server[]>)[name] ?? []
  }
  return []
}

// A logger that is not pino need not have levels; then it decides for itself.
function isEnabled (log: FastifyBaseLogger & { isLevelEnabled?: (level: string) => boolean }): boolean {
  return log.isLevelEnabled?.('info') !== false
}

/** Logs each exchange as IIS and ARR would have: a line in a file, and an entry of `request.log`. */
export const arrLog = fp(plugin, { fastify: '5.x', name: '@fastify-arr/arr-log' })
export default arrLog
