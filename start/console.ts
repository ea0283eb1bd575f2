// How does the log look on the console? Given to `fastify start --logging-module`: coloured lines for people on a
// terminal, JSON for the programs that read a pipe.
import type { LoggerOptions } from 'pino'

// `sync`: what the worker has been told is on the terminal when a flush ends, so that nothing comes behind the banner of the start.
const logger: LoggerOptions = {
  level: process.env.FASTIFY_LOG_LEVEL ?? 'info',
  ...(process.stdout.isTTY ? { transport: { target: '@fastify-arr/arr-log/pretty', options: { sync: true } } } : {})
}

export default logger
