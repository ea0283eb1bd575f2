// What is recorded about a request or connection that was rejected before any hook ran?

/** HTTP.sys's reason phrase (s-reason). */
export type Reason = 'Hostname' | 'BadRequest' | 'Timer_HeaderWait' | 'Timer_EntityBody' | 'Connection_Dropped' | 'ConnLimit' | (string & {})

/** One rejected request or connection. A value that was never read is null. */
export interface Rejected {
  /** ms since the epoch */
  readonly at: number
  readonly clientIp: string | null
  readonly clientPort: number | null
  readonly serverIp: string | null
  readonly serverPort: number | null
  readonly version: string | null
  readonly method: string | null
  /** Path and query as they were sent. */
  readonly uri: string | null
  readonly status: number | null
  readonly siteId: number | null
  readonly reason: Reason
}

/** The target of a request as it was sent. A CONNECT of HTTP/2 has no path: its target is the host and port that it names. */
export function targetOf ({ url, headers }: { readonly url?: string | undefined, readonly headers?: Readonly<Record<string, unknown>> | undefined }): string | null {
  return url ?? (headers?.[':authority'] as string | undefined) ?? null
}

/** Called with each rejection. */
export type OnRejected = (rejected: Rejected) => void

/** Whether a value is such a record: other code may log something else under the same name. */
export function isRejected (value: unknown): value is Rejected {
  const { at, reason } = Object(value) as Partial<Rejected>
  return typeof at === 'number' && !Number.isNaN(new Date(at).getTime()) && typeof reason === 'string'
}
