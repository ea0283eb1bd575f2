// Does the URL of a request name a farm?
import type { FarmsFact, FarmVisit } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { ERRORS } from '../errors.ts'
import type { Route } from '../route/route.ts'

/** The way to a server of the farm that a route names: its host is the name of one, and has no port. Null where it names none. Throws BadRoute where the farms throw. */
export function visitOf (farms: FarmsFact | undefined, request: FastifyRequest, { origin }: Route, isTunnel: boolean): FarmVisit | null {
  if (farms === undefined || origin.farm === null) return null
  try {
    return farms.visit(origin.farm, { request, secure: origin.secure, kind: isTunnel ? 'webSocket' : 'request' })
  } catch (error) {
    request.log.error({ err: error, farm: origin.farm }, 'upstream-proxy: the farm could not be asked')
    throw new ERRORS.BadRoute()
  }
}
