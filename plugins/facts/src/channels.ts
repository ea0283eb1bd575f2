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
  requestRejected: 'fastify-arr:request.rejected',
  /** upstream-proxy: an attempt to reach a server begins. Carries `AttemptMessage`. */
  attemptBegan: 'fastify-arr:attempt.began',
  /** upstream-proxy: a connection carries the attempt, and its head is written. Carries `AttemptSent`. */
  attemptSent: 'fastify-arr:attempt.sent',
  /** upstream-proxy: the head of an answer has come, that of an interim answer as well. Carries `AttemptAnswered`. */
  attemptAnswered: 'fastify-arr:attempt.answered',
  /** upstream-proxy: an attempt has come to nothing. Carries `AttemptFailed`. */
  attemptFailed: 'fastify-arr:attempt.failed',
  /** upstream-proxy: the head of an upstream's answer leaves for the client. Carries `AnswerSent`. */
  answerSent: 'fastify-arr:answer.sent',
  /** server-farm: a server was chosen, or none could be. Carries `FarmChosen`. */
  farmChosen: 'fastify-arr:farm.chosen',
  /** server-farm: the state or the health of a server has changed. Carries `FarmChanged`. */
  farmChanged: 'fastify-arr:farm.changed',
  /** server-farm: a server was probed. Carries `FarmProbed`. */
  farmProbed: 'fastify-arr:farm.probed',
  /** request-trace: a trace was written. Carries `TraceWritten`. */
  traceWritten: 'fastify-arr:trace.written'
} as const
