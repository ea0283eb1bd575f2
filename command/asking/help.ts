// What does `--help` say? All commands and options on one screen of 80 columns and 24 lines.
import { COMMANDS } from './commands.ts'

const LINES: ReadonlyArray<readonly [string, string]> = [
  ['--to URL', 'the upstream, such as http://localhost:3000'],
  ['--host NAME', 'a host of the site, or * for any'],
  ['--web-config FILE', 'a file of IIS, instead of --to; --root A=B, --base PATH,'],
  ['', '--files, --no-files, --open NAMES'],
  ['--config FILE', 'all of this as JSON: fastify-arr print-config'],
  ['--port 8000', 'http; --https-port 8443, --monitor-port 8001, or off;'],
  ['', '--metrics-port, --backend-port (of the demo)'],
  ['--address ADDRESS', '0.0.0.0 opens http to every address'],
  ['--workers n|auto', 'that many processes serve, auto: one per core'],
  ['--certificate H=FILE', '.pfx, .crt,.key or a folder; --development-certificate'],
  ['--trust-proxy NETS', 'proxies in front that are believed: 10.0.0.0/8'],
  ['--log-dir logs', 'the log\'s folder, or off; --log-level LEVEL'],
  ['--help, --version', 'README.md has the variables that mean the same']
]

/** The text. */
export function helpText (): string {
  const names = Object.keys(COMMANDS)
  const own = ['demo', 'print-config', 'completion', 'trust', 'check', 'convert', 'log', 'trace', 'reload', 'status']
  const texts = own.filter(name => names.includes(name)).map(name => [name, SHORT[name] ?? ''] as const)
  const commands = [0, 2, 4, 6, 8].map(at => texts.slice(at, at + 2).map(([name, text], column) => column === 0 ? `${name.padEnd(13)}${text}`.padEnd(38) : `${name.padEnd(13)}${text}`).join('').trimEnd())
  return [
    'fastify-arr --to URL | --web-config FILE | --config FILE [OPTIONS]',
    'fastify-arr COMMAND [--help]',
    ...commands.map(line => `  ${line}`),
    ...LINES.map(([option, text]) => `  ${option.padEnd(21)}${text}`),
    'Exit codes: 0 ended as asked, 1 the site failed, 2 a mistake in what was asked.',
    ''
  ].join('\n')
}

const SHORT: Readonly<Record<string, string>> = {
  demo: 'a site with a backend',
  'print-config': 'the settings as JSON',
  completion: 'bash, zsh or fish',
  trust: 'its development certificate',
  check: 'what of a file is used',
  convert: 'a file as TypeScript',
  log: 'reads the log',
  trace: 'reads what failed',
  reload: 'new workers',
  status: 'of the workers'
}
