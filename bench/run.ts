// The benchmark: what does a request, a message or a handshake cost the proxy and its peers, in one run?
// Linux only: CPU time is read from /proc, and each side has a core.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { LOAD_CORE, saysOf, stop, stopAll, which } from './machine/processes.ts'
import { prepare } from './machine/workshop.ts'
import { measure } from './measure.ts'
import { measureMicros, type MicroResult, MICROS } from './micro.ts'
import { HELP, readOptions } from './options.ts'
import { listPeers } from './peers.ts'
import type { Peer } from './peers/kinds.ts'
import { writeResults } from './report/results.ts'
import { JUDGED, logVerdict, type Measured, microTable, ourRequest, tablesOf, verdictsOf } from './report/table.ts'
import type { Workload } from './workloads/kinds.ts'
import { missingFor, suits, WORKLOADS } from './workloads/list.ts'

const ROOT = join(import.meta.dirname, '..')

async function main (): Promise<void> {
  let options
  try {
    options = readOptions(process.argv.slice(2), ROOT)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`)
    process.exit(2)
  }
  if (options === null) return console.log(HELP)
  if (process.platform !== 'linux') return console.log('The benchmark runs on Linux only: it reads CPU time from /proc.')
  if (availableParallelism() < 2 || which('taskset') === null) return console.log('The benchmark needs two cores and taskset (util-linux).')

  const peers = listPeers(options.trees).filter(peer => wanted(options.peers, peer.key) || wanted(options.peers, peer.key.replace(/@.*/, '')))
  const workloads = WORKLOADS.filter(workload => wanted(options.only, workload.key))
  const micros = MICROS.filter(micro => wanted(options.only, micro.key))
  if (options.list) return list(peers, workloads)

  // The processes that are started inherit both.
  if (options.nice !== 0) prefer(options.nice)
  saysOf('taskset', ['-cp', String(LOAD_CORE), String(process.pid)])
  const folder = mkdtempSync(join(tmpdir(), 'fastify-arr-bench-'))
  // However the run ends, no process and no file is left.
  process.on('exit', () => { stopAll(); rmSync(folder, { recursive: true, force: true }) })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))
  const startedAt = Date.now()
  const workshop = await prepare(folder)
  for (const text of workshop.absent) console.log(`absent: ${text}`)
  for (const peer of peers) if (peer.absent !== null) console.log(`absent: ${peer.name}: ${peer.absent}`)

  const measured: Measured[] = []
  const notes = new Set<string>()
  for (const workload of workloads) {
    const missing = missingFor(workload, workshop, options, peers)
    if (missing !== null) {
      console.log(`\n${workload.key}: not measured, ${missing}`)
      continue
    }
    const outcomes = await measure(workload, peers.filter(peer => suits(peer, workload, options.workers)), workshop, options, notes)
    measured.push({ workload, outcomes })
    for (const { title, text } of tablesOf(workload, outcomes)) console.log(`\n${title}\n\n${text}`)
  }
  const microResults: MicroResult[] = await measureMicros(micros, workshop, options)
  if (microResults.length > 0) console.log(`\nEach plugin by itself, CPU per request\n\n${microTable(microResults, ourRequest(measured))}`)
  for (const note of notes) console.log(`\n${note}`)
  const verdicts = logVerdict(microResults, ourRequest(measured))
  for (const { workload, outcomes } of measured) for (const figure of workload.figures) verdicts.push(...verdictsOf(workload, figure, outcomes))
  const missed = JUDGED.map((key, column) => `${verdicts.filter(({ reached }) => reached[column]?.met !== true).length} by ${key}`)
  console.log(`\nTargets not met or not measured: ${missed.join(', ')}; took ${Math.round((Date.now() - startedAt) / 1000)} s`)
  if (options.write) writeResults(join(import.meta.dirname, 'RESULTS.md'), { measured, microResults, peers, workshop, notes, options })
  if (workshop.backend !== null) await stop(workshop.backend.running)
  process.exit(0)
}

/** Where Linux groups processes by session, a priority counts only within the session: then the session's is set as well, for as long as we run. */
function prefer (nice: number): void {
  setPriority(nice)
  const group = '/proc/self/autogroup'
  if (!existsSync(group)) return
  const before = /nice (-?\d+)/.exec(readFileSync(group, 'utf8'))?.[1] ?? '0'
  writeFileSync(group, String(nice))
  process.on('exit', () => writeFileSync(group, before))
}

function wanted (chosen: readonly string[], key: string): boolean {
  return chosen.length === 0 || chosen.includes(key)
}

function list (peers: readonly Peer[], workloads: readonly Workload[]): void {
  console.log('Workloads (--only):')
  for (const { key, title } of MICROS) console.log(`  ${key.padEnd(22)}${title}`)
  for (const { key, figures, table } of workloads) console.log(`  ${key.padEnd(22)}${table ?? figures.map(figure => figure.title).join('; ')}`)
  console.log('Peers (--peers):')
  for (const peer of peers) console.log(`  ${peer.key.padEnd(22)}${peer.name} ${peer.version}${peer.absent === null ? '' : `  ABSENT: ${peer.absent}`}`)
}

await main()
