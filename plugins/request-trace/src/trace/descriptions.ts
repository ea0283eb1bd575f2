// What do the values of an event mean? Words for numbers, as IIS writes them into `freb:Description`.
import { closeCodeName, opcodeName } from '../story/frame-words.ts'
import type { Value } from './trace.ts'

/** IIS's notifications (`RQ_*` of httpserv.h), as its traces spell them. */
const NOTIFICATIONS: Readonly<Record<number, string>> = {
  1: 'BEGIN_REQUEST',
  2: 'AUTHENTICATE_REQUEST',
  4: 'AUTHORIZE_REQUEST',
  8: 'RESOLVE_REQUEST_CACHE',
  16: 'MAP_REQUEST_HANDLER',
  32: 'REQUEST_ACQUIRE_STATE',
  64: 'PRE_EXECUTE_REQUEST_HANDLER',
  128: 'EXECUTE_REQUEST_HANDLER',
  256: 'RELEASE_REQUEST_STATE',
  512: 'UPDATE_REQUEST_CACHE',
  1024: 'LOG_REQUEST',
  2048: 'END_REQUEST',
  0x2000_0000: 'SEND_RESPONSE',
  0x8000_0000: 'MAP_PATH'
}

/** Windows' texts of the errors that ARR has; 0x8007nnnn holds the Windows error nnnn. */
const ERRORS: Readonly<Record<number, string>> = {
  0: 'The operation completed successfully.',
  4: 'The system cannot open the file.',
  64: 'The specified network name is no longer available.',
  121: 'The semaphore timeout period has expired.',
  995: 'The I/O operation has been aborted because of either a thread exit or an application request.',
  1236: 'The network connection was aborted by the local system.',
  10055: 'An operation on a socket could not be performed because the system lacked sufficient buffer space or because a queue was full.',
  12002: 'The operation timed out',
  12007: 'The server name or address could not be resolved',
  12029: 'A connection with the server could not be established',
  12030: 'The connection with the server was terminated abnormally',
  12152: 'The server returned an invalid or unrecognized response',
  12175: 'A security error occurred'
}

const numbered = (...names: string[]) => (value: number): string | undefined => names[value]

/** The words of a value, by the name of the value; a number without words has no description. */
const WORDS: Readonly<Record<string, Readonly<Record<string, (value: number) => string | undefined>>>> = {
  MODULE_SET_RESPONSE_ERROR_STATUS: { Notification: value => NOTIFICATIONS[value], ErrorCode: errorText },
  URL_REWRITE_START: { Scope: numbered('Global', 'Distributed'), Type: numbered('Inbound', 'Outbound') },
  RULE_EVALUATION_START: { PatternSyntax: numbered('Regex', 'Wildcard', 'ExactMatch') },
  CONDITIONS_EVALUATION_START: { LogicalGrouping: numbered('MatchAll', 'MatchAny') },
  CONDITION_EVALUATION: { MatchType: numbered('Pattern', 'IsFile', 'IsDirectory') },
  GENERAL_FLUSH_RESPONSE_END: { ErrorCode: errorText },
  WEBSOCKET_FRAME: { Opcode: opcodeName },
  WEBSOCKET_CLOSE_FRAME: { Code: closeCodeName },
  WEBSOCKET_CLOSED: { CloseCode: closeCodeName }
}

/** What the numbers among an event's values mean, by the names of the values. */
export function descriptionsOf (event: string, data: Readonly<Record<string, Value>>): Record<string, string> {
  const words = Object.hasOwn(WORDS, event) ? WORDS[event] ?? {} : {}
  const found: Record<string, string> = {}
  for (const [name, say] of Object.entries(words)) {
    const value = Object.hasOwn(data, name) ? data[name] : undefined
    const text = typeof value === 'number' ? say(value) : undefined
    if (text !== undefined) found[name] = text
  }
  return found
}

/** As in IIS: the text of the system, and the code in hexadecimal. */
function errorText (code: number): string | undefined {
  if (!Number.isInteger(code) || code < 0 || code > 0xffff_ffff) return undefined
  const text = ERRORS[Math.floor(code / 0x1_0000) === 0x8007 ? code % 0x1_0000 : code]
  return `${text === undefined ? '' : `${text} `}(0x${code.toString(16)})`
}
