// When is a certificate ordered? At a third of its life left, and after a failure later and later.

import { createHash } from 'node:crypto'
import { AcmeError } from './account.ts'
import type { Kept, Trouble } from './folder.ts'

const MINUTE = 60_000
/** Let's Encrypt lets five validations of a name fail in an hour: the pauses add up to three tries in the first. */
const FIRST_PAUSE = 15 * MINUTE
const LONGEST_PAUSE = 24 * 60 * MINUTE

/**
 * When a certificate is renewed, ms since 1970: with between a third and three tenths of its life left. The place in between comes from its
 * serial number, so that all processes find the same, and certificates that were issued together are not renewed together.
 */
export function renewalOf ({ validFrom, validTo, serial }: Pick<Kept, 'validFrom' | 'validTo' | 'serial'>): number {
  const third = (validTo - validFrom) / 3
  return validTo - third + third / 10 * (createHash('sha256').update(serial).digest()[0] as number) / 256
}

/** What is remembered of a failure. The pause is doubled each time, with a tenth of it at random; never shorter than the CA asks for. */
export function troubleAfter (before: Trouble | undefined, error: Error, now: number): Trouble {
  const failures = (before?.failures ?? 0) + 1
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(20, failures - 1)) * (1 + Math.random() / 10)
  const { type = '', retryAfter = 0 } = error instanceof AcmeError ? error : {}
  const asked = type === 'rateLimited' && retryAfter === 0 ? 60 * MINUTE : retryAfter
  return { failures, nextTry: Math.round(now + Math.max(pause, asked)), error: error.message }
}
