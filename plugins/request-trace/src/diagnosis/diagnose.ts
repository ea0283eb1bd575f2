// What does a trace show to be wrong, or worth knowing?
import type { Finding } from '../trace/trace.ts'
import { attemptFindings } from './attempts/failed-attempts.ts'
import { farmFindings } from './attempts/farm-down.ts'
import { leftFindings } from './attempts/left-early.ts'
import { slowFindings } from './attempts/slow.ts'
import { closeFindings } from './ending/close-codes.ts'
import { largeMessageFindings } from './ending/large-messages.ts'
import { limitFindings } from './ending/own-limits.ts'
import { endFindings } from './ending/transport-end.ts'
import { acceptFindings } from './handshake/accept-key.ts'
import { compressionFindings } from './handshake/compression.ts'
import { extensionFindings } from './handshake/extensions.ts'
import { originFindings } from './handshake/origin.ts'
import { refusalFindings } from './handshake/refused.ts'
import { subProtocolFindings } from './handshake/subprotocol.ts'
import { upgradeFindings } from './handshake/upgrade.ts'
import { moduleFindings } from './routing/module-status.ts'
import { proxyRefusalFindings } from './routing/proxy-refused.ts'
import { redirectFindings } from './routing/redirect-loop.ts'
import { rejectionFindings } from './routing/rejected.ts'
import { ruleFindings } from './routing/rules.ts'
import { pingFindings } from './silence/pings.ts'
import { silenceFindings } from './silence/silence-cut.ts'
import { storyOf, type Story, type Traced } from './story/story.ts'

/** Of two findings of the same severity, the one of the earlier question comes first: causes before consequences. */
const QUESTIONS: ReadonlyArray<(story: Story) => Finding[]> = [
  upgradeFindings,
  rejectionFindings,
  ruleFindings,
  redirectFindings,
  proxyRefusalFindings,
  attemptFindings,
  farmFindings,
  acceptFindings,
  extensionFindings,
  compressionFindings,
  subProtocolFindings,
  originFindings,
  refusalFindings,
  limitFindings,
  silenceFindings,
  largeMessageFindings,
  closeFindings,
  endFindings,
  pingFindings,
  leftFindings,
  slowFindings
]

const RANK = { error: 0, warning: 1, information: 2 } as const

/** The findings of a trace, the worst first; from its events alone. */
export function diagnose (trace: Traced): Finding[] {
  const story = storyOf(trace)
  const findings = QUESTIONS.flatMap(question => question(story))
  // What a module did is only told where nothing says why.
  if (!findings.some(({ severity }) => severity === 'error')) findings.push(...moduleFindings(story))
  return findings.sort((one, other) => RANK[one.severity] - RANK[other.severity])
}
