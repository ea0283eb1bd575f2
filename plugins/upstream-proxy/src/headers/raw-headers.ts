// What is a list of headers here? Names and values in turn; and what may stand in it.

/** Names and values in turn, as Node's `rawHeaders`. */
export type RawHeaders = string[]

/** What a header's name may be (RFC 9110 §5.6.2). */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** What a value sent as latin1 must not contain: line breaks, NUL and other control characters, or anything beyond one byte. */
export const NOT_A_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/** True where a header can be sent as one header: a valid name, and a value without line breaks. */
export function isHeader (name: string, value: string): boolean {
  return TOKEN.test(name) && !NOT_A_VALUE.test(value)
}

/** Adds a header that a hook has set, once for each of its values. Throws where one cannot be sent: no later step checks them. */
export function addOwn (headers: RawHeaders, name: string, value: number | string | readonly string[]): void {
  for (const one of Array.isArray(value) ? value : [value]) {
    if (!isHeader(name, String(one))) throw new TypeError(`the header ${name} cannot be sent`)
    headers.push(name, String(one))
  }
}

/** Removes every header of a name (lower-cased). */
export function without (headers: RawHeaders, name: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if ((headers[i] as string).toLowerCase() === name) headers.splice(i, 2)
  }
}
