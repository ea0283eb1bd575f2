// How is the development authority made trusted? One command, and what can be done without it.

/**
 * The instructions for trusting a development authority, for this system or another one.
 *
 * @param file the authority's certificate, e.g. `certificates/development-ca.crt`.
 */
export function howToTrust (file: string, platform: NodeJS.Platform = process.platform): string {
  const quoted = /[\s'"&()]/.test(file) ? `"${file}"` : file
  const lines = SYSTEMS[platform] ?? SYSTEMS.linux as (file: string) => string[]
  return [
    `To trust ${file} on this machine (once; it can vouch for your development hosts only):`,
    ...[`all browsers      npx @fastify-arr/listeners ${quoted}`, ...lines(quoted)].map(line => `  ${line}`),
    '  Node.js clients   set NODE_EXTRA_CA_CERTS to that file'
  ].join('\n')
}

const SYSTEMS: Partial<Record<NodeJS.Platform, (file: string) => string[]>> = {
  win32: file => [
    `Edge, Chrome      certutil -user -addstore Root ${file}`,
    'Firefox           trusts what Windows trusts; if not, set security.enterprise_roots.enabled to true in about:config',
    `to undo           npx @fastify-arr/listeners --undo ${file}`
  ],
  darwin: file => [
    `Safari, Chrome    security add-trusted-cert -r trustRoot -p ssl -k ~/Library/Keychains/login.keychain-db ${file}`,
    'Firefox           trusts what macOS trusts; if not, set security.enterprise_roots.enabled to true in about:config',
    `to undo           security remove-trusted-cert ${file}`
  ],
  linux: file => [
    '                  (it needs certutil: Debian\'s libnss3-tools, Fedora\'s nss-tools)',
    'Firefox by hand   Settings, Privacy & Security, View Certificates, Authorities, Import',
    `curl and others   sudo npx @fastify-arr/listeners --system ${file}`,
    `to undo           npx @fastify-arr/listeners --undo ${file}`
  ]
}

/** The same in one line, for a log. */
export function howToTrustInShort (file: string): string {
  return `a new development authority is in ${file}; browsers trust it after: npx @fastify-arr/listeners ${/[\s'"&()]/.test(file) ? `"${file}"` : file}`
}
