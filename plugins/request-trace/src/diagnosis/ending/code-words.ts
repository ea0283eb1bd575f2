// What does a close code mean, and what is to be done (RFC 6455 §7.4.1, the IANA registry)?
import type { FindingCode } from '../findings.ts'

interface Words {
  readonly finding: FindingCode
  /** What follows `The upstream closed with 1011`. */
  readonly means: string
  readonly remedy: string
}

const CODES: Readonly<Record<number, Words>> = {
  1001: { finding: 'CLOSE_GOING_AWAY', means: 'it goes away: a server that stops, or a page that was left', remedy: 'Nothing, where it is a restart or a page that was left. Elsewhere a library closes so when its own pings fail, or a proxy when it is idle.' },
  1002: { finding: 'CLOSE_PROTOCOL_ERROR', means: 'it got something that is against the protocol', remedy: 'Look at the frames just before: reserved bits without an extension, an unmasked frame of a client, a continuation out of turn. A proxy that changes headers or frames on the way is the usual reason; else two versions of a library that do not fit.' },
  1003: { finding: 'CLOSE_UNSUPPORTED_DATA', means: 'it does not take this kind of message (text or binary)', remedy: 'Send the other kind: `binaryType` and what is given to `send` in the client, the type of the message at the server.' },
  1007: { finding: 'CLOSE_INVALID_DATA', means: 'a text is no valid UTF-8, or a message cannot be decompressed', remedy: 'Send bytes as binary, not as text. Where messages are compressed, a proxy between has lost or changed one: look whether Sec-WebSocket-Extensions was changed on the way.' },
  1008: { finding: 'CLOSE_POLICY', means: 'it is against its policy: often no permission, or too many messages', remedy: 'The reason and its log say which. Frequent: an expired token, an origin that is not allowed, a limit of the rate.' },
  1010: { finding: 'CLOSE_EXTENSION_MISSING', means: 'the server did not agree to an extension that it needs', remedy: 'Let the application agree to it, and pass Sec-WebSocket-Extensions on.' },
  1011: { finding: 'CLOSE_INTERNAL_ERROR', means: 'it failed', remedy: "Look at its log at this time: an exception that nobody caught. Python's websockets and other libraries close so when a ping gets no pong (reason `keepalive ping timeout`)." },
  1012: { finding: 'CLOSE_RESTART', means: 'it restarts', remedy: 'Nothing: the client connects again, best after a time by chance.' },
  1013: { finding: 'CLOSE_TRY_LATER', means: 'it is overloaded', remedy: 'Let the client wait longer each time before it connects again; add a server.' },
  1014: { finding: 'CLOSE_BAD_GATEWAY', means: 'it is a gateway and got no valid answer from behind', remedy: 'Look at what is behind it.' },
  3000: { finding: 'CLOSE_UNAUTHORIZED', means: 'the client is not authenticated, or no longer', remedy: 'Get a new token and connect again.' },
  3003: { finding: 'CLOSE_FORBIDDEN', means: 'the client may not do this', remedy: "Look at the user's permissions; to connect again does not help." },
  3008: { finding: 'CLOSE_TIMEOUT', means: 'it waited too long for something', remedy: 'Look at what the client was to send: often a first message that signs it in.' }
}

/** Null for 1000, and for 1009, which is told with the message. */
export function codeWords (code: number): Words | null {
  if (code === 1000 || code === 1009) return null
  const known = CODES[code]
  if (known !== undefined) return known
  if (code >= 3000 && code < 4000) return { finding: 'CLOSE_REGISTERED', means: 'a code that libraries and frameworks have registered', remedy: 'Look it up in the registry of IANA (WebSocket Close Code Number Registry), or in the documentation of the library.' }
  if (code >= 4000 && code < 5000) return { finding: 'CLOSE_APPLICATION', means: 'a code of the application', remedy: "Look it up in the application's own code or documentation: graphql-ws has 4400 to 4429, Discord and others have lists of their own." }
  return { finding: 'CLOSE_NOT_ALLOWED', means: 'a code that no endpoint may send', remedy: 'Correct the code in what closes: 1000, or 3000 to 4999. 1005, 1006 and 1015 are for what a library tells its user, and must not be sent.' }
}
