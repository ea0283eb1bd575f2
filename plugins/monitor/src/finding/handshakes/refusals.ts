// Were many handshakes refused in the same way?
import type { EndedWebSocket, Finding } from '../../messages/index.ts'
import { casesOf, found, type FindingCode } from '../codes.ts'
import type { Refused } from '../records/refused.ts'
import { counted, filterOf, grouped } from '../sentence.ts'

const LEAST = 5

/** What a status of the upstream says about a handshake; the words are those of request-trace. */
const REMEDIES: Readonly<Record<number, string>> = {
  200: 'The application answers as if they were plain requests: it has no WebSocket at this path, or another proxy before it strips Upgrade and Connection.',
  400: 'The application finds the handshakes faulty. Frequent: a proxy before it strips Upgrade, or socket.io gets a `sid` that another server gave (several servers without affinity).',
  401: "The application wants credentials. A browser's WebSocket cannot set headers: let a cookie carry the session, or put a token into the query or the sub-protocol.",
  403: 'Allow the origin in the application (`AllowedOrigins` of ASP.NET Core, `setAllowedOrigins` of Spring, `allowed_request_origins` of Rails, `cors.origin` of socket.io), or let it get the host that the client asked for: `hostHeader` of upstream-proxy.',
  404: 'The application has nothing at this path: compare it with the one that the application listens at, base path and slash at the end included.',
  426: 'The application saw no upgrade, or not its version: another proxy before it strips Upgrade and Connection.',
  429: "Raise the application's limit, or let it see the clients' addresses (X-Forwarded-For): elsewhere all clients are one to it, this proxy.",
  502: 'Look whether the server runs, listens at this address, and is reached from here.',
  503: 'Look whether the server is overloaded, or a limit of this proxy is reached: `websocket.maxTunnels`, `websocket.admission`.',
  504: 'The server does not answer in time: look at its load, and at `timeouts.firstByte` of upstream-proxy.'
}

export function refusals (refused: readonly Refused[]): Finding[] {
  const groups = grouped(refused, ({ status, error, rejection, upstream, site }) => [status, error, rejection, rejection === null ? upstream : site].join('\n'))
  return [...groups.values()].flatMap(members => members.length < LEAST ? [] : [findingOf(members)])
}

function findingOf (members: readonly Refused[]): Finding {
  const { status, error, rejection, upstream, site } = members[0] as Refused
  const many = counted(members.length, 'handshake')
  const remedy = REMEDIES[status ?? 0] ?? 'Look at one of them: its story, or its trace.'
  const cases = casesOf(members.map(exampleOf))
  const tell = (code: FindingCode, sentence: string, remedy: string, filter: string): Finding => found(code, cases, sentence, remedy, filter)
  if (rejection !== null) {
    return tell('HANDSHAKES_REJECTED', `${many}${site === null ? '' : ` for the site ${site}`} were refused with ${status ?? 'no status'} before anything could answer them: ${rejection}.`, 'Right where it is meant; elsewhere look at this part of request-filter, or at the bindings of host-routing.', filterOf({ ws: 'refused', rejection, site }))
  }
  const server = upstream ?? 'no upstream'
  if (error !== null) return tell('HANDSHAKES_FAILED', `${many} with ${server} failed with ${error}${status === null ? '' : ` (${status})`}.`, remedy, filterOf({ ws: 'refused', error, upstream }))
  return tell('HANDSHAKES_REFUSED', `${upstream === null ? 'This server' : upstream} answered ${many} with ${status ?? 'nothing'} instead of 101.`, remedy, filterOf({ ws: 'refused', status, upstream }))
}

/** A handshake has no life; its name is that of the exchange. */
function exampleOf ({ id, at, client, site, upstream }: Refused): EndedWebSocket {
  return { id, at, life: 0, silence: 0, client, site, upstream: upstream ?? '', closedBy: null, closeCode: null, ending: null, limit: null }
}
