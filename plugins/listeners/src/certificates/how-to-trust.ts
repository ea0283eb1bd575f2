// How is the development authority made trusted? The commands to run, once, on each system.

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
    ...lines(quoted).map(line => `  ${line}`),
    '  Node.js clients   set NODE_EXTRA_CA_CERTS to that file'
  ].join('\n')
}

const SYSTEMS: Partial<Record<NodeJS.Platform, (file: string) => string[]>> = {
  win32: file => [
    `Edge, Chrome      certutil -user -addstore Root ${file}`,
    'Firefox           trusts what Windows trusts; if not, set security.enterprise_roots.enabled to true in about:config',
    'to undo           certutil -user -delstore Root "fastify-arr development"'
  ],
  darwin: file => [
    `Safari, Chrome    security add-trusted-cert -r trustRoot -p ssl -k ~/Library/Keychains/login.keychain-db ${file}`,
    'Firefox           trusts what macOS trusts; if not, set security.enterprise_roots.enabled to true in about:config',
    `to undo           security remove-trusted-cert ${file}`
  ],
  linux: file => [
    `Chrome, Chromium  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n fastify-arr -i ${file}   (certutil: Debian's libnss3-tools, Fedora's nss-tools)`,
    'Firefox           Settings, Privacy & Security, View Certificates, Authorities, Import',
    `curl and others   sudo cp ${file} /usr/local/share/ca-certificates/fastify-arr.crt && sudo update-ca-certificates   (Debian)`,
    `                  sudo trust anchor ${file}   (Fedora, Arch)`,
    'to undo           certutil -d sql:$HOME/.pki/nssdb -D -n fastify-arr; delete the copied file and run update-ca-certificates --fresh'
  ]
}
