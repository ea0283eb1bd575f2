// What is to be reached, and was it?

/** A limit for a row of fastify-arr: a factor on another row, or a figure. `below` is a factor of 1. */
export type Target =
  | { readonly than: 'nginx' | 'nginx64' | 'haproxy' | 'caddy' | 'apache' | 'fastify-http-proxy' | 'every Node peer', readonly atMost: number }
  | { readonly figure: number }

const NODE = { than: 'every Node peer', atMost: 1 } as const

/** By workload and figure. */
export const TARGETS: Readonly<Record<string, readonly Target[]>> = {
  'get1k cpu': [{ than: 'nginx', atMost: 2.5 }, { than: 'apache', atMost: 1 }, { than: 'caddy', atMost: 1 }, { than: 'every Node peer', atMost: 0.5 }],
  'get1k p50': [NODE],
  'get1k p99': [NODE],
  'latency1 p50': [NODE],
  'latency1 p99': [NODE],
  'get64k cpu': [{ than: 'nginx', atMost: 2 }, { than: 'caddy', atMost: 1 }, NODE],
  // As shipped, nginx writes a body of this size to a file and its write to the upstream waits for an ACK: no target is measured against that.
  'post16k cpu': [{ than: 'nginx64', atMost: 4 }, { than: 'caddy', atMost: 1 }, NODE],
  'get1k-tls cpu': [NODE],
  'echo cpu': [{ than: 'nginx', atMost: 1.5 }, { than: 'fastify-http-proxy', atMost: 0.6 }, NODE],
  'bulk64k cpu': [{ than: 'nginx', atMost: 0.3 }, { than: 'nginx64', atMost: 1.5 }, { than: 'haproxy', atMost: 1 }, NODE],
  'bulk1m cpu': [{ than: 'nginx', atMost: 0.3 }, { than: 'nginx64', atMost: 1.5 }, { than: 'haproxy', atMost: 1 }, NODE],
  'handshake cpu': [{ than: 'nginx', atMost: 3.2 }, { than: 'caddy', atMost: 1 }, NODE],
  'echo-tls cpu': [NODE],
  'bulk64k-tls cpu': [NODE],
  'idle memory': [{ figure: 9 }, { than: 'nginx', atMost: 1 }],
  'slow memory': [{ figure: 8 }]
}
