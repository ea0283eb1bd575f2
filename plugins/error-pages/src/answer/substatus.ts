// What is the substatus of an error? What the plugin that made it says, with the numbers that IIS and ARR have for it.
import type { RequestFacts } from '@fastify-arr/facts'

/** IIS's substatus; 0 where nobody says one. */
export function subStatusOf (request: RequestFacts, status: number): number {
  const { rejection, rewrite, servedFile, upstream } = request
  if (rejection?.statusCode === status && rejection.subStatusCode !== undefined) return rejection.subStatusCode
  const said = rewrite?.subStatusCode ?? servedFile?.subStatusCode
  if (said !== undefined) return said
  const code = upstream?.error?.code
  if (code === undefined) return 0
  if (status === 413) return 1
  // As ARR: 4 where there is no server, 3 where one fails.
  return status !== 502 ? 0 : /(?:NO_UPSTREAM|NO_SERVER|UPSTREAM_BUSY|UPSTREAM_LOST)$/.test(code) ? 4 : 3
}
