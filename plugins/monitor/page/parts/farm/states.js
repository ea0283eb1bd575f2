// Which states has a server? ARR's four, with what they do.

/** @type {ReadonlyArray<{ value: import('@fastify-arr/facts').FarmServerState, title: string, meaning: string }>} */
export const STATES = [
  { value: 'available', title: 'Available', meaning: 'It takes everybody.' },
  { value: 'draining', title: 'Draining', meaning: 'It takes only clients that are bound to it; its open WebSockets live on.' },
  { value: 'unavailableGracefully', title: 'Leaving', meaning: 'It takes nobody new; its open WebSockets are told goodbye one after the other.' },
  { value: 'unavailableImmediately', title: 'Out', meaning: 'It takes nobody; its open WebSockets are ended at once.' }
]
