// Why did it not start? One sentence that names the setting to change, and the end.
import { isClosedDoors, linesOf, toOpen } from '../site/doors.ts'
import { EnvironmentError } from '../settings/environment.ts'

/** An error with the setting that it comes from: `label` is the variable's name. */
interface LabelledError extends Error {
  /** Null where no variable sets it, as with a binding of a file of IIS. */
  label?: string | null
  code?: string
  port?: number
  cause?: unknown
}

const REASONS: Readonly<Record<string, (port: string, platform: NodeJS.Platform) => string>> = {
  EADDRINUSE: port => `${port} is in use by another program: stop that one, or choose another port`,
  // On Windows every user may open every port but those that the system has reserved.
  EACCES: (port, platform) => platform === 'win32'
    ? `Windows keeps ${port} for something else ("netsh interface ipv4 show excludedportrange protocol=tcp" lists such ports): choose another`
    : `this user has no right to ${port}: choose one above 1023, or give the program that right`,
  EADDRNOTAVAIL: port => `${port} can't be opened: this machine has no such address`
}

/**
 * Ends a start that has failed. Once the site is up, errors are left to fastify-cli: it closes the server, so that
 * WebSockets get their Close frames and the log is written to its end.
 */
export function endStart (error: unknown): never {
  console.error(sentenceOf(error))
  process.exit(1)
}

/** The sentence for an error of the start; the stack only where no setting explains the error. */
export function sentenceOf (error: unknown, platform = process.platform): string {
  if (error instanceof EnvironmentError) return error.message
  if (!isError(error)) return String(error)
  if (isClosedDoors(error)) return ['The site does not start: IIS refuses requests that nothing refuses here.', ...linesOf(error), `To let all of them through: ${toOpen(error)}`].join('\n')
  const system = systemError(error)
  const reason = REASONS[system?.code ?? '']
  // The packages' own errors are sentences already, and name the option, or the file and its line.
  if (error.code?.startsWith('FST_ARR_') && (reason === undefined || error.label === null)) return error.message
  if (system === null || reason === undefined) return error.stack ?? error.message
  const label = (error as LabelledError).label ?? 'HTTP_PORT'
  return `${label}: ${reason(`port ${system.port}`, platform)} (${label}=…).`
}

// Errors of files have the same codes, without a port.
function systemError (error: LabelledError): LabelledError | null {
  if (error.code !== undefined && error.code in REASONS && error.port !== undefined) return error
  return error.cause instanceof Error ? systemError(error.cause) : null
}

function isError (error: unknown): error is LabelledError {
  return error instanceof Error
}
