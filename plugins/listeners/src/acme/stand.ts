// Where does the CA find the answers to its challenges? At any process that serves the folder: the answers are files in it.

import { createSecureContext, type SecureContext } from 'node:tls'
import { proofFile, type Folder } from './folder.ts'
import { plainName } from './names.ts'
import type { Stand } from './order.ts'
import { makeProof } from './request.ts'

const PATH = '/.well-known/acme-challenge/'

/** Lays out the answers in the folder. */
export function standIn (folder: Folder): Stand {
  return {
    async lay (type, name, token, keyAuthorization) {
      const file = type === 'http-01' ? token : proofFile(name)
      let text = keyAuthorization
      if (type === 'tls-alpn-01') {
        const { cert, key } = await makeProof(name, keyAuthorization)
        text = cert + key
      }
      await folder.layAnswer(file, text)
      return async () => { await folder.takeAnswer(file) }
    }
  }
}

/** The token that a request asks for (RFC 8555 §8.3); null for any other path. */
export function tokenIn (url: string | undefined): string | null {
  return url?.startsWith(PATH) === true ? url.slice(PATH.length) : null
}

/** The certificate that answers a handshake with `acme-tls/1` (RFC 8737 §3); null where no challenge is open for the name. */
export function proofFor (folder: Folder, servername: string): SecureContext | null {
  const pem = folder.proof(plainName(servername))
  try {
    return pem === null ? null : createSecureContext({ cert: pem, key: pem })
  } catch {
    // A damaged file is none. Nothing may be thrown from here: it would be thrown in Node's own callback.
    return null
  }
}
