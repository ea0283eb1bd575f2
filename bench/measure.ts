// In which order are the peers of a workload measured, and what becomes of one that fails?
import process from 'node:process'
import { stop } from './machine/processes.ts'
import type { Workshop } from './machine/workshop.ts'
import type { Options } from './options.ts'
import type { Peer, Proxy } from './peers/kinds.ts'
import type { Outcome } from './report/outcome.ts'
import { type Plan, RUN_UP, type Sample, type Workload } from './workloads/kinds.ts'
import { isMeasure, lacksFiles, spreadNote, spreadOf } from './workloads/list.ts'

/** A peer, its processes just now (two where one worker is compared with two), and what it has shown. */
interface Subject {
  readonly peer: Peer
  readonly samples: Sample[]
  failure: string | null
  readonly proxies: Proxy[]
}

/** Samples a workload, one peer after the other, then again: a slow minute of the machine affects all of them. */
export async function measure (workload: Workload, peers: readonly Peer[], workshop: Workshop, options: Options, notes: Set<string>): Promise<Outcome[]> {
  const subjects: Subject[] = peers.map(peer => ({ peer, samples: [], failure: lacksFiles(peer, workload, options.count), proxies: [] }))
  const spread = spreadNote(workload, options.count)
  if (spread !== null) notes.add(spread)
  const rounds = options.samples * workload.repeats
  let plan: Plan = { seconds: options.seconds, count: options.count, rate: options.rate }
  if (workload.paced === true && plan.rate === 0) plan = { ...plan, rate: await halfOfOurs() }
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      if (subject.peer.absent !== null || subject.failure !== null) continue
      progress(`${workload.key} ${round + 1}/${rounds} ${subject.peer.name}`)
      await attempt(workload, subject, async () => {
        await ready(workload, subject, workshop, options, notes)
        const taken: Sample[] = []
        for (const proxy of subject.proxies) taken.push(await workload.measure(proxy, workshop, plan))
        const [one = {}, two = {}] = taken
        subject.samples.push(workload.scale?.(one, two) ?? one)
        if (workload.fresh || options.fresh) await end(subject)
      })
    }
  }
  for (const subject of subjects) await end(subject)
  progress('')
  return subjects

  async function halfOfOurs (): Promise<number> {
    let reached = 0
    for (const subject of subjects.filter(({ peer }) => isMeasure(peer))) {
      await attempt(workload, subject, async () => {
        await ready(workload, subject, workshop, options, notes)
        const [proxy] = subject.proxies
        if (proxy !== undefined) reached = (await workload.warmUp?.(proxy, workshop, plan))?.rate ?? 0
      })
    }
    const rate = Math.max(100, Math.round(reached / 200) * 100)
    notes.add(`${workload.key}: ${rate} a second, half of what fastify-arr with all plugins reached in this run (${Math.round(reached)})`)
    return rate
  }
}

/** Where `work` fails, the subject has. */
async function attempt (workload: Workload, subject: Subject, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { message } = error as Error
    subject.failure = `failed: ${inOneCell(message)}`
    const errors = subject.proxies.at(-1)?.running?.errors() ?? ''
    progress('')
    console.log(`${workload.key}: ${subject.peer.name} failed: ${message}${errors === '' ? '' : `\n${errors}`}`)
    // What it still holds, at the backend as well, is not to be in the way of the next.
    await end(subject)
  }
}

/** Starts a peer and warms it up, where it is not yet. */
async function ready (workload: Workload, { peer, proxies }: Subject, workshop: Workshop, options: Options, notes: Set<string>): Promise<void> {
  const tls = workload.needs.includes('tls')
  for (const workers of workload.scale === undefined ? [options.workers] : [1, 2]) {
    if (proxies.some(({ cores }) => cores === workers)) continue
    const proxy = await peer.start(workshop, { tls, workers, processes: spreadOf(workload, options.count), backlog: options.backlog, count: workload.opensMany === true ? options.count : 0 })
    proxies.push(proxy)
    if (proxy.note !== '') notes.add(`${peer.name}: ${proxy.note}`)
    if (!workload.fresh) await warm(workload, proxy, workshop, options.warm)
  }
}

/** On a busy machine the same time means less work, so both count. */
async function warm (workload: Workload, proxy: Proxy, workshop: Workshop, seconds: number): Promise<void> {
  let done = 0
  const turns = seconds === 0 ? 0 : 6
  const { measure, warmUp = measure, enough } = workload
  for (let turn = 0; turn < turns && done < enough; turn++) {
    const { rate = 0 } = await warmUp(proxy, workshop, { seconds, count: 0, rate: 0 })
    done += rate * (seconds + RUN_UP)
  }
}

async function end (subject: Subject): Promise<void> {
  const ended = subject.proxies.splice(0)
  for (const { running } of ended) if (running !== null) await stop(running)
}

// The error output of a program may be long and contain paths; the results have neither.
function inOneCell (message: string): string {
  const line = message.replace(/(\/[\w.-]+){2,}/g, '…').replace(/[\s|]+/g, ' ')
  return line.length > 100 ? `${line.slice(0, 100)}…` : line
}

function progress (text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}
