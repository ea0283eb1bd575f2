// What does the upstream's status say about a handshake?
import type { Finding } from '../../trace/trace.ts'
import { found, type FindingCode } from '../findings.ts'
import { hostIn, type Head } from '../story/heads.ts'
import { pathOf } from '../story/path-of.ts'
import type { Story } from '../story/story.ts'

interface Words {
  readonly code: FindingCode
  /** What follows `The upstream answered the handshake for /path with 404`. */
  readonly says: (answer: Head) => string
  readonly remedy: string
}

const PATH = 'Compare the path with the one that the application listens at, base path and slash at the end included: `show` has the URL before and after the rules.'
const ENDPOINT = 'The application behind does not take upgrades there: a missing `app.UseWebSockets()` (ASP.NET Core), WebSocket feature (IIS), `attach` (socket.io), `upgrade` listener (Node.js), or an ASGI server without a WebSocket library (`pip install "uvicorn[standard]"`). Or another proxy before it strips Upgrade and Connection.'

/** Null for a status that is told elsewhere, or says nothing of a handshake. */
function wordsOf (status: number, hasOrigin: boolean, hostChanged: boolean): Words | null {
  if (status === 403 && !hasOrigin) return { code: 'FORBIDDEN', says: () => 'and the request has no Origin', remedy: "A client that is no browser sends no Origin: set one that the application allows. Elsewhere look at the upstream's own log, or at a firewall (WAF) before it." }
  if (status === 404 || status === 410) return { code: 'PATH_NOT_FOUND', says: () => 'it has nothing at this path', remedy: `${PATH} ${ENDPOINT}` }
  if (status === 405) return { code: 'METHOD_REFUSED', says: ({ headers }) => `it has no WebSocket there (Allow: ${headers.get('allow') ?? 'none'})`, remedy: `${PATH} ${ENDPOINT}` }
  if (status === 426) return { code: 'UPGRADE_REQUIRED', says: ({ headers }) => `it saw no upgrade, or not its version (Upgrade: ${headers.get('upgrade') ?? 'none'}, Sec-WebSocket-Version: ${headers.get('sec-websocket-version') ?? 'none'})`, remedy: 'Compare the headers as they were sent with those of the client: Upgrade, Connection and Sec-WebSocket-Version 13 must be there. What is sent right and still refused is changed by another proxy before the application.' }
  if (status === 400 && !hostChanged) return { code: 'HANDSHAKE_REFUSED', says: () => 'it finds the handshake faulty', remedy: "Compare the headers as they were sent with those of a handshake that works (`compare`). Frequent: a proxy before the application strips Upgrade, socket.io gets a `sid` that another server gave (several servers without affinity), or the application's own check fails: its log says which." }
  if (status === 429) return { code: 'HANDSHAKE_THROTTLED', says: ({ headers }) => `it has too many requests (Retry-After: ${headers.get('retry-after') ?? 'none'})`, remedy: "Raise the application's limit, or let it see the client's address (X-Forwarded-For): elsewhere all clients are one to it, this proxy." }
  if (status >= 200 && status < 300) return { code: 'HANDSHAKE_IGNORED', says: ({ headers }) => `as if it were a plain request (Content-Type: ${headers.get('content-type') ?? 'none'})`, remedy: `${ENDPOINT} A page that answers every path (a single-page application) hides a wrong path: ${PATH}` }
  if (status >= 300 && status < 400) return { code: 'HANDSHAKE_REDIRECTED', says: ({ headers }) => `to ${headers.get('location') ?? 'nowhere'}; browsers do not follow with a WebSocket`, remedy: 'Connect to the place that it redirects to: often https instead of http (tell the application by X-Forwarded-Proto that the client has TLS), a slash at the end, or a page to sign in.' }
  if (status >= 500) return { code: 'UPSTREAM_ERROR', says: ({ headers }) => `it failed (Server: ${headers.get('server') ?? 'none'})`, remedy: status === 500 ? 'The application failed: look at its log at this time.' : 'Another proxy before the application answered so, or the application is overloaded or starting: look at the log of what Server or Via names.' }
  return null
}

export function refusalFindings ({ request, sent, answer, handshake, trace }: Story): Finding[] {
  if (answer === null || answer.status === null || answer.status === 101) return []
  const { status } = answer
  if (!handshake) {
    return status < 500 ? [] : [found('UPSTREAM_ERROR', [answer.index], `The upstream${named(sent?.server ?? '')} answered ${status} by itself (Server: ${answer.headers.get('server') ?? 'none'}).`, "Look at the upstream's own log at this time.")]
  }
  const hostChanged = request !== null && sent !== null && hostIn(request) !== hostIn(sent)
  const words = wordsOf(status, request?.headers.get('origin') != null, hostChanged)
  if (words === null) return []
  return [found(words.code, [request?.index, sent?.index, answer.index], `The upstream${named(sent?.server ?? '')} answered the handshake for ${pathOf(trace.url)} with ${status}: ${words.says(answer)}.`, words.remedy)]
}

function named (server: string): string {
  return server === '' ? '' : ` ${server}`
}
