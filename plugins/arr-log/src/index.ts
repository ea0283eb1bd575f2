// arr-log: what happened? One honest line per exchange, HTTP or WebSocket, when it is over.
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { connectionOf } from './connection.ts'
import { compileCustom } from './custom.ts'
import type { Exchange } from './exchange.ts'
import { gather, type Beginning, type GatherOptions } from './gather.ts'
import type { Stream } from './ending.ts'
import { compileFormat } from './format.ts'
import { createLogFiles, type LogFiles } from './log-files.ts'
import { mistakesOf, refuse, settle, type ArrLogOptions } from './options.ts'
import { compileRedact } from './query.ts'

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
  /** Lines that could not be written, since the start. */
  readonly lost: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The log's files. Written by @fastify-arr/arr-log. */
    arrLog: ArrLog
  }
}

async function plugin (fastify: FastifyInstance, options: ArrLogOptions): Promise<void> {
  refuse(mistakesOf(options))
  const settings = settle(options)
  const custom = (options.customFields ?? []).map(compileCustom)
  const format = compileFormat(settings, custom.map(({ name }) => name))
  const gathering: GatherOptions = {
    fallbackSite: options.site ?? { name: 'Default', id: 1 },
    redact: compileRedact(options.redactQuery ?? []),
    username: options.username ?? (() => null),
    cookie: settings.fields.includes('cs(Cookie)'),
    custom
  }
  const entries = options.log ?? true
  const files: LogFiles | null = options.file === false
    ? null
    : createLogFiles(settings, format, custom.length, {
      onTrouble: (error, path) => { fastify.log.error({ err: error, path }, 'the log cannot be written; serving goes on, lines wait') },
      onRecovery: (path, lost) => { fastify.log.warn({ path, lost }, `the log is written again, ${lost} lines were lost`) }
    })

  fastify.decorate('arrLog', {
    async flush () { await files?.flush() },
    reopen () { files?.reopen() },
    get lost () { return files?.lost ?? 0 }
  })

  fastify.addHook('onRequest', (request, reply, done) => {
    const connection = connectionOf(request.raw)
    const begun: Beginning = {
      startedAt: performance.now(),
      connection,
      stream: (request.raw as { stream?: Stream }).stream ?? null,
      webSocket: null
    }
    connection.open++
    reply.raw.once('close', () => {
      connection.open--
      end(request, reply, begun)
    })
    done()
  })

  fastify.addHook('onClose', async () => { await files?.close() })

  function end (request: FastifyRequest, reply: FastifyReply, begun: Beginning): void {
    try {
      tell(request, gather(request, reply, begun, gathering))
    } catch (error) {
      // A function given in the options may throw; the log must not take the server with it.
      request.log.error({ err: error }, 'an exchange could not be logged')
    }
  }

  function tell (request: FastifyRequest, exchange: Exchange): void {
    if (exchange.rejection !== undefined) {
      files?.writeRejected({
        ...exchange,
        at: exchange.endedAt,
        uri: exchange.query === null ? exchange.path : `${exchange.path}?${exchange.query}`,
        siteId: null,
        reason: exchange.rejection
      })
    }
    const line = format.line(exchange)
    if (exchange.rejection === undefined) files?.write(exchange, line)
    if (entries && isEnabled(request.log)) request.log.info({ exchange }, line)
  }
}

// A logger that is not pino need not have levels; then it decides for itself.
function isEnabled (log: FastifyBaseLogger & { isLevelEnabled?: (level: string) => boolean }): boolean {
  return log.isLevelEnabled?.('info') !== false
}

/** Logs each exchange as IIS and ARR would have: a line in a file, and an entry of `request.log`. */
export const arrLog = fp(plugin, { fastify: '5.x', name: '@fastify-arr/arr-log' })
export default arrLog
