// Which findings are there? Each code with its severity and its meaning; the README has the same table.
import type { Finding } from '../trace/trace.ts'

interface Meaning {
  readonly severity: Finding['severity']
  readonly means: string
}

const error = (means: string): Meaning => ({ severity: 'error', means })
const warning = (means: string): Meaning => ({ severity: 'warning', means })
const information = (means: string): Meaning => ({ severity: 'information', means })

/** Every code that a finding may have. A code never changes its meaning. */
export const FINDINGS = {
  // The request.
  UPGRADE_STRIPPED: error('The request has headers of a WebSocket but no `Upgrade` or `Connection`: something in front strips hop-by-hop headers'),
  UPGRADE_NOT_SENT: error('The client asked for a WebSocket, and the upstream was sent a plain request'),
  HANDSHAKE_INCOMPLETE: error('A handshake without a key or without version 13'),
  HTTP_1_0_HANDSHAKE: error('A handshake in HTTP/1.0: something in front speaks HTTP/1.0'),
  CREDENTIALS_NOT_SENT: error('The upstream refused for want of credentials that were lost on the way to it'),
  // The upstream's answer to a handshake.
  ACCEPT_MISMATCH: error('`Sec-WebSocket-Accept` does not fit the key that was sent'),
  EXTENSION_NOT_OFFERED: error('The upstream agreed to an extension that it was not offered'),
  EXTENSIONS_CHANGED: warning('`Sec-WebSocket-Extensions` was changed on the way'),
  SUBPROTOCOL_NOT_ANSWERED: error('The client asked for a sub-protocol and the upstream chose none'),
  SUBPROTOCOL_NOT_ASKED: error('The upstream chose a sub-protocol that was not asked for'),
  ORIGIN_REFUSED: error('The upstream answered 403 to a handshake with an `Origin`'),
  HOST_REFUSED: error('The upstream answered 400 or 421, and its `Host` is not the one that the client asked for'),
  AUTHENTICATION_REQUIRED: warning('The upstream asks for authentication: 401 or 407'),
  FORBIDDEN: error('The upstream answered 403 to a handshake without an `Origin`'),
  PATH_NOT_FOUND: error('The upstream has nothing at the path of the handshake: 404 or 410'),
  METHOD_REFUSED: error('The upstream has no WebSocket at this path: 405'),
  UPGRADE_REQUIRED: error('The upstream saw no upgrade, or not its version: 426'),
  HANDSHAKE_REFUSED: error('The upstream found the handshake faulty: 400'),
  HANDSHAKE_IGNORED: error('The upstream answered the handshake as if it were a plain request: 200 or another success'),
  HANDSHAKE_REDIRECTED: error('The upstream redirects the handshake; browsers do not follow'),
  HANDSHAKE_THROTTLED: warning('The upstream has too many requests: 429'),
  UPSTREAM_ERROR: error('The upstream itself answered with 500 or more'),
  // Where the request went.
  SITE_UNKNOWN: error('No site has this host'),
  REQUEST_REJECTED: warning('A request filter refused the request'),
  NO_UPSTREAM: error('No rule and no option names an upstream for the request'),
  PATTERN_WITH_SLASH: warning("A rule's pattern begins with a slash, which IIS does not put before the URL that it tries"),
  CONDITION_FAILED: information("A rule's pattern matched and its conditions did not hold"),
  REDIRECT_LOOP: error('The answer redirects to the URL that was asked for'),
  PROXY_REFUSED: warning('This proxy refused: a limit, an expired permission, or it is closing'),
  MODULE_SET_STATUS: warning('A module set the status of the answer'),
  // Attempts.
  UPSTREAM_REFUSED: error('The upstream does not accept connections'),
  UPSTREAM_NOT_RESOLVED: error("The upstream's name cannot be resolved"),
  UPSTREAM_CONNECT_TIMEOUT: error('The upstream did not accept the connection in time'),
  UPSTREAM_TIMEOUT: error('The upstream did not answer in time'),
  UPSTREAM_TLS: error('No TLS with the upstream'),
  CERTIFICATE_UNTRUSTED: error("The upstream's certificate is self-signed or from an unknown authority"),
  CERTIFICATE_NAME: error("The upstream's certificate is for other names"),
  CERTIFICATE_EXPIRED: error("The upstream's certificate has expired or is not valid yet"),
  TLS_TO_PLAIN_PORT: error('The upstream does not speak TLS on this port'),
  UPSTREAM_RESET: error('The upstream closed the connection before it answered'),
  ANSWER_CUT: error('The upstream broke off in the middle of its answer'),
  UPSTREAM_BAD_ANSWER: error("The upstream's answer is no valid HTTP"),
  ALL_SERVERS_FAILED: error('Several servers were tried and each one failed'),
  TRIED_AGAIN: warning('Another attempt was made after one had failed, and succeeded'),
  FARM_DOWN: error('The farm has no server that may take the request'),
  FARM_BUSY: warning('All servers of the farm are at their limits'),
  CLIENT_LEFT: warning('The client left before it was answered (499)'),
  SLOW_HANDSHAKE: warning('The handshake took longer than a second'),
  SLOW_ANSWER: information('The answer took longer than a second'),
  // Frames.
  COMPRESSION_NOT_AGREED: error('A compressed frame (RSV1) passed, and no extension was agreed'),
  COMPRESSED_THEN_ENDED: error('The WebSocket ended within a second of the first compressed frame'),
  FRAMES_UNREADABLE: warning('Frames could not be read: what passed is not the WebSocket protocol'),
  ENDED_AT_ONCE: error('The upstream ended the WebSocket right after its 101, without a word'),
  ENDED_AFTER_FIRST_MESSAGE: error("The upstream ended the WebSocket right after the client's first message"),
  ENDED_AFTER_LARGE_MESSAGE: error('The WebSocket was cut right after a large message'),
  // Silence.
  SILENCE_CUT: error('The WebSocket was cut without a Close after a time in which nothing passed'),
  AGE_CUT: error('The WebSocket was cut without a Close at an age that is a known limit'),
  NO_PINGS: information('Nobody pings in a WebSocket that died of silence'),
  PINGS_UNANSWERED: warning('Pings got no pong'),
  PING_CLOCK: information('One side pings at a regular time'),
  // This proxy's limits.
  LIMIT_IDLE: warning('This proxy ended it: nothing passed for `idleTimeout`'),
  LIMIT_AGE: information('This proxy ended it: it was open for `maxAge`'),
  LIMIT_UNTIL: information('This proxy ended it: its permission had expired (`until`)'),
  LIMIT_PING: warning('This proxy ended it: its ping got no answer within `ping.timeout`'),
  LIMIT_HALF_CLOSE: warning('This proxy ended it: one side had ended, the other was silent for `halfCloseTimeout`'),
  LIMIT_SEND: warning('This proxy ended it: one side did not read what was sent to it'),
  LIMIT_MESSAGE_SIZE: error('This proxy ended it: a message was larger than `maxMessageSize`'),
  LIMIT_MESSAGE_RATE: warning('This proxy ended it: more messages than `maxMessageRate`'),
  LIMIT_BYTE_RATE: warning('This proxy ended it: more bytes than `maxByteRate`'),
  DRAINED: information('This proxy or the server of its farm was closing'),
  // Close codes.
  CLOSE_GOING_AWAY: information('1001: a server goes down or a browser leaves the page'),
  CLOSE_PROTOCOL_ERROR: error('1002: a side found what it got against the protocol'),
  CLOSE_UNSUPPORTED_DATA: warning('1003: a side does not take this kind of message'),
  CLOSE_INVALID_DATA: error('1007: a message is no valid UTF-8, or cannot be decompressed'),
  CLOSE_POLICY: warning('1008: against the policy of a side'),
  CLOSE_TOO_BIG: error('1009: a message is too large for a side'),
  CLOSE_EXTENSION_MISSING: error('1010: the client needs an extension that the server did not agree to'),
  CLOSE_INTERNAL_ERROR: error('1011: a side failed'),
  CLOSE_RESTART: information('1012: the server restarts'),
  CLOSE_TRY_LATER: warning('1013: the server is overloaded'),
  CLOSE_BAD_GATEWAY: error('1014: a gateway got no valid answer'),
  CLOSE_UNAUTHORIZED: warning('3000: not, or no longer, authenticated'),
  CLOSE_FORBIDDEN: warning('3003: not allowed'),
  CLOSE_TIMEOUT: warning('3008: a side waited too long'),
  CLOSE_REGISTERED: information('3000-3999: a code of a library or framework'),
  CLOSE_APPLICATION: warning('4000-4999: a code of the application'),
  CLOSE_NOT_ALLOWED: error('A code that no endpoint may send'),
  CLOSE_NOT_ANSWERED: warning('A Close frame was never answered'),
  // Ends without one.
  RESET: error('A side reset the connection, without a Close'),
  ENDED_WITHOUT_CLOSE: warning('A side ended the connection in order (FIN), without a Close: 1006 on the other side')
} as const satisfies Readonly<Record<string, Meaning>>

export type FindingCode = keyof typeof FINDINGS

/** A finding with the severity of its code. `evidence` may have nulls for events that are not there. */
export function found (code: FindingCode, evidence: ReadonlyArray<number | null | undefined>, sentence: string, remedy: string): Finding {
  const indexes = new Set(evidence.filter(index => typeof index === 'number'))
  return { code, severity: FINDINGS[code].severity, sentence, evidence: [...indexes].sort((a, b) => a - b), remedy }
}
