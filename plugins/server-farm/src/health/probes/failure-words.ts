// How is an error of a probe told? In few words, and whatever the server sent, in one short line.

const LONGEST = 200

/** The system's own words where it has them (`connect ECONNREFUSED`), else the message. */
export function failureWords (error: unknown): string {
  // Several addresses of one name were tried: the first error stands for all.
  const first = error instanceof AggregateError ? error.errors[0] as unknown : error
  if (!(first instanceof Error)) return 'an error'
  const { code, syscall, message } = first as NodeJS.ErrnoException
  // OpenSSL's reason is the last but one of many parts.
  if (code === 'EPROTO') return `no TLS: ${/:SSL routines:[^:]*:([\w -]+)/.exec(message)?.[1] ?? code}`
  if (syscall !== undefined && code !== undefined) return `${syscall} ${code}`
  const words = code === undefined || message.includes(code) ? message : `${message} (${code})`
  return words.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, LONGEST)
}
