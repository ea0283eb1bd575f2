// By what is a client bound to a server?
import type { Reading } from '../compile/reading.ts'

export interface AffinitySettings {
  readonly cookie: string | null
  /** In lower case. */
  readonly header: string | null
  readonly query: string | null
  readonly sameSite: 'Strict' | 'Lax' | 'None' | null
  readonly onLost: 'redistribute' | 'refuse'
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i // RFC 6265 §4.1.1, RFC 9110 §5.6.2

export function compileAffinity (farm: Reading): AffinitySettings | null {
  const read = farm.object('affinity', ['cookie', 'header', 'query', 'sameSite', 'onLost'])
  if (read === null) return null
  const [cookie, header, query] = [read.text('cookie'), read.text('header'), read.text('query')]
  if (['cookie', 'header', 'query'].every(name => read.get(name) === undefined)) farm.wrong('affinity', 'given with `cookie`, `header` or `query`')
  if (cookie !== null && !TOKEN.test(cookie)) read.wrong('cookie', 'the name of a cookie')
  if (header !== null && !TOKEN.test(header)) read.wrong('header', 'the name of a header')
  return {
    cookie,
    header: header?.toLowerCase() ?? null,
    query,
    sameSite: read.get('sameSite') === undefined ? null : read.oneOf<'Strict' | 'Lax' | 'None'>('sameSite', 'Lax', ['Strict', 'Lax', 'None']),
    onLost: read.oneOf('onLost', 'redistribute', ['redistribute', 'refuse'])
  }
}
