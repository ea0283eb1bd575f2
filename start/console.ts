// How does the log look on the console? Given to `fastify start --logging-module`: coloured lines for people on a
// terminal, JSON for the programs that read a pipe.
import type { LoggerOptions } from 'pino'

const logger: LoggerOptions = {
  level: process.env.FASTIFY_LOG_LEVEL ?? 'info',
  ...(process.stdout.isTTY ? { transport: { target: '@fastify-arr/arr-log/pretty' } } : {})
}

export default logger
