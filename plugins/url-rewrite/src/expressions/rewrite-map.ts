// What does a rewrite map give for a key?

/** A table of keys and values, used as `{Name:key}`. */
export interface RewriteMap {
  readonly name: string
  /** The value for a key that is not in `entries`. Default: `''`. */
  readonly defaultValue?: string
  /** Default: `true`. */
  readonly ignoreCase?: boolean
  readonly entries: Readonly<Record<string, string>>
}

/** A compiled rewrite map. */
export type Lookup = (key: string) => string

/** Compiles a rewrite map. */
export function compileMap (map: RewriteMap): Lookup {
  const fold = map.ignoreCase !== false ? (key: string) => key.toLowerCase() : (key: string) => key
  const entries = new Map(Object.entries(map.entries).map(([key, value]) => [fold(key), value]))
  const missing = map.defaultValue ?? ''
  return key => entries.get(fold(key)) ?? missing
}
