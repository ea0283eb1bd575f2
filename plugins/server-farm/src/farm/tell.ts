// Who is told what a farm does? Onlookers, where there are any.
import { channel } from 'node:diagnostics_channel'
import { CHANNELS, type FarmChanged, type FarmChosen, type FarmProbe, type FarmProbed } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { Server } from './server.ts'

const chosenChannel = channel(CHANNELS.farmChosen)
const changedChannel = channel(CHANNELS.farmChanged)
const probedChannel = channel(CHANNELS.farmProbed)

export function tellChosen (request: FastifyRequest, farm: string, server: string | null, algorithm: string, why: string, servers: readonly Server[]): void {
  if (!chosenChannel.hasSubscribers) return
  chosenChannel.publish({ request, farm, server, algorithm, why, candidates: servers.map(({ info }) => info) } satisfies FarmChosen)
}

export function tellChanged (farm: string, server: Server, change: FarmChanged['change'], why: string): void {
  if (changedChannel.hasSubscribers) changedChannel.publish({ farm, server: server.info, change, why } satisfies FarmChanged)
}

export function tellProbed (farm: string, server: string, probe: FarmProbe): void {
  if (probedChannel.hasSubscribers) probedChannel.publish({ farm, server, probe } satisfies FarmProbed)
}
