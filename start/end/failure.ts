// Why did it not start? One sentence that names the setting to change, and the end.
import { origin } from '../origin.ts'
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
  const sentence = sentenceOf(error)
  console.error(origin()?.said(sentence) ?? sentence)
  process.exit(1)
}

/** The sentence for an error of the start; the stack only where no setting explains the error. */
export function sentenceOf (error: unknown, platform = process.platform): string {
  if (error instanceof EnvironmentError) return error.message
  if (!isError(error)) return String(error)
  if (isClosedDoors(error)) return ['The site does not start: IIS refuses requests that nothing refuses here.', ...linesOf(error), `To let all of them through: ${toOpen(error)}`].join('\n')
  const setting = unreadable(error) ?? unkept(error)
  if (setting !== null) return setting
  const system = systemError(error)
  const reason = REASONS[system?.code ?? '']
  // The packages' own errors are sentences already, and name the option, or the file and its line.
  if (error.code?.startsWith('FST_ARR_') && (reason === undefined || error.label === null)) return error.message
  if (system === null || reason === undefined) return error.stack ?? error.message
  // metrics knows no variables; two settings never have one port.
  const label = error.label ?? (process.env.METRICS_PORT === String(system.port) ? 'METRICS_PORT' : 'HTTP_PORT')
  return `${label}: ${reason(`port ${system.port}`, platform)} (${label}=…).`
}

/** The sentence for a file of IIS that is not there, or may not be read; the reader knows no variables. */
function unreadable (error: LabelledError): string | null {
  const [problem] = (error as { problems?: ReadonlyArray<{ readonly file: string, readonly message: string }> }).problems ?? []
  const code = error.code === 'FST_ARR_IIS_CONFIG_UNREADABLE' ? /cannot be read: (ENOENT|ENOTDIR|EACCES|EPERM)/.exec(problem?.message ?? '')?.[1] : undefined
  if (problem === undefined || code === undefined) return null
  return `WEB_CONFIG, or --web-config: ${code.startsWith('EN') ? `there is no ${problem.file}` : `this user has no right to read ${problem.file}`}.`
}

/** The sentence for a development certificate that cannot be written. */
function unkept (error: LabelledError): string | null {
  const [, folder, code] = error.code === 'FST_ARR_LISTENERS_CERTIFICATE' ? /development certificate cannot be kept in (.+): (E[A-Z]+)\.$/.exec(error.message) ?? [] : []
  if (folder === undefined) return null
  const reason = code === 'EROFS' ? 'it is on a read-only file system' : code === 'EACCES' || code === 'EPERM' ? 'this user may not write there' : String(code)
  return `CERTIFICATE_DIR: the development certificate cannot be kept in ${folder} (${reason}): choose another folder (CERTIFICATE_DIR=…), ${error.label === 'HTTPS_PORT' ? 'or open no https (HTTPS_PORT=off)' : 'or give certificates (CERTIFICATES=…)'}.`
}

// Errors of files have the same codes, without a port.
function systemError (error: LabelledError): LabelledError | null {
  if (error.code !== undefined && error.code in REASONS && error.port !== undefined) return error
  return error.cause instanceof Error ? systemError(error.cause) : null
}

function isError (error: unknown): error is LabelledError {
  return error instanceof Error
}
