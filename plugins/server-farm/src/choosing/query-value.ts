// What is the value of a name in a query string? Read as it is written: a hash needs no decoding, and a wrong escape must not be an error.

/** The first value, or null; the name is compared without case, as in ARR. */
export function queryValue (query: string, name: string): string | null {
  const wanted = name.toLowerCase()
  for (let start = 0; start < query.length;) {
    let end = query.indexOf('&', start)
    if (end === -1) end = query.length
    const equals = query.indexOf('=', start)
    const nameEnd = equals === -1 || equals > end ? end : equals
    if (nameEnd - start === wanted.length && query.slice(start, nameEnd).toLowerCase() === wanted) return query.slice(Math.min(nameEnd + 1, end), end)
    start = end + 1
  }
  return null
}
