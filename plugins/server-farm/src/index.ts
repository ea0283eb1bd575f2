// Which of several servers takes an exchange? The plugin that keeps the farms.
import type { ServerFacts } from '@fastify-arr/facts'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { compileFarms } from './compile/compile-farms.ts'
import type { ServerFarms } from './farm/control.ts'
import { Farms } from './farm/farms.ts'
import { unknownOptions } from './known-options.ts'
import { InvalidOptionsError } from './errors.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import type { ServerFarmOptions } from './options.ts'

export type { FarmChanged, FarmChoice, FarmChosen, FarmFailure, FarmInfo, FarmProbe, FarmProbed, FarmQuestion, FarmRefusal, FarmServerInfo, FarmServerState, FarmVisit } from '@fastify-arr/facts'
export type { FarmControl, ServerFarms } from './farm/control.ts'
export type * from './options.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The server farms. */
    farms: ServerFarms
  }
}

async function plugin (fastify: FastifyInstance, options: ServerFarmOptions): Promise<void> {
  if (isHere(fastify)) throw new InvalidOptionsError(ONCE)
  const settings = compileFarms(options.farms, unknownOptions(options, ['farms']))
  const farms = new Farms(settings, (error, message) => { fastify.log.warn(error === undefined ? {} : { err: error }, `server-farm: ${message}`) })
  fastify.decorate('farms', farms)
  // Not at the registration: what listens on the way, such as a name server of a test, may come later.
  fastify.addHook('onReady', async function lookUpServers () { await farms.start((fastify as ServerFacts).workers) })
  // A moment later: a proxy that is registered after the farms is told of the closing after them, and refuses what waits because of that.
  fastify.addHook('preClose', async function endFarms () { setImmediate(() => { farms.stop() }) })
  fastify.addHook('onClose', async function endFarms () { farms.stop() })
}

/** Server farms: `fastify.farms`, which upstream-proxy asks for the server of each attempt. */
export const serverFarm = fp(plugin, { fastify: '5.x', name: '@fastify-arr/server-farm' })
export default serverFarm
