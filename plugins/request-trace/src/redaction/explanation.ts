// What may be shown of the rules that were tried? Their inputs are URLs and headers, and what they capture may be a part of a secret.
import type { ConditionStep, Explanation, Outcome, RuleStep } from '@fastify-arr/facts'
import type { Redactor } from './redactor.ts'
import type { Secrets } from './secrets.ts'

const VARIABLE = /\{HTTP_([^{}:]+)\}/gi

/** The explanation without secrets. The same object where the exchange has none. */
export function redactExplanation (explanation: Explanation, redactor: Redactor, secrets: Secrets): Explanation {
  if (!redactor.on) return explanation
  // A rule itself may write a secret: into a header, or into the new URL.
  for (const { headers, url } of explanation.steps) {
    if (url !== undefined) redactor.text(url, secrets)
    if (headers !== undefined) for (const name in headers) redactor.value(name, headers[name] as string, secrets)
  }
  if (secrets.none) return explanation
  return {
    method: explanation.method,
    url: secrets.hide(redactor.text(explanation.url, secrets)),
    steps: explanation.steps.map(step => redactStep(step, redactor, secrets)),
    outcome: redactOutcome(explanation.outcome, redactor, secrets)
  }
}

function redactStep (step: RuleStep, redactor: Redactor, secrets: Secrets): RuleStep {
  const input = shownText(step.input, redactor, secrets)
  const query = secrets.hide(redactor.query(step.query, secrets))
  const conditions = step.conditions.map(condition => redactCondition(condition, redactor, secrets))
  const hidden = input !== step.input || query !== step.query || conditions.some(({ value }, index) => value !== step.conditions[index]?.value)
  const seen = [input, query, ...conditions.map(({ value }) => value)].join('\n')
  // What is captured from a text with a secret may be a part of it: shown only where the redacted text has it as well.
  const capture = (text: string) => hidden && !seen.includes(text) ? secrets.mark(text) : secrets.hide(text)
  const captures = step.captures === undefined ? undefined : { rule: step.captures.rule.map(capture), conditions: step.captures.conditions.map(capture) }
  return {
    ...step,
    input,
    query,
    conditions,
    ...captures !== undefined && { captures },
    // Last, when captures are known as well: both may be made of them.
    ...step.url !== undefined && { url: secrets.hide(redactor.text(step.url, secrets)) },
    ...step.headers !== undefined && { headers: redactHeaders(step.headers, redactor, secrets) }
  }
}

function redactCondition (condition: ConditionStep, redactor: Redactor, secrets: Secrets): ConditionStep {
  let { value } = condition
  const names = [...condition.input.matchAll(VARIABLE)].map(([, name]) => (name as string).replaceAll('_', '-'))
  const [first] = names
  if (names.length === 1 && condition.input.length === `{HTTP_${first as string}}`.length) value = redactor.value(first as string, value, secrets)
  // Of several in one text, none can be told from the others.
  else if (names.some(name => redactor.hides(name))) value = secrets.mark(value)
  return { ...condition, value: shownText(value, redactor, secrets) }
}

/** A text that may be a query, or hold one. */
function shownText (text: string, redactor: Redactor, secrets: Secrets): string {
  return secrets.hide(redactor.query(text, secrets))
}

function redactHeaders (headers: Readonly<Record<string, string>>, redactor: Redactor, secrets: Secrets): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, secrets.hide(redactor.value(name, value, secrets))]))
}

function redactOutcome (outcome: Outcome | null, redactor: Redactor, secrets: Secrets): Outcome | null {
  if (outcome === null) return null
  if (outcome.type === 'Redirect') return { ...outcome, location: secrets.hide(redactor.text(outcome.location, secrets)) }
  if (outcome.type !== 'Rewrite') return outcome
  const { rewrite } = outcome
  const serverVariables = Object.fromEntries(Object.entries(rewrite.serverVariables).map(([name, value]) => [name, shownText(value, redactor, secrets)]))
  return { ...outcome, rewrite: { ...rewrite, url: secrets.hide(redactor.text(rewrite.url, secrets)), headers: redactHeaders(rewrite.headers, redactor, secrets), serverVariables } }
}
