// Which 32 bits stand for a text?

/** What a key is worth at a server, from 0 to 2³²: as even over the servers as `mix`, with a third less to do, as it is done once for each of them. */
export function worthOf (seed: number, key: number): number {
  const bits = Math.imul(seed ^ key, 0x85ebca6b)
  return Math.imul(bits ^ (bits >>> 15), 0xc2b2ae35) >>> 0
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
