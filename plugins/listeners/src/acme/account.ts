// How does the CA know who asks? Requests are signed with the account's key (RFC 8555 §6), and each carries a nonce.

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import type { Answer, Exchange } from './exchange.ts'

/** A refusal of the CA. */
export class AcmeError extends Error {
  /** The problem's type without its prefix (RFC 8555 §6.7), e.g. `rateLimited`. */
  readonly type: string
  /** How long the CA wants to be left alone, ms; 0 where it says nothing. */
  readonly retryAfter: number

  constructor (message: string, type: string, retryAfter: number) {
    super(message)
    this.type = type
    this.retryAfter = retryAfter
  }
}

/** An account at a CA. */
export interface Account {
  /** A signed request; null as payload is a POST-as-GET (RFC 8555 §6.3). */
  post (url: string, payload: object | null): Promise<Answer>
  readonly newOrder: string
  /** What proves to the CA that the holder of the account answers a challenge (RFC 8555 §8.1). */
  keyAuthorization (token: string): string
}

interface Directory { readonly newNonce?: string, readonly newAccount?: string, readonly newOrder?: string }

/** How often a request is repeated with a new nonce: a CA may refuse some that are good (RFC 8555 §6.5). */
const MOST_NONCES = 8
/** No CA asks for a longer pause: Let's Encrypt's longest window. */
const LONGEST_PAUSE = 7 * 86_400_000
const LONGEST_DETAIL = 300

/** A new account key, in PEM. */
export function newAccountKey (): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}

/**
 * Registers the account of this key, or finds it where it is registered (RFC 8555 §7.3).
 *
 * @throws AcmeError where the CA refuses.
 */
export async function openAccount (directory: string, email: string, keyPem: string, exchange: Exchange): Promise<Account> {
  const key = createPrivateKey(keyPem)
  const { crv, kty, x, y } = createPublicKey(key).export({ format: 'jwk' })
  // The order of RFC 7638 §3.
  const jwk = { crv, kty, x, y }
  const thumbprint = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url')
  const found = checked(await exchange('GET', directory), 'the directory')
  const { newNonce, newAccount, newOrder } = objectIn(found) as Directory
  if (typeof newNonce !== 'string' || typeof newAccount !== 'string' || typeof newOrder !== 'string') throw new Error('the URL is not that of an ACME directory')
  const nonces: string[] = []
  let kid: string | null = null
  const answer = await post(newAccount, { termsOfServiceAgreed: true, contact: [`mailto:${email}`] })
  kid = String(answer.headers.location)
  return { post, newOrder, keyAuthorization: token => `${token}.${thumbprint}` }

  async function post (url: string, payload: object | null): Promise<Answer> {
    for (let left = MOST_NONCES; ; left--) {
      const nonce = nonces.pop() ?? await freshNonce()
      const protectedHeader = { alg: 'ES256', nonce, url, ...(kid === null ? { jwk } : { kid }) }
      const answer = await exchange('POST', url, signed(key, protectedHeader, payload))
      keep(answer)
      try {
        return checked(answer, 'the CA')
      } catch (error) {
        if (left === 0 || (error as AcmeError).type !== 'badNonce') throw error
      }
    }
  }

  async function freshNonce (): Promise<string> {
    keep(await exchange('HEAD', newNonce as string))
    const nonce = nonces.pop()
    if (nonce === undefined) throw new Error('the CA gave no nonce')
    return nonce
  }

  function keep ({ headers }: Answer): void {
    const nonce = headers['replay-nonce']
    if (typeof nonce === 'string' && nonces.length < 2) nonces.push(nonce)
  }
}

/** The object in an answer; an empty one where there is none. */
export function objectIn ({ text }: Answer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {}
  } catch {
    return {}
  }
}

/** How long an answer asks to wait (RFC 9110 §10.2.3), ms; 0 where it says nothing. */
export function pauseIn ({ headers }: Pick<Answer, 'headers'>): number {
  const text = headers['retry-after']
  if (text === undefined) return 0
  const time = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(time) ? Math.min(LONGEST_PAUSE, Math.max(0, time)) : 0
}

/** The sentence of a problem document; control characters and length are the CA's, and do not reach the log. */
export function detailOf (problem: unknown): string {
  const { type, detail } = (typeof problem === 'object' && problem !== null ? problem : {}) as { type?: unknown, detail?: unknown }
  return String(detail ?? type ?? 'no reason given').replace(/[^\x20-\x7e]+/g, ' ').slice(0, LONGEST_DETAIL)
}

function checked (answer: Answer, who: string): Answer {
  if (answer.status >= 200 && answer.status < 300) return answer
  const problem = objectIn(answer)
  const type = String(problem.type ?? '').replace(/^urn:ietf:params:acme:error:/, '')
  throw new AcmeError(`${who} answered ${answer.status}: ${detailOf(problem)}`, type, pauseIn(answer))
}

function signed (key: KeyObject, header: object, payload: object | null): string {
  const head = Buffer.from(JSON.stringify(header)).toString('base64url')
  const body = payload === null ? '' : Buffer.from(JSON.stringify(payload)).toString('base64url')
  const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  return JSON.stringify({ protected: head, payload: body, signature })
}
