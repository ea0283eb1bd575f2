// The benchmark: what does a request, a message or a handshake cost the proxy and its peers, in one run?
// Linux only: CPU time is read from /proc, and each side has a core.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { measureMicros, type MicroResult, MICROS } from './micro.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { listPeers, type Peer, type Proxy } from './peers.ts'
import { LOAD_CORE, saysOf, stop, stopAll, which } from './processes.ts'
import { writeResults } from './results.ts'
import { JUDGED, logVerdict, type Measured, microTable, type Outcome, ourRequest, tableOf, verdictsOf } from './table.ts'
import { missingFor, RUN_UP, type Sample, suits, type Workload, WORKLOADS } from './workloads.ts'
import { prepare, type Workshop } from './workshop.ts'

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
    const missing = missingFor(workload, workshop)
    if (missing !== null) {
      console.log(`\n${workload.key}: not measured, ${missing}`)
      continue
    }
    const outcomes = await measure(workload, peers.filter(peer => suits(peer, workload)), workshop, options, notes)
    measured.push({ workload, outcomes })
    for (const figure of workload.figures) {
      console.log(`\n${figure.title}\n\n${tableOf(workload, figure, outcomes)}`)
    }
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

/** Samples a workload, one peer after the other, then again: a slow minute of the machine affects all of them. */
async function measure (workload: Workload, peers: readonly Peer[], workshop: Workshop, options: Options, notes: Set<string>): Promise<Outcome[]> {
  const subjects = peers.map(peer => ({ peer, samples: [] as Sample[], failure: null as string | null, proxy: null as Proxy | null }))
  const tls = workload.needs.includes('tls')
  const rounds = options.samples * workload.repeats
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      const { peer } = subject
      if (peer.absent !== null || subject.failure !== null) continue
      progress(`${workload.key} ${round + 1}/${rounds} ${peer.name}`)
      try {
        if (subject.proxy === null) {
          subject.proxy = await peer.start(workshop, tls)
          if (subject.proxy.note !== '') notes.add(`${peer.name}: ${subject.proxy.note}`)
          if (!workload.fresh) await warm(workload, subject.proxy, workshop, options.warm)
        }
        subject.samples.push(await workload.measure(subject.proxy, workshop, options.seconds))
        if (workload.fresh || options.fresh) await end(subject)
      } catch (error) {
        const { message } = error as Error
        subject.failure = `failed: ${inOneCell(message)}`
        const errors = subject.proxy?.running?.errors() ?? ''
        progress('')
        console.log(`${workload.key}: ${peer.name} failed: ${message}${errors === '' ? '' : `\n${errors}`}`)
      }
    }
  }
  for (const subject of subjects) await end(subject)
  progress('')
  return subjects
}

/** On a busy machine the same time means less work, so both count. */
async function warm (workload: Workload, proxy: Proxy, workshop: Workshop, seconds: number): Promise<void> {
  let done = 0
  const turns = seconds === 0 ? 0 : 6
  const { measure, warmUp = measure, enough } = workload
  for (let turn = 0; turn < turns && done < enough; turn++) {
    const { rate = 0 } = await warmUp(proxy, workshop, seconds)
    done += rate * (seconds + RUN_UP)
  }
}

async function end (subject: { proxy: Proxy | null }): Promise<void> {
  const running = subject.proxy?.running
  subject.proxy = null
  if (running !== undefined && running !== null) await stop(running)
}

// The error output of a program may be long and contain paths; the results have neither.
function inOneCell (message: string): string {
  const line = message.replace(/(\/[\w.-]+){2,}/g, '…').replace(/[\s|]+/g, ' ')
  return line.length > 100 ? `${line.slice(0, 100)}…` : line
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

function progress (text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

function list (peers: readonly Peer[], workloads: readonly Workload[]): void {
  console.log('Workloads (--only):')
  for (const { key, title } of MICROS) console.log(`  ${key.padEnd(22)}${title}`)
  for (const { key, figures } of workloads) console.log(`  ${key.padEnd(22)}${figures.map(figure => figure.title).join('; ')}`)
  console.log('Peers (--peers):')
  for (const peer of peers) console.log(`  ${peer.key.padEnd(22)}${peer.name} ${peer.version}${peer.absent === null ? '' : `  ABSENT: ${peer.absent}`}`)
}

await main()
