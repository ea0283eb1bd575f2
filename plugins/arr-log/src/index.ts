// arr-log: one line per exchange, HTTP or WebSocket, when it has ended.
import type { Server } from 'node:net'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { compileCustom } from './exchange/custom.ts'
import type { Exchange } from './exchange/exchange.ts'
import type { Facts } from './exchange/facts.ts'
import { gather, type GatherOptions } from './exchange/gather.ts'
import { compileRedact, redactUrl } from './exchange/redact.ts'
import { createLogFiles, type LogFiles } from './files/log-files.ts'
import { defaultSignal, listen } from './files/process-events.ts'
import { compileFormat } from './format/compile.ts'
import { httperrLine } from './format/httperr.ts'
import { movingExchanges } from './observe/moving-exchanges.ts'
import { createOpenExchanges, type Beginning } from './observe/open-exchanges.ts'
import type { Rejected } from './observe/rejected.ts'
import { watchServer } from './observe/server-rejections.ts'
import { InvalidOptions } from './errors.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import { mistakesOf, refuse, settle, type ArrLogOptions } from './options.ts'
import { whenTunnels } from './when-tunnels.ts'

export type { Exchange, ExchangeUpstream, ExchangeWebSocket } from './exchange/exchange.ts'
export type { ArrLogOptions, CustomField, FileOptions, FormatName } from './options.ts'
export type { Period } from './files/period.ts'
export type { Retain } from './files/place.ts'
export { FIELD_NAMES, PRESETS, type Field } from './format/fields.ts'

/** The log of a server: `fastify.arrLog`. */
export interface ArrLog {
  /** Writes what is buffered. */
  flush (): Promise<void>
  /** Opens the files again before the next line. For a log rotation that reports when it is done. */
  reopen (): void
  /** Writes to the httperr log what another `http.Server` in front of this Fastify rejects, as is done for `fastify.server`. */
  watch (server: Server): void
  /** Lines lost since the start. */
  readonly lost: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The log's files. Written by @fastify-arr/arr-log. */
    arrLog: ArrLog
  }
}

// How long closing waits for open exchanges to end, ms.
const CLOSE_LIMIT = 1_000

async function plugin (fastify: FastifyInstance, options: ArrLogOptions): Promise<void> {
  if (isHere(fastify)) throw new InvalidOptions(ONCE)
  refuse(mistakesOf(options))
  const settings = settle(options)
  const redact = compileRedact(options.redactQuery ?? [])
  const custom = (options.customFields ?? []).map(field => compileCustom(field, redact))
  const format = compileFormat(settings, custom.map(({ name }) => name))
  const gathering: GatherOptions = {
    fallbackSite: options.site ?? { name: 'Default', id: 1 },
    redact,
    username: options.username ?? (() => null),
    process: settings.fields.includes('x-process'),
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

  const exchanges = createOpenExchanges(writeExchange, options.logOpening === true)
  const stops = [watchServer(fastify.server, writeRejected), exchanges.stop]
  if (files !== null) stops.push(listen(files, options.reopenSignal ?? defaultSignal()))

  fastify.decorate('arrLog', {
    async flush () { await files?.flush() },
    reopen () { files?.reopen() },
    watch (server: Server) { stops.push(watchServer(server, writeRejected)) },
    get lost () { return files?.lost ?? 0 }
  })

  fastify.addHook('onRequest', (request, reply, done) => {
    exchanges.begin(request, reply)
    done()
  })

  fastify.addHook('onListen', async () => {
    for (const server of furtherServers(fastify)) stops.push(watchServer(server, writeRejected))
  })

  fastify.addHook('onClose', async () => {
    for (const stop of stops) stop()
    // The server is closed; the `close` events of its last connections may still be pending.
    await exchanges.allEnded(CLOSE_LIMIT)
    await files?.close()
  })

  const carrier = movingExchanges(exchanges, gathering, write)
  whenTunnels(fastify, tunnels => { tunnels.carry?.(carrier) })

  function writeExchange (request: FastifyRequest, reply: FastifyReply, begun: Beginning): void {
    try {
      write(gather(request, reply, begun, gathering), request)
    } catch (error) {
      // A function of the options may throw; logging must not crash the server.
      request.log.error({ err: error }, 'an exchange could not be logged')
    }
  }

  function write (exchange: Exchange, request: FastifyRequest): void {
    try {
      const entry = entries && isEnabled(request.log)
      const line = files?.writeExchange(exchange) ?? (entry ? format.line(exchange) : '')
      if (entry) request.log.info(traced(exchange, request), line)
    } catch (error) {
      // A function of the options may throw; logging must not crash the server.
      request.log.error({ err: error }, 'an exchange could not be logged')
    }
  }

  function writeRejected (rejected: Rejected): void {
    const redacted = { ...rejected, uri: rejected.uri === null ? null : redactUrl(rejected.uri, redact) }
    files?.writeRejected(redacted)
    if (entries) fastify.log.info({ rejected: redacted }, httperrLine(redacted))
  }
}

/** Its own field, for the name of the trace: what the record holds, lines have. */
function traced (exchange: Exchange, { trace }: FastifyRequest & Facts): { exchange: Exchange, trace?: string } {
  return trace?.file === undefined ? { exchange } : { exchange, trace: trace.file }
}

// On `localhost` Fastify listens with one server per address. `fastify.server` is the first; the others are kept under a private symbol of Fastify.
function furtherServers (fastify: object): readonly Server[] {
  // An encapsulated instance inherits the symbol through its prototypes.
  for (let owner: object | null = fastify; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const name = Object.getOwnPropertySymbols(owner).find(({ description }) => description === 'fastify.serverBindings')
    if (name !== undefined) return (owner as Record<symbol, readonly Server[]>)[name] ?? []
  }
  return []
}

// A logger other than pino may have no `isLevelEnabled`; it then filters the entries itself.
function isEnabled (log: FastifyBaseLogger & { isLevelEnabled?: (level: string) => boolean }): boolean {
  return log.isLevelEnabled?.('info') !== false
}

/** Logs each exchange as IIS and ARR do: as a line in a file, and as an entry of `request.log`. */
export const arrLog = fp(plugin, { fastify: '5.x', name: '@fastify-arr/arr-log' })
export default arrLog
