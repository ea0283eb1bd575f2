// Which text is in these bytes? The values of a column repeat: a text that was made before is found faster than it is made anew.

const SLOTS = 16_384
const LONGEST = 64

/** The last texts that were asked for, by a hash of their bytes; ASCII only. */
export class KnownTexts {
  readonly #texts = new Array<string>(SLOTS).fill('')

  /** The text between two positions. */
  of (bytes: Buffer, start: number, end: number): string {
    const length = end - start
    if (length > LONGEST) return bytes.toString('utf8', start, end)
    // FNV-1a.
    let hash = 0x811c9dc5
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
    const slot = (hash ^ hash >>> 15) & (SLOTS - 1)
    const known = this.#texts[slot] as string
    if (known.length === length && isSame(known, bytes, start)) return known
    return (this.#texts[slot] = bytes.toString('utf8', start, end))
  }
}

/** A character beyond ASCII is several bytes, none of which equals its code. */
function isSame (text: string, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code !== bytes[start + i] || code > 0x7f) return false
  }
  return true
}
