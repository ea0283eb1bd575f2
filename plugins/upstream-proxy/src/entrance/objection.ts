// Can this request be for a web server at all? Node's parser takes RTSP and ICE for HTTP, and does not tell which protocol it was.
import { METHODS, type IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

/** Why a request is refused, whatever its target. */
export interface Objection {
  /** `protocol`: it is not HTTP. `method`: HTTP/2 with a method that no route can have. */
  readonly reason: 'protocol' | 'method'
  /** What it is answered. */
  readonly status: 400 | 501
}

/** The private parser of Node's HTTP/1 sockets. Where it is missing, the request line is not read. */
type Parsed = IncomingMessage['socket'] & { readonly parser?: { getCurrentBuffer?: () => Buffer | undefined } | null }

const NOT_HTTP: Objection = { reason: 'protocol', status: 400 }
const NO_METHOD: Objection = { reason: 'method', status: 501 } // RFC 9110 §15.6.2
// Without those that Node's parser knows from RTSP alone, such as ANNOUNCE. They have no route: Fastify would answer with a 404, and print all its routes.
const KNOWN: ReadonlySet<string> = new Set(METHODS)
const OTHER = /^ +(?:RTSP|ICE)\//
/** Spaces, a protocol's name and its slash. */
const LONGEST = 64

/**
 * What there is to object to a request, or null. Must be called while the request is emitted: then Node's parser still has its bytes.
 *
 * HTTP/1.1, the usual one, costs a look-up. Of other versions, and of SOURCE (ICE), the request line is read. It is not there where it
 * came in an earlier packet than the end of its head: such a request is taken for HTTP, as Node takes it.
 */
export function objectionTo (request: IncomingMessage | Http2ServerRequest): Objection | null {
  const { method = '', httpVersionMajor, httpVersionMinor } = request
  if ('stream' in request) return KNOWN.has(method) ? null : NO_METHOD
  // HTTP/2 has no request line: what says 2.0 in one is RTSP, or no HTTP either.
  if (!KNOWN.has(method) || httpVersionMajor > 1) return NOT_HTTP
  if (httpVersionMajor === 1 && httpVersionMinor === 1 && method !== 'SOURCE') return null
  return namesOther(request as IncomingMessage) ? NOT_HTTP : null
}

/** Whether the protocol in the request line is another. Several requests of a pipeline may be in the bytes: the first and the last for this target are read. */
function namesOther ({ socket, url = '' }: IncomingMessage): boolean {
  // A request that was injected, and not sent, may have no socket.
  const bytes = (socket as Parsed | undefined)?.parser?.getCurrentBuffer?.()
  if (!Buffer.isBuffer(bytes)) return false
  const target = Buffer.from(` ${url} `, 'latin1')
  const first = bytes.indexOf(target)
  if (first === -1) return false
  return [first, bytes.lastIndexOf(target)].some(at => {
    const behind = at + target.length - 1
    return OTHER.test(bytes.toString('latin1', behind, behind + LONGEST))
  })
}
