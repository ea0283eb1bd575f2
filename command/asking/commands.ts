// Which commands are there? Those of the packages under one name, and this package's own.

/** Those that this package carries out; `site` is what is done without one. */
export const OWN_COMMANDS = ['site', 'demo', 'print-config', 'completion'] as const

/** A command of a package: its own file, its own options and exit codes. */
export interface Borrowed {
  readonly package: string
  readonly bin: string
  /** The words that come before the user's. */
  readonly words: readonly string[]
}

/** Each with what it does; a text for one of this package. */
export const COMMANDS: Readonly<Record<string, { readonly text: string, readonly borrowed?: Borrowed }>> = {
  demo: { text: 'the article\'s site, with a backend of its own' },
  check: { text: 'what of a web.config is used, and what is lost', borrowed: { package: '@fastify-arr/iis-config', bin: 'iis-config', words: ['check'] } },
  convert: { text: 'a web.config as TypeScript', borrowed: { package: '@fastify-arr/iis-config', bin: 'iis-config', words: ['convert'] } },
  log: { text: 'reads the log', borrowed: { package: '@fastify-arr/arr-log', bin: 'arr-log', words: [] } },
  trace: { text: 'reads traces of what failed', borrowed: { package: '@fastify-arr/request-trace', bin: 'request-trace', words: [] } },
  reload: { text: 'new workers, with the settings of now', borrowed: { package: '@fastify-arr/workers', bin: 'arr-workers', words: ['reload'] } },
  status: { text: 'the workers', borrowed: { package: '@fastify-arr/workers', bin: 'arr-workers', words: ['status'] } },
  trust: { text: 'makes browsers trust the development certificate', borrowed: { package: '@fastify-arr/listeners', bin: 'arr-trust', words: [] } },
  'print-config': { text: 'the settings in force, for --config' },
  completion: { text: 'bash, zsh or fish: what a shell completes' }
}
