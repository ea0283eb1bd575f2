// What can be set? All variables and options on one screen.

/** Each with its option, its default, and what it is. */
const SETTINGS: ReadonlyArray<readonly [string, string]> = [
  ['HTTP_PORT=8000', 'the site, http (PORT where it is not set)'],
  ['HTTPS_PORT=8443', 'the site, https; off opens none'],
  ['BACKEND_PORT=8080', 'the bundled backend'],
  ['MONITOR_PORT=8001', 'the page that shows what happens; off for none'],
  ['UPSTREAM', 'a URL to proxy to, instead of that backend'],
  ['WEB_CONFIG --web-config', 'a file of IIS, or a server\'s folder'],
  ['WEB_CONFIG_ROOT --root', 'where its folders are: C:\\inetpub=/srv/inetpub'],
  ['WEB_CONFIG_BASE --base', 'the directory that a web.config is for: /app'],
  ['WEB_CONFIG_FILES --files', 'true serves its folder\'s files; --no-files'],
  ['OPEN --open', 'its sections that need not refuse: authorization'],
  ['CERTIFICATES --certificate', 'HOST=FILE.pfx, FILE.crt,FILE.key, acme:MAIL …'],
  ['DEVELOPMENT_CERTIFICATE', '1: for all hosts; --development-certificate'],
  ['CERTIFICATE_DIR=certificates', 'where the development certificate is kept'],
  ['TRUST_PROXY --trust-proxy', 'proxies in front: 10.0.0.0/8'],
  ['WORKERS --workers', 'auto, or how many processes serve'],
  ['LOG_DIR=logs', 'the log, as IIS lays it out; off for none'],
  ['TRACES=on', 'off traces nothing'],
  ['FASTIFY_LOG_LEVEL=info', 'the console: trace to fatal, silent; --log-level'],
  ['FASTIFY_ADDRESS --address', '0.0.0.0 opens http to every address']
]

/** A screen has no room for these, docs/guide/settings.md has. */
const SERVERS = ['METRICS_PORT', 'METRICS_HOST', 'HOSTS', 'UPSTREAM_DNS', 'MAX_TUNNELS', 'DRAIN_DELAY', 'DRAIN_WINDOW', 'DRAIN_DEADLINE', 'CERTIFICATE_PASSPHRASE']

/** The names of the variables. */
export const VARIABLES: readonly string[] = [...SETTINGS.map(([name]) => name.split(/[ =]/)[0] as string), ...SERVERS, 'PORT']

/** The text of `--help`. */
export function helpText (): string {
  return ['npm start -- -- OPTIONS', '  a variable, its default, and its option, which goes before', ...SETTINGS.map(([name, text]) => `  ${name.padEnd(29)}${text}`), `docs/guide/settings.md: ${SERVERS.slice(0, 4).join(', ')} …`, 'npm start -- --help has fastify-cli\'s own.'].join('\n')
}
