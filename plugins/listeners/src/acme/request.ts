// What is signed? The request for a certificate with its new key, and the certificate that answers TLS-ALPN-01.

import { createHash, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { KeyPair } from '../certificates/authority.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY = 86_400_000
/** id-pe-acmeIdentifier (RFC 8737 §3). */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31'
const OCTET_STRING = 4

/** A request for a certificate (PKCS #10) in base64url, and the key in PEM. */
export async function makeRequest (name: string): Promise<{ csr: string, key: string }> {
  const keys = await makeKeys()
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    // A common name has at most 64 characters; the name that counts is the alternative one.
    ...(name.length <= 64 && { name: [{ CN: [name] }] }),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])]
  })
  return { csr: Buffer.from(request.rawData).toString('base64url'), key: await exportKey(keys.privateKey) }
}

/** The certificate that proves control of a name in a handshake with `acme-tls/1` (RFC 8737 §3). */
export async function makeProof (name: string, keyAuthorization: string): Promise<KeyPair> {
  const digest = createHash('sha256').update(keyAuthorization).digest()
  return await selfSigned(name, 1, [new x509.Extension(ACME_IDENTIFIER, true, new Uint8Array(Buffer.concat([Buffer.of(OCTET_STRING, digest.length), digest])))])
}

/** What a client gets before the first certificate has been issued: no browser trusts it. */
export async function makeStopgap (): Promise<KeyPair> {
  return await selfSigned('certificate-not-issued-yet.invalid', 3650, [])
}

async function selfSigned (name: string, days: number, extensions: readonly x509.Extension[]): Promise<KeyPair> {
  const keys = await makeKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    // A common name has at most 64 characters.
    name: [{ CN: [name.slice(0, 64)] }],
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + days * DAY),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]), ...extensions]
  })
  return { cert: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) }
}

async function makeKeys (): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as webcrypto.CryptoKeyPair
}

async function exportKey (key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}
