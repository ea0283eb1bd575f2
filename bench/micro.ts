// What does each plugin's part of a request cost by itself? Measured in a process of its own, without a network.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Options } from './options.ts'
import { PROXY_CORE, start } from './machine/processes.ts'
import { Stopwatch } from './machine/stopwatch.ts'
import { compiledTree } from './machine/tree.ts'
import type { Workshop } from './machine/workshop.ts'

/** A piece of work for one plugin. */
export interface Micro {
  readonly key: string
  readonly title: string
  readonly work: 'sites' | 'rules' | 'log'
  readonly count: number
}

export const MICROS: readonly Micro[] = [
  { key: 'sites-10', title: 'host-routing, 10 sites, each with a host and a wildcard', work: 'sites', count: 10 },
  { key: 'sites-10000', title: 'host-routing, 10,000 sites', work: 'sites', count: 10_000 },
  { key: 'rules-1', title: 'url-rewrite, the article\'s rule', work: 'rules', count: 1 },
  { key: 'rules-1000', title: 'url-rewrite, 1,000 rules, the last of which matches', work: 'rules', count: 1000 },
  { key: 'log', title: 'arr-log, one exchange, line and file included', work: 'log', count: 1 }
]

/** Measured µs of CPU for each piece of work, by key and name of the checkout. */
export interface MicroResult {
  readonly micro: Micro
  readonly tree: string
  readonly values: readonly number[]
  readonly failure: string | null
}

const PROGRAM = join(import.meta.dirname, 'peers', 'micro.mjs')

export async function measureMicros (micros: readonly Micro[], workshop: Workshop, options: Options): Promise<MicroResult[]> {
  const results: MicroResult[] = []
  for (const micro of micros) {
    for (const { name, path } of options.trees) {
      const tree = compiledTree(path, workshop.folder)
      const order = { ...micro, tree, folder: mkdtempSync(join(workshop.folder, 'micro-')), samples: options.samples }
      const running = start(PROXY_CORE, process.execPath, [PROGRAM, JSON.stringify(order)], { NODE_ENV: 'production' })
      const closed = new Promise(resolve => running.process.once('close', resolve))
      const values: number[] = []
      let watch: Stopwatch | null = null
      for await (const line of createInterface(running.process.stdout as Readable)) {
        if (line === 'start') watch = new Stopwatch([], workshop.probe)
        else if (watch !== null) values.push(Number(line.slice(5)) / watch.stop().per(1).slowness)
      }
      await closed
      const failed = running.process.exitCode !== 0
      if (failed) console.log(`${micro.key}: ${running.errors()}`)
      results.push({ micro, tree: name, values: failed ? [] : values, failure: failed ? 'failed' : null })
    }
  }
  return results
}
