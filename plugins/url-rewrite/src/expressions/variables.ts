// What does a server variable stand for? (IIS URL Rewrite reference, "Server variables"; iis.net "IIS Server Variables")

import { fileAt } from '../request/folders.ts'
import { pathOf, type State } from '../request/state.ts'
import { decoded, join, type Text } from '../request/text.ts'

/** Reads one variable's value; an unknown one is empty, as in IIS. */
export type ReadVariable = (state: State) => Text

const first = (value: string | readonly string[] | undefined): string =>
  value === undefined ? '' : typeof value === 'string' ? value : value.join(', ')

/** A request header as the upstream gets it: as set by a rule, else as sent. */
function requestHeader (state: State, name: string): string {
  const set = state.headers?.[name]
  return set ?? first(state.exchange.headers[name])
}

/** The Host header, or `:authority` of HTTP/2. */
export const hostOf = (state: State): string => requestHeader(state, 'host') || first(state.exchange.headers[':authority'])

const withQuery = (path: Text, query: string | null): Text => query === null ? path : join([path, `?${query}`])

const defaultPort = (state: State): string => state.exchange.encrypted ? '443' : '80'

/** The request target as sent, whatever rules have done since. */
const originalTarget = (state: State): string => state.exchange.url

const fileName = (state: State): string => {
  const { documentRoot: root, virtualFolders: inner = [] } = state.exchange
  return root === '' && inner.length === 0 ? '' : fileAt({ root, inner }, decoded(pathOf(state)))
}

const VARIABLES = {
  AUTH_USER: state => state.variables?.AUTH_USER ?? '',
  CACHE_URL: state => join([
    `${state.exchange.encrypted ? 'https' : 'http'}://${serverName(state)}:${state.exchange.localPort || defaultPort(state)}`,
    withQuery(pathOf(state), state.query)
  ]),
  CONTENT_LENGTH: state => requestHeader(state, 'content-length'),
  CONTENT_TYPE: state => requestHeader(state, 'content-type'),
  DOCUMENT_ROOT: state => state.exchange.documentRoot,
  HTTP_HOST: hostOf,
  HTTP_URL: originalTarget,
  HTTP_VERSION: state => `HTTP/${state.exchange.httpVersion}`,
  HTTPS: state => state.exchange.encrypted ? 'on' : 'off',
  INSTANCE_ID: state => state.exchange.siteId,
  INSTANCE_NAME: state => state.exchange.siteName,
  LOCAL_ADDR: state => state.exchange.localAddress,
  PATH_INFO: state => pathOf(state),
  PATH_TRANSLATED: fileName,
  QUERY_STRING: state => state.query ?? '',
  REMOTE_ADDR: state => state.exchange.remoteAddress,
  REMOTE_HOST: state => state.exchange.remoteAddress,
  REMOTE_PORT: state => state.exchange.remotePort,
  REQUEST_FILENAME: fileName,
  REQUEST_METHOD: state => state.exchange.method,
  REQUEST_URI: state => withQuery(pathOf(state), state.query),
  RESPONSE_STATUS: state => state.response === null ? '' : String(state.response.status),
  SCRIPT_NAME: state => pathOf(state),
  SERVER_ADDR: state => state.exchange.localAddress,
  SERVER_NAME: serverName,
  SERVER_PORT: state => state.exchange.localPort || defaultPort(state),
  SERVER_PORT_SECURE: state => state.exchange.encrypted ? '1' : '0',
  SERVER_PROTOCOL: state => `HTTP/${state.exchange.httpVersion}`,
  UNENCODED_URL: originalTarget,
  URL: state => pathOf(state)
} satisfies Record<string, ReadVariable>

function serverName (state: State): string {
  // The port follows the last colon, unless that colon is inside an IPv6 literal, which ends with `]`.
  return hostOf(state).replace(/:\d*$/, '')
}

/** Compiles a variable's name to its reader. Names ignore case. */
export function variable (written: string): ReadVariable {
  const name = written.toUpperCase()
  const known: ReadVariable | undefined = Object.hasOwn(VARIABLES, name) ? VARIABLES[name as keyof typeof VARIABLES] : undefined
  if (known !== undefined) return state => state.variables?.[name] ?? known(state)
  if (name.startsWith('HTTP_')) {
    const header = headerName(name)
    // IIS sets this header itself; one that the client sent does not count.
    if (name === 'HTTP_X_ORIGINAL_URL') return state => state.headers?.[header] ?? originalTarget(state)
    return state => requestHeader(state, header)
  }
  if (name.startsWith('RESPONSE_')) {
    const header = name.slice('RESPONSE_'.length).toLowerCase().replaceAll('_', '-')
    return state => state.response?.header(header) ?? ''
  }
  return state => state.variables?.[name] ?? ''
}

/** Whether this variable can have a value without a rule that sets it. */
export function isKnown (written: string): boolean {
  const name = written.toUpperCase()
  return Object.hasOwn(VARIABLES, name) || name.startsWith('HTTP_') || name.startsWith('RESPONSE_')
}

/** The request header of `HTTP_X_Y`: `x-y`. */
export const headerName = (variableName: string): string => variableName.slice('HTTP_'.length).toLowerCase().replaceAll('_', '-')

/** The current URL as a whole, encoded, with its query. */
export const currentUrl = (state: State): string => state.origin + state.rawPath + (state.query === null ? '' : `?${state.query}`)
