// What is recorded of what other plugins tell? Each message as one moment, its secrets gone.
import type { AnswerSent, AttemptAnswered, AttemptFailed, AttemptMessage, AttemptSent, FarmChosen, RewriteMessage, TunnelFact } from '@fastify-arr/facts'
import { redactExplanation } from '../redaction/explanation.ts'
import type { Redactor } from '../redaction/redactor.ts'
import { LEVELS } from '../trace/events.ts'
import { MOMENT } from './moments.ts'
import type { Recording } from './recording.ts'

/** What a step of the rules, a condition and a candidate of a farm cost, bytes. */
const STEP_BYTES = 400
const CANDIDATE_BYTES = 250
const HEADER_BYTES = 12

export function noteRewrite (recording: Recording, { explanation }: RewriteMessage, redactor: Redactor): void {
  const { outcome } = explanation
  if (outcome?.type === 'BadRequest' || outcome?.type === 'AbortRequest' || (outcome?.type === 'CustomResponse' && outcome.status >= 400)) recording.met(LEVELS.Warning)
  // Without the events, too: the rules may have made headers of secrets, which are looked for in the head that is sent.
  const shown = redactExplanation(explanation, redactor, recording.secrets)
  if (!recording.keeps('URL_REWRITE_START')) return
  let length = 0
  for (const { conditions, input, query } of explanation.steps) length += STEP_BYTES * (1 + conditions.length) + input.length + query.length
  if (recording.begin(MOMENT.rewrite, length)) recording.entries.push(shown)
}

export function noteFarm (recording: Recording, { farm, server, algorithm, why, candidates }: FarmChosen): void {
  if (!recording.keeps('FARM_CHOICE')) return
  const kept = recording.keeps('FARM_CANDIDATE') ? candidates : candidates.filter(({ name }) => name === server)
  if (recording.begin(MOMENT.farm, kept.length * CANDIDATE_BYTES)) recording.entries.push(farm, server, algorithm, why, kept)
}

export function noteAttempt (recording: Recording, { server }: AttemptMessage): void {
  if (recording.keeps('ATTEMPT_START') && recording.begin(MOMENT.began, 0)) recording.entries.push(server)
}

export function noteSent (recording: Recording, { server, head, kept, local, remote, times, tls }: AttemptSent, redactor: Redactor): void {
  if (!recording.keeps('ARR_REQUEST_HEADERS_START')) return
  const shown = redactor.head(head, recording.secrets)
  if (recording.begin(MOMENT.sent, shown.length)) recording.entries.push(server, shown, kept, local, remote, times, tls)
}

export function noteAnswer (recording: Recording, { server, status, reason, headers }: AttemptAnswered, redactor: Redactor): void {
  if (!recording.keeps('ARR_RESPONSE_HEADERS_END')) return
  const shown = redactor.headers(headers, recording.secrets)
  if (recording.begin(MOMENT.answered, lengthOf(shown))) recording.entries.push(server, status, recording.secrets.hide(redactor.text(reason, recording.secrets)), shown)
}

export function noteFailure (recording: Recording, { server, code, moment, systemCode }: AttemptFailed): void {
  recording.met(LEVELS.Warning)
  if (recording.keeps('ATTEMPT_FAILED') && recording.begin(MOMENT.failed, 0)) recording.entries.push(server, code, moment, systemCode)
}

export function noteHead (recording: Recording, { status, headers }: Pick<AnswerSent, 'status' | 'headers'>, redactor: Redactor): void {
  // An answer that failed before it left is followed by an error's.
  recording.knowsHead = true
  if (!recording.keeps('GENERAL_RESPONSE_HEADERS')) return
  const shown = redactor.headers(headers, recording.secrets)
  if (recording.begin(MOMENT.left, lengthOf(shown))) recording.entries.push(status, shown)
}

export function noteOpen (recording: Recording, tunnel: TunnelFact, redactor: Redactor): void {
  if (!recording.keeps('WEBSOCKET_OPEN')) return
  const protocol = tunnel.subprotocol === null ? null : recording.secrets.hide(redactor.protocols(tunnel.subprotocol, recording.secrets))
  if (recording.begin(MOMENT.open, 0)) recording.entries.push(0, tunnel.http, protocol, tunnel.extensions, tunnel.handshakeTime)
}

/** The facts that no message tells: the site, and why a request was refused. Noted as soon as they are seen. */
export function noteFacts (recording: Recording, redactor: Redactor): void {
  const { site, rejection } = recording.request
  if (!recording.knowsSite && site !== null && site !== undefined) {
    recording.knowsSite = true
    const { name, id, binding } = site
    const shown = binding === undefined ? '' : `${binding.protocol ?? ''} ${binding.host ?? '*'}:${binding.port ?? '*'}`.trim()
    if (recording.keeps('SITE_SELECTED') && recording.begin(MOMENT.site, shown.length)) recording.entries.push(name, id, shown)
  }
  if (recording.knowsRejection || rejection === null || rejection === undefined) return
  recording.knowsRejection = true
  recording.met(LEVELS.Warning)
  if (!recording.keeps('REQUEST_REJECTED') && !recording.keeps('SITE_UNKNOWN')) return
  const detail = rejection.detail === undefined ? null : recording.secrets.hide(redactor.query(rejection.detail, recording.secrets))
  if (recording.begin(MOMENT.rejected, detail?.length ?? 0)) recording.entries.push(rejection.reason ?? null, rejection.statusCode ?? null, rejection.subStatusCode ?? null, detail)
}

function lengthOf (headers: readonly string[]): number {
  let length = 0
  for (const text of headers) length += text.length + HEADER_BYTES
  return length
}
