// How many WebSockets may the site have, and how do they end when it leaves? What the environment says, over what the site says.
import type { UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import type { MachineSettings } from '../settings/machine.ts'
import type { SiteParts } from './parts.ts'

/** The option of upstream-proxy. */
export function tunnelsOf ({ upstreamProxy }: SiteParts, { maxTunnels, leaving: { window, deadline } }: Pick<MachineSettings, 'maxTunnels' | 'leaving'>): UpstreamProxyOptions['websocket'] {
  const site = upstreamProxy?.websocket ?? true
  if (site === false) return false
  const own = site === true ? {} : site
  return { ...own, ...maxTunnels !== null && { maxTunnels }, drain: { ...own.drain, window, deadline } }
}
