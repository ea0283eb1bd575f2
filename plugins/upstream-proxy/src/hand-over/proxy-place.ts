// Which proxy of a server has a tunnel? Named so that the same one is found in another process with the same plugins.

/** A proxy of a server, or the part of it that is for one farm. */
export interface ProxyPlace {
  /** With the prefix of its scope. */
  readonly prefix: string
  /** How many proxies with that prefix were registered before it. */
  readonly place: number
  /** The farm whose options hold; null for the proxy's own. */
  readonly farm: string | null
}

/** That one among several, or else the proxy's own, where the farm has no options of its own any more. */
export function findProxy<One extends { readonly proxy: ProxyPlace }> (all: readonly One[], { prefix, place, farm }: ProxyPlace): One | undefined {
  const those = all.filter(({ proxy }) => proxy.prefix === prefix && proxy.place === place)
  return those.find(({ proxy }) => proxy.farm === farm) ?? those.find(({ proxy }) => proxy.farm === null)
}
