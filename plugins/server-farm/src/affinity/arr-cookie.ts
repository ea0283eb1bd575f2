// What is a server called in ARR's cookie? YARP's policy `ArrCookie` has the same values, so that clients keep their server in a migration.
import { createHash } from 'node:crypto'

/** The upper-case hex SHA-256 of the server's lower-cased name in UTF-16LE: the same from every proxy that knows the name. */
export function arrValue (name: string): string {
  return createHash('sha256').update(name.toLowerCase(), 'utf16le').digest('hex').toUpperCase()
}

const VALUE = /^[0-9a-f]{64}$/i

/** The value of a cookie, in the case that `arrValue` has; null for what is no value of ours, as a client may send anything. */
export function readArrValue (value: string | null): string | null {
  return value !== null && VALUE.test(value) ? value.toUpperCase() : null
}
