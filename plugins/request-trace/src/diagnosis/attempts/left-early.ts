// Did the client leave before it was answered?
import type { Finding } from '../../trace/trace.ts'
import { numberOf } from '../story/event-values.ts'
import { found } from '../findings.ts'
import { duration } from '../story/duration.ts'
import { seen, type Story } from '../story/story.ts'

const GONE = 'FST_ARR_CLIENT_GONE'

export function leftFindings (story: Story): Finding[] {
  const { trace, sent, answer, tunnel, events } = story
  const told = events.findIndex(({ data }) => Object.values(data).includes(GONE))
  const noted = seen(story, 'MODULE_SET_RESPONSE_ERROR_STATUS').some(({ event }) => numberOf(event, 'HttpStatus') === 499)
  if (trace.status !== 499 && told < 0 && !noted) return []
  if (tunnel !== null) return []
  const start = seen(story, 'ATTEMPT_START').at(-1)
  const connected = seen(story, 'ATTEMPT_CONNECTED').at(-1)
  const waited = duration(told < 0 ? trace.timeTaken : events[told]?.time ?? trace.timeTaken)
  const [where, remedy] = answer !== null
    ? ['while the answer was on its way', 'Right for a download that was cancelled.']
    : sent !== null
      ? ['while the upstream had its request and had not answered', 'Look at what the upstream did in that time. A client that leaves after the same time again and again has a time limit of its own, or a proxy between has.']
      : connected !== undefined || start !== undefined
        ? ['while the upstream was being connected', 'Look at the network to the upstream, and at `timeouts.connect` of upstream-proxy: it should be shorter than the patience of clients.']
        : ['before an upstream was asked', 'Look at what took so long: hooks, rules, or a place that it had to wait for (`websocket.admission`, a farm that is busy).']
  return [found('CLIENT_LEFT', [start?.index, sent?.index, told < 0 ? null : told], `The client left after ${waited}, ${where}.`, remedy)]
}
