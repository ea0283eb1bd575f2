// What can be said, and where? Each setting with its variable, its option on the command line, and its name in a file of `--config`.

/** A setting. `start/settings` reads the variable, and nothing else. */
export interface Setting {
  readonly variable: string
  /** Its option; null where the command line has none. */
  readonly option: string | null
  /** What is behind the option; null for one that stands alone, whose variable is then `alone`. */
  readonly value: string | null
  readonly alone?: string
  /** What stands between several; an option without it is given once. */
  readonly between?: string
  /** Its name in the file; for a part of one, with a point between. */
  readonly key: string
  /** The text of the variable where the file says false, and true; others are numbers and texts. */
  readonly words?: readonly [string, string]
}

/** All of them; the text of the variable where the file says `null` is `off`. */
export const SETTINGS: readonly Setting[] = [
  { key: 'upstream', variable: 'UPSTREAM', option: 'to', value: 'URL' },
  { key: 'hosts', variable: 'HOSTS', option: 'host', value: 'NAME', between: ',' },
  { key: 'webConfig', variable: 'WEB_CONFIG', option: 'web-config', value: 'FILE', between: '\n' },
  { key: 'root', variable: 'WEB_CONFIG_ROOT', option: 'root', value: 'FOLDER=FOLDER', between: '\n' },
  { key: 'base', variable: 'WEB_CONFIG_BASE', option: 'base', value: 'PATH' },
  { key: 'files', variable: 'WEB_CONFIG_FILES', option: 'files', value: null, alone: 'true', words: ['false', 'true'] },
  { key: 'open', variable: 'OPEN', option: 'open', value: 'NAMES', between: ',' },
  { key: 'httpPort', variable: 'HTTP_PORT', option: 'port', value: 'PORT' },
  { key: 'httpsPort', variable: 'HTTPS_PORT', option: 'https-port', value: 'PORT' },
  { key: 'monitorPort', variable: 'MONITOR_PORT', option: 'monitor-port', value: 'PORT' },
  { key: 'metricsPort', variable: 'METRICS_PORT', option: 'metrics-port', value: 'PORT' },
  { key: 'metricsHost', variable: 'METRICS_HOST', option: null, value: null },
  { key: 'backendPort', variable: 'BACKEND_PORT', option: 'backend-port', value: 'PORT' },
  { key: 'address', variable: 'FASTIFY_ADDRESS', option: 'address', value: 'ADDRESS' },
  { key: 'workers', variable: 'WORKERS', option: 'workers', value: 'NUMBER' },
  { key: 'certificate', variable: 'CERTIFICATES', option: 'certificate', value: 'HOST=FILE', between: ';' },
  { key: 'developmentCertificate', variable: 'DEVELOPMENT_CERTIFICATE', option: 'development-certificate', value: null, alone: '1', words: ['', '1'] },
  { key: 'certificates', variable: 'CERTIFICATE_DIR', option: null, value: null },
  { key: 'trustProxy', variable: 'TRUST_PROXY', option: 'trust-proxy', value: 'ADDRESSES', between: ',' },
  { key: 'logDirectory', variable: 'LOG_DIR', option: 'log-dir', value: 'FOLDER' },
  { key: 'logLevel', variable: 'FASTIFY_LOG_LEVEL', option: 'log-level', value: 'LEVEL' },
  { key: 'traces', variable: 'TRACES', option: null, value: null, words: ['off', 'on'] },
  { key: 'upstreamDns', variable: 'UPSTREAM_DNS', option: null, value: null, words: ['off', 'on'] },
  { key: 'maxTunnels', variable: 'MAX_TUNNELS', option: null, value: null },
  { key: 'leaving.delay', variable: 'DRAIN_DELAY', option: null, value: null },
  { key: 'leaving.window', variable: 'DRAIN_WINDOW', option: null, value: null },
  { key: 'leaving.deadline', variable: 'DRAIN_DEADLINE', option: null, value: null }
]

/** The options of the command that are no settings. */
export const OTHERS = [['config', 'FILE'], ['no-files', null], ['help', null], ['version', null]] as const

/** The names of all options. */
export const OPTIONS: readonly string[] = [...SETTINGS.flatMap(({ option }) => option ?? []), ...OTHERS.map(([name]) => name)]
