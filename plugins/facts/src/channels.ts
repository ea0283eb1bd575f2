// For whom are onlookers told? The names of the `node:diagnostics_channel` channels. Nothing on the road waits for their subscribers.

/** The channels, and who publishes on them. */
export const CHANNELS = {
  /** url-rewrite: which rules were tried for a request. Carries `RewriteMessage`. */
  rewrite: 'fastify-arr:request.rewritten',
  /** host-routing: the table of sites was replaced. Carries `SitesReplaced`. */
  sitesReplaced: 'fastify-arr:sites.replaced',
  /** listeners: a client was sent away. Carries `ListenerRefusal`. */
  listenerRefused: 'fastify-arr:listeners.refused',
  /** upstream-proxy: a request was refused before any hook could run. Carries `RequestRefusal`. */
  requestRefused: 'fastify-arr:request.refused',
  /** upstream-proxy: a WebSocket is open. Carries `TunnelOpened`. */
  tunnelOpen: 'fastify-arr:tunnel.open',
  /** upstream-proxy: both sockets of a WebSocket have closed. Carries `TunnelMessage`. */
  tunnelClose: 'fastify-arr:tunnel.close',
  /** request-filter: a request was refused. Carries `RequestRejected`. */
  requestRejected: 'fastify-arr:request.rejected'
} as const
