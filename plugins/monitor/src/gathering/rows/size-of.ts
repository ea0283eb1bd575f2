// How much memory does a value take, about? Of plain data, such as a trace.

const OF_A_MEMBER = 16
const MOST_MEMBERS = 100_000

/** In bytes; Infinity where there is more than can be looked at in a moment. */
export function sizeOf (value: unknown): number {
  const left: unknown[] = [value]
  let bytes = 0
  let members = 0
  while (left.length > 0) {
    const one = left.pop()
    if (++members > MOST_MEMBERS) return Infinity
    bytes += OF_A_MEMBER
    if (typeof one === 'string') bytes += one.length
    else if (ArrayBuffer.isView(one)) bytes += one.byteLength
    else if (typeof one === 'object' && one !== null) for (const member of Object.values(one)) left.push(member)
  }
  return bytes
}
