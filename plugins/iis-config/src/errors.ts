// The errors of a configuration file: one error for all problems, each with its file and line.
import { createError } from '@fastify/error'

/** A place in a file: the file as it was named, line and column counted from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One problem and its place. */
export interface Problem extends Place {
  readonly message: string
}

/** Thrown for a configuration that cannot be read. `problems` has all problems, `message` one line for each. */
export interface IisConfigError extends Error {
  readonly code: string
  readonly problems: readonly Problem[]
}

/** The file is missing, is no file, may not be read, or is larger than `maxBytes`. */
export const UnreadableError = createError<[string]>('FST_ARR_IIS_CONFIG_UNREADABLE', '%s', 500)

/** The bytes are not text in the encoding they claim. */
export const EncodingError = createError<[string]>('FST_ARR_IIS_CONFIG_INVALID_ENCODING', '%s', 500)

/** The text is not well-formed XML, or has a DOCTYPE, elements nested too deep, or too many elements and attributes. */
export const XmlError = createError<[string]>('FST_ARR_IIS_CONFIG_INVALID_XML', '%s', 500)

/** The root element is not `<configuration>`. */
export const RootError = createError<[string]>('FST_ARR_IIS_CONFIG_WRONG_ROOT', '%s', 500)

/** Well-formed, with wrong values: an unknown word of a list, a number out of range, a pattern that does not compile. */
export const ValueError = createError<[string]>('FST_ARR_IIS_CONFIG_INVALID_VALUE', '%s', 500)

/** Because of the file IIS refuses requests that no plugin refuses, and the option `open` does not name the sections that do. */
export const ClosedDoorsError = createError<[string]>('FST_ARR_IIS_CONFIG_CLOSED_DOORS', '%s', 500)

/** An option has a value that it cannot have, or a file is given for a place that the server does not have. */
export const OptionError = createError<[string]>('FST_ARR_IIS_CONFIG_INVALID_OPTION', '%s', 500)

type ErrorClass = typeof ValueError

/** Makes one error of a list of problems, sorted by their place in the file. */
export function problemsError (Class: ErrorClass, problems: readonly Problem[]): IisConfigError {
  const sorted = [...problems].sort((a, b) => a.file === b.file ? a.line - b.line || a.column - b.column : 0)
  const error = new Class(sorted.map(problem => `${at(problem)}: ${problem.message}`).join('\n'))
  return Object.assign(error, { problems: sorted })
}

/** The error for options with mistakes, one message for each; `file` is the file that they are about. */
export function optionError (file: string, messages: readonly string[]): IisConfigError {
  return problemsError(OptionError, messages.map(message => ({ file, line: 1, column: 1, message })))
}

/** Whether an error is one of this package, with `code` and `problems`. */
export function isIisConfigError (error: unknown): error is IisConfigError {
  return error instanceof Error && 'problems' in error &&
    'code' in error && String(error.code).startsWith('FST_ARR_IIS_CONFIG_')
}

/** `file:line:column`, the form that editors and terminals turn into a link. */
export function at (place: Place): string {
  return `${place.file}:${place.line}:${place.column}`
}
