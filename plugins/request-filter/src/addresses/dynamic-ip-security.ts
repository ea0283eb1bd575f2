// Does this client ask too much? `dynamicIpSecurity`, as IIS's <dynamicIpSecurity>.
import type { FastifyReply } from 'fastify'
import type { CompilePart, Refusal } from '../filter/check.ts'
import { clientOf } from './client.ts'
import { Clients } from './clients.ts'
import { answerOf } from './deny-action.ts'
import { Handshakes } from './handshakes.ts'
import { isDynamicIpSecurity } from './options.ts'
import { isOver, whenOver } from './over.ts'
import { RequestRate } from './request-rate.ts'

// The substatus tells the limit, whatever the action is (https://learn.microsoft.com/iis/manage/configuring-security/using-dynamic-ip-restrictions).
const CONCURRENT = { reason: 'concurrentRequests', subStatusCode: 501 } as const
const RATE = { reason: 'requestRate', subStatusCode: 502 } as const

/** Compiles `dynamicIpSecurity`. A client without a readable address, such as one of a unix socket, has no limit. */
export const dynamicIpSecurity: CompilePart = (value, at, mistakes) => {
  if (value === undefined || value === false || !isDynamicIpSecurity(value, at, mistakes)) return null
  const { denyByConcurrentRequests, denyByRequestRate, denyAction = 'Forbidden', enableLoggingOnlyMode = false, countWebSockets = false } = value
  if (denyByConcurrentRequests === undefined && denyByRequestRate === undefined) return null

  const interval = denyByRequestRate?.requestIntervalInMilliseconds ?? 0
  const clients = new Clients(2 * interval)
  const rate = denyByRequestRate === undefined ? null : new RequestRate(clients, denyByRequestRate.maxRequests, interval)
  const most = denyByConcurrentRequests?.maxConcurrentRequests ?? Infinity
  const handshakes = new Handshakes()
  const answer = answerOf(denyAction)

  const isFull = (row: number): boolean => {
    if (clients.open(row) < most) return false
    for (let settled = handshakes.settle(row); settled > 0; settled--) clients.release(row)
    return clients.open(row) >= most
  }

  const count = (row: number, reply: FastifyReply, isHandshake: boolean): void => {
    if (isOver(reply)) return
    clients.hold(row)
    if (isHandshake && !countWebSockets) {
      const handshake = handshakes.add(row, reply)
      whenOver(reply, () => { if (handshakes.strike(handshake)) clients.release(row) })
    } else whenOver(reply, () => { clients.release(row) })
  }

  return ({ request, reply, isWebSocket }) => {
    const client = clientOf(request.ip as string | undefined)
    if (client === null) return null
    const now = performance.now()
    const row = clients.rowOf(client, now)
    const isFast = rate !== null && rate.isOver(row, now)
    const limit = most !== Infinity && isFull(row) ? CONCURRENT : isFast ? RATE : null
    if (limit !== null) {
      const refusal: Refusal = { ...limit, ...answer, detail: request.ip }
      if (!enableLoggingOnlyMode) return refusal
      request.log.warn({ rejection: refusal }, 'request-filter: over a limit of dynamicIpSecurity')
    }
    if (most !== Infinity) count(row, reply, isWebSocket)
    return null
  }
}
