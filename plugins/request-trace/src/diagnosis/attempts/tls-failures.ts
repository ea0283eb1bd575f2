// Why was there no TLS with the upstream? What the system's code says.
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'

/** Names are those of OpenSSL and Node.js. */
const UNTRUSTED: ReadonlySet<string> = new Set(['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_UNTRUSTED', 'INVALID_CA'])
const NAMES: ReadonlySet<string> = new Set(['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_TLS_CERT_ALTNAME_FORMAT', 'HOSTNAME_MISMATCH'])
const TIMES: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])

export function tlsFinding (server: string, systemCode: string, evidence: ReadonlyArray<number | undefined>): Finding {
  const host = /^[a-z]+:\/\/(.*?)(?::\d+)?$/.exec(server)?.[1] ?? server
  const code = systemCode === '' ? '' : ` (${systemCode})`
  if (UNTRUSTED.has(systemCode)) return found('CERTIFICATE_UNTRUSTED', evidence, `The certificate of ${server} is ${systemCode.includes('SELF_SIGNED') ? 'self-signed' : 'from an authority that this machine does not know'}${code}.`, "Give its authority, or the certificate itself, to upstream-proxy: `tls: { ca: readFileSync('ca.pem') }`. A server that leaves out its intermediate certificates must send them.")
  if (NAMES.has(systemCode)) return found('CERTIFICATE_NAME', evidence, `The certificate of ${server} is not for ${host}${code}.`, `Ask by a name that the certificate has, or name it: \`tls: { servername: 'name.in.the.certificate' }\`. \`openssl s_client -connect ${host}:443 -servername ${host}\` shows its names.`)
  if (TIMES.has(systemCode)) return found('CERTIFICATE_EXPIRED', evidence, `The certificate of ${server} is ${systemCode === 'CERT_HAS_EXPIRED' ? 'expired' : 'not valid yet'}${code}.`, 'Renew it; or correct the clock of this machine.')
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH|HTTP_REQUEST|EPROTO/.test(systemCode)) return found('TLS_TO_PLAIN_PORT', evidence, `${server} does not answer with TLS${code}: it most likely speaks plain HTTP at this port.`, 'Write http:// in the place of https:// in the rule or upstream, or use the port that has TLS.')
  return found('UPSTREAM_TLS', evidence, `No TLS could be agreed with ${server}${code}.`, 'Compare versions and ciphers of both sides: `openssl s_client` from this machine. A server that asks for a client certificate gets one by `tls: { cert, key }` of upstream-proxy.')
}
