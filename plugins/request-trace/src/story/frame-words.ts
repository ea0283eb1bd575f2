// What do the numbers of WebSocket frames mean?

/** RFC 6455 §5.2. */
const OPCODES: Readonly<Record<number, string>> = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' }

/** RFC 6455 §7.4.1, and IANA's registry "WebSocket Close Code Number". */
const CLOSE_CODES: Readonly<Record<number, string>> = {
  1000: 'Normal Closure',
  1001: 'Going Away',
  1002: 'Protocol Error',
  1003: 'Unsupported Data',
  1004: 'Reserved',
  1005: 'No Status Received',
  1006: 'Abnormal Closure',
  1007: 'Invalid Frame Payload Data',
  1008: 'Policy Violation',
  1009: 'Message Too Big',
  1010: 'Mandatory Extension',
  1011: 'Internal Error',
  1012: 'Service Restart',
  1013: 'Try Again Later',
  1014: 'Bad Gateway',
  1015: 'TLS Handshake',
  3000: 'Unauthorized',
  3003: 'Forbidden',
  3008: 'Timeout'
}

/** The name of an opcode; `reserved` for one that RFC 6455 has not. */
export function opcodeName (opcode: number): string {
  return OPCODES[opcode] ?? 'reserved'
}

/** The name of a close code, e.g. `Going Away`. */
export function closeCodeName (code: number): string {
  const name = CLOSE_CODES[code]
  if (name !== undefined) return name
  if (code >= 4000 && code <= 4999) return 'private to the application'
  return code >= 3000 && code <= 3999 ? 'of a library or framework' : 'unassigned'
}

/** The number of an opcode that is given by its number or by its name; -1 for neither. */
export function opcodeNumber (opcode: string | number | boolean | undefined): number {
  if (typeof opcode === 'number') return opcode
  return Number(Object.keys(OPCODES).find(number => OPCODES[Number(number)] === opcode) ?? -1)
}
