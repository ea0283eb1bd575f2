// Which 32 bits stand for a text?

/**
 * What a key is worth at a server, from -2³¹ to 2³¹ - 1: as even over the servers as `mix`, with a third less to do, as it is done once for each
 * of them.
 */
export function worthOf (seed: number, key: number): number {
  const bits = Math.imul(seed ^ key, 0x85ebca6b)
  return Math.imul(bits ^ (bits >>> 15), 0xc2b2ae35)
}

/**
 * The first index from `from` on at which a key is worth `least` or more; `end` where there is none. `worthOf` is written out here, and is signed:
 * V8 looks a function up anew in each round, and compares numbers of 32 bits faster than larger ones. With 1000 servers that is a fifth of a choice.
 */
export function firstWorth (least: number, seeds: Int32Array, from: number, end: number, key: number): number {
  for (let at = from; at < end; at++) {
    const bits = Math.imul(seeds[at] as number ^ key, 0x85ebca6b)
    if (Math.imul(bits ^ (bits >>> 15), 0xc2b2ae35) >= least) return at
  }
  return end
}

/** The last step of MurmurHash3: each bit depends on all. */
function mix (bits: number): number {
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}

/** FNV-1a over UTF-16, mixed. The same in every process, so that several proxies agree. */
export function hashOf (text: string): number {
  let bits = 0x811c9dc5
  for (let at = 0; at < text.length; at++) bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193)
  return mix(bits)
}
