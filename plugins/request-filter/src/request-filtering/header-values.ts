// Which values does a header have? All, since an upstream is sent those that Node leaves out of `headers`.
import type { FastifyRequest } from 'fastify'

const NONE: readonly string[] = []
const AUTHORITY = ':authority'

/** The values of a header, by its name in lower case. To HTTP/2 `:authority` is the Host. */
export function allValuesOf ({ headers, rawHeaders }: FastifyRequest['raw'], name: string): readonly string[] {
  if (headers[name] === undefined && (name !== 'host' || headers[AUTHORITY] === undefined)) return NONE
  const values: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const one = rawHeaders[i] as string
    if ((one.length === name.length && one.toLowerCase() === name) || (name === 'host' && one === AUTHORITY)) values.push(rawHeaders[i + 1] as string)
  }
  return values
}

/** All headers as lines, `Name: value`, without what HTTP/2 has in the place of a request line. */
export function headerLines ({ rawHeaders }: FastifyRequest['raw']): string {
  let lines = ''
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name === AUTHORITY) lines += `host: ${rawHeaders[i + 1]}\r\n`
    else if (!name.startsWith(':')) lines += `${name}: ${rawHeaders[i + 1]}\r\n`
  }
  return lines
}
