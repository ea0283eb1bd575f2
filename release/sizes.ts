// How large may a package be? A limit for what a user downloads tells of a file that got into a tarball by mistake.

const KIB = 1024

/** KiB of a tarball, sources and source maps included. A package that grows for a reason gets a new limit here. */
const LIMITS: Readonly<Record<string, number>> = {
  'fastify-arr': 400,
  '@fastify-arr/arr-log': 280,
  '@fastify-arr/iis-config': 480,
  '@fastify-arr/listeners': 200,
  '@fastify-arr/monitor': 360,
  '@fastify-arr/request-filter': 140,
  '@fastify-arr/request-trace': 460,
  '@fastify-arr/server-farm': 220,
  '@fastify-arr/upstream-proxy': 660,
  '@fastify-arr/url-rewrite': 180,
  '@fastify-arr/workers': 120
}
const OTHERS = 100

/** The most bytes that the tarball of a package may have. */
export function limitOf (name: string): number {
  return (LIMITS[name] ?? OTHERS) * KIB
}

/** Bytes as people read them. */
export function inWords (bytes: number): string {
  return `${Math.ceil(bytes / KIB)} KiB`
}
