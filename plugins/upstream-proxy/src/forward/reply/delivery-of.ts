// Who delivers an answer: the proxy itself, or Fastify's reply?
import type { FastifyReply } from 'fastify'
import type { AnswerWay } from '../../route/answer-way.ts'
import { Delivery } from '../answer/delivery.ts'
import type { Leftovers } from '../answer/leftovers.ts'
import { onFinished } from './finished.ts'
import { ReplyDelivery } from './reply-delivery.ts'

export interface DeliveryOwner {
  /** The client does not take what there is. */
  expired (): void
  /** The client has a whole answer, whoever gave it. */
  answered (): void
}

export function deliveryOf (reply: FastifyReply, way: AnswerWay, leftovers: Leftovers, owner: DeliveryOwner): Delivery | ReplyDelivery {
  const expired = (): void => { owner.expired() }
  // Where Fastify may answer, something else than the proxy may do so, too.
  if (way.errorsThroughReply) onFinished(reply.raw, () => { owner.answered() })
  return way.throughReply ? new ReplyDelivery(reply, leftovers, expired) : new Delivery(reply, way.notesHeaders, leftovers, expired)
}
