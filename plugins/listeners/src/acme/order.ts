// How is one certificate ordered? The order, its authorizations with one challenge each, the request for the certificate (RFC 8555 §7.4).

import { setTimeout as pause } from 'node:timers/promises'
import type { KeyPair } from '../certificates/authority.ts'
import type { AcmeOptions } from '../options.ts'
import { AcmeError, detailOf, objectIn, pauseIn, type Account } from './account.ts'
import { makeRequest } from './request.ts'

export type ChallengeType = NonNullable<AcmeOptions['challenges']>[number]

/** Where the answers to challenges are laid out. */
export interface Stand {
  /** Returns what takes the answer away again. */
  lay (type: ChallengeType, name: string, token: string, keyAuthorization: string): Promise<() => Promise<void>>
}

interface Challenge { readonly type?: unknown, readonly url?: unknown, readonly token?: unknown, readonly error?: unknown }

/** Tokens are base64url (RFC 8555 §8.3); the length is a bound for the name of a file. */
export const TOKEN = /^[\w-]{16,128}$/

const SHORTEST_PAUSE = 250
const LONGEST_PAUSE = 5000

/**
 * Orders a certificate for one name.
 *
 * @param challenges the types that may be used, the preferred one first.
 * @throws AcmeError where the CA refuses, or the signal's reason where the time is over.
 */
export async function orderCertificate (account: Account, name: string, challenges: readonly ChallengeType[], stand: Stand, signal: AbortSignal): Promise<KeyPair> {
  const made = await account.post(account.newOrder, { identifiers: [{ type: 'dns', value: name }] })
  const url = String(made.headers.location)
  const { authorizations, finalize } = objectIn(made)
  if (!Array.isArray(authorizations) || authorizations.length > 10) throw new Error('the order of the CA has no authorizations')
  for (const authorization of authorizations) await authorize(String(authorization))
  const { key, csr } = await makeRequest(name)
  await until(url, 'pending')
  await account.post(String(finalize), { csr })
  const { certificate } = await until(url, 'ready', 'processing')
  const cert = (await account.post(String(certificate), null)).text
  return { cert, key }

  async function authorize (at: string): Promise<void> {
    const authorization = objectIn(await account.post(at, null))
    if (authorization.status === 'valid') return
    const offered = (Array.isArray(authorization.challenges) ? authorization.challenges : []) as readonly Challenge[]
    const challenge = challenges.map(type => offered.find(one => one.type === type)).find(one => one !== undefined)
    if (challenge === undefined) throw new Error(`the CA offers none of ${challenges.join(', ')}`)
    const token = String(challenge.token)
    if (!TOKEN.test(token)) throw new Error('the token of the CA is none')
    const take = await stand.lay(challenge.type as ChallengeType, name, token, account.keyAuthorization(token))
    try {
      await account.post(String(challenge.url), {})
      await until(at, 'pending')
    } finally {
      await take()
    }
  }

  /** Asks until an order or authorization has none of these states any more. */
  async function until (at: string, ...states: readonly string[]): Promise<Record<string, unknown>> {
    for (let wait = SHORTEST_PAUSE; ; wait = Math.min(LONGEST_PAUSE, wait * 2)) {
      const answer = await account.post(at, null)
      const resource = objectIn(answer)
      if (resource.status === 'invalid' || resource.status === 'deactivated' || resource.status === 'expired' || resource.status === 'revoked') throw refusal(resource)
      if (!states.includes(String(resource.status))) return resource
      await pause(Math.min(LONGEST_PAUSE, Math.max(wait, pauseIn(answer))), undefined, { signal, ref: false })
    }
  }
}

/** Why a resource is invalid: its own error, or that of one of its challenges. */
function refusal ({ error, challenges }: Record<string, unknown>): AcmeError {
  const failed = Array.isArray(challenges) ? (challenges as readonly Challenge[]).find(one => one.error !== undefined) : undefined
  return new AcmeError(`the CA refused: ${detailOf(error ?? failed?.error)}`, 'unauthorized', 0)
}
