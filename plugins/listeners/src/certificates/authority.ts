// How is a development certificate made? An authority whose name constraints allow only the given hosts, and a certificate signed by it.

import { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import { AsnConvert } from '@peculiar/asn1-schema'
import { GeneralName, GeneralSubtree, GeneralSubtrees, NameConstraints } from '@peculiar/asn1-x509'
import * as x509 from '@peculiar/x509'

/** A certificate and its key, in PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const NAME_CONSTRAINTS = '2.5.29.30'
const DAY = 86_400_000
const AUTHORITY_DAYS = 3650
/** Well under the strictest limit of a browser: Apple accepts at most 825 days, even from a private authority. */
const CERTIFICATE_DAYS = 90

/**
 * Makes an authority for the given names, their subdomains, the given addresses and loopback addresses, and for nothing else
 * (name constraints, RFC 5280 §4.2.1.10): a stolen key cannot be used against any other site.
 */
export async function makeAuthority (hosts: readonly string[], commonName: string): Promise<KeyPair> {
  const keys = await makeKeys()
  const constraints = new NameConstraints({
    permittedSubtrees: new GeneralSubtrees([
      ...hosts.filter(host => isIP(host) === 0).map(name => new GeneralSubtree({ base: new GeneralName({ dNSName: name }) })),
      // Once one address range is listed, every permitted address needs one.
      ...['127.0.0.0/8', '::1/128', ...hosts.filter(host => isIP(host) !== 0).map(address => `${address}/${isIP(address) === 4 ? 32 : 128}`)].map(range => new GeneralSubtree({ base: new GeneralName({ iPAddress: range }) }))
    ])
  })
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }, { O: ['fastify-arr development'] }],
    ...validity(AUTHORITY_DAYS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.Extension(NAME_CONSTRAINTS, true, AsnConvert.serialize(constraints)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)
    ]
  })
  return { cert: certificate.toString('pem') + '\n', key: await exportKey(keys.privateKey) }
}

/** Makes a server certificate for these host names and IP addresses. */
export async function makeCertificate (authority: KeyPair, hosts: readonly string[], days = CERTIFICATE_DAYS): Promise<KeyPair> {
  const keys = await makeKeys()
  const issuer = new x509.X509Certificate(authority.cert)
  const signingKey = await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(authority.key), ALGORITHM, false, ['sign'])
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [(hosts[0] as string).slice(0, 64)] }],
    issuer: issuer.subjectName,
    ...validity(days),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(hosts.map(value => ({ type: isIP(value) === 0 ? 'dns' as const : 'ip' as const, value }))),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)
    ]
  })
  return { cert: certificate.toString('pem') + '\n', key: await exportKey(keys.privateKey) }
}

async function makeKeys (): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as webcrypto.CryptoKeyPair
}

async function exportKey (key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY') + '\n'
}

// Valid since yesterday: clocks of phones and virtual machines may be hours behind.
function validity (days: number): { notBefore: Date, notAfter: Date } {
  const now = Date.now()
  return { notBefore: new Date(now - DAY), notAfter: new Date(now + days * DAY) }
}

// Positive, and at most 20 bytes (RFC 5280 §4.1.2.2).
function serialNumber (): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  bytes[0] = (bytes[0] as number & 0x7f) | 0x40
  return Buffer.from(bytes).toString('hex')
}
