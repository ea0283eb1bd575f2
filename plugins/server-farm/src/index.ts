// Which of several servers takes an exchange? The plugin that keeps the farms.
import fp from 'fastify-plugin'
import type { FastifyInstance } from 'fastify'
import type { ServerFarmOptions } from './options.ts'

async function plugin (_fastify: FastifyInstance, _options: ServerFarmOptions): Promise<void> {}

/** Server farms: `fastify.farms`, which upstream-proxy asks for the server of each attempt. */
export const serverFarm = fp(plugin, { fastify: '5.x', name: '@fastify-arr/server-farm' })
export default serverFarm

export type * from './options.ts'
