// What do the page's routes have in common? Onlookers know them, and the server's own log is not filled by them.

/** Their options. The token may be in a URL once, and Fastify logs URLs at `info`. */
export const ROUTE = { config: { monitor: true }, logLevel: 'warn', exposeHeadRoute: true } as const
