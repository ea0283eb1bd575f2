// Which parts of a URL must not be logged?

/** Replaces the values of secret parameters in a query. */
export type Redact = (query: string) => string

/** Compiles the names of secret query parameters. Without any name the query stays as it is. */
export function compileRedact (names: readonly string[]): Redact {
  if (names.length === 0) return query => query
  const secret = new Set(names.map(name => name.toLowerCase()))
  return query => query.split('&').map(pair => {
    const equals = pair.indexOf('=')
    if (equals === -1) return pair
    return secret.has(plainName(pair.slice(0, equals))) ? `${pair.slice(0, equals)}=***` : pair
  }).join('&')
}

/** Masks the secret parameters of a whole URL. */
export function redactUrl (url: string, redact: Redact): string {
  const mark = url.indexOf('?')
  return mark === -1 ? url : url.slice(0, mark + 1) + redact(url.slice(mark + 1))
}

function plainName (name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' ')).toLowerCase()
  } catch {
    return name.toLowerCase()
  }
}
