// What does a Close code mean? RFC 6455 §7.4.1 and IANA's registry of WebSocket close codes.

/** Codes that a server may send, with their meaning. @type {ReadonlyArray<readonly [number, string]>} */
export const SENDABLE = [
  [1000, 'normal closure'],
  [1001, 'going away'],
  [1008, 'policy violation'],
  [1011, 'internal error'],
  [1012, 'service restart: come back'],
  [1013, 'try again later'],
  [3000, 'unauthorized']
]

/** @type {ReadonlyMap<number, string>} */
const WORDS = new Map([
  ...SENDABLE,
  [1002, 'protocol error'],
  [1003, 'unsupported data'],
  [1005, 'no code'],
  [1006, 'no Close frame'],
  [1007, 'invalid data'],
  [1009, 'message too big'],
  [1010, 'extension missing'],
  [1014, 'bad gateway'],
  [3003, 'forbidden'],
  [3008, 'timeout']
])

/** @param {number} code `1008, policy violation` */
export function codeWords (code) {
  const words = WORDS.get(code)
  return words === undefined ? String(code) : `${code}, ${words}`
}
