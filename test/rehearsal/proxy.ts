// One host with the site on it: the program that npm start starts, with the settings of a server.
import { type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { exitOf, Host, until } from './hosts.ts'

const root = join(import.meta.dirname, '..', '..')
const WORDS = ['node_modules/fastify-cli/cli.js', 'start', '--options', '--logging-module', './dist/start/console.js', '--require', './dist/start/program.js', 'dist/app.js']
const SETTINGS = {
  WEB_CONFIG: join(import.meta.dirname, 'site.config'),
  HTTP_PORT: '8000',
  HTTPS_PORT: 'off',
  METRICS_PORT: '9464',
  MONITOR_PORT: 'off',
  METRICS_HOST: '0.0.0.0',
  FASTIFY_ADDRESS: '0.0.0.0',
  FASTIFY_LOG_LEVEL: 'fatal',
  FASTIFY_PLUGIN_TIMEOUT: '100000',
  LOG_DIR: 'off',
  MAX_TUNNELS: '9000',
  // As long as the balancer takes to see it (see `leave`), then goodbyes over four seconds.
  DRAIN_DELAY: '600000',
  DRAIN_WINDOW: '4000',
  DRAIN_DEADLINE: '60000',
  FASTIFY_CLOSE_GRACE_DELAY: '90000'
}

export class Proxy {
  readonly host: Host
  #process: ChildProcess | null = null

  constructor (name: string, address: string) {
    this.host = new Host(name, address)
  }

  get address (): string {
    return this.host.addresses[0] as string
  }

  async start (): Promise<void> {
    const { NODE_OPTIONS: _, ...env } = process.env
    const child = this.host.run(['sh', '-c', 'cd "$0" && exec "$@" 2> /dev/null', root, process.execPath, ...WORDS], { ...env, ...SETTINGS })
    this.#process = child
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`${this.host.name} has ended with ${child.exitCode}`)
      return await this.isReady()
    })
  }

  async isReady (): Promise<boolean> {
    try {
      return (await fetch(`http://${this.address}:9464/readyz`)).status === 200
    } catch {
      return false
    }
  }

  /** SIGTERM, and once more when `isSeen`: on a machine that is slow today, no number of ms would be right. Resolves with the exit code. */
  async leave (isSeen: () => Promise<boolean>): Promise<number | string> {
    this.#process?.kill('SIGTERM')
    await until(isSeen)
    this.#process?.kill('SIGTERM')
    return await exitOf(this.#process as ChildProcess)
  }
}
