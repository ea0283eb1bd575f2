// Had the farm a server for the request?
import type { Finding } from '../../trace/trace.ts'
import { flagOf, textOf } from '../story/event-values.ts'
import { found } from '../findings.ts'
import { seen, type Story } from '../story/story.ts'

export function farmFindings (story: Story): Finding[] {
  const choices = seen(story, 'FARM_CHOICE')
  const last = choices.at(-1)
  if (last === undefined || textOf(last.event, 'Server') !== '') return []
  const farm = textOf(last.event, 'Farm')
  const why = textOf(last.event, 'Why')
  const candidates = seen(story, 'FARM_CANDIDATE').filter(({ event }) => textOf(event, 'Farm') === farm)
  const evidence = [...candidates.map(({ index }) => index), last.index]
  const states = candidates.map(({ event }) => `${textOf(event, 'Server')} ${flagOf(event, 'Healthy') ? textOf(event, 'State') : `is not healthy${textOf(event, 'Why') === '' ? '' : ` (${textOf(event, 'Why')})`}`}`)
  const list = states.length === 0 ? '' : `: ${[...new Set(states)].join('; ')}`
  if (why === 'busy') return [found('FARM_BUSY', evidence, `All servers of the farm ${farm} are at their limits, and the request waited as long as it may${list}.`, 'Add a server, or raise `limits` of server-farm.')]
  return [found('FARM_DOWN', evidence, `The farm ${farm} has no server for the request${why === 'lost' ? ': the one that the client is bound to is gone' : ''}${list}.`, why === 'lost'
    ? "Let the client be bound to another one: `affinity: { onLost: 'redistribute' }` of server-farm."
    : 'Look at why the probes fail: the path, the status that they expect, and whether the application is up. `fastify.farms` and the channel `fastify-arr:farm.probed` say what each probe got.')]
}
