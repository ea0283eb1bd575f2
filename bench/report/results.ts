// What does RESULTS.md say about a run?
import { writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import process from 'node:process'
import type { MicroResult } from '../micro.ts'
import type { Options } from '../options.ts'
import type { Peer } from '../peers/kinds.ts'
import { logVerdict, type Measured, microTable, ourRequest, tablesOf, type Verdict, verdictsOf } from './table.ts'
import type { Workshop } from '../machine/workshop.ts'

/** The results of a run. */
export interface Findings {
  readonly measured: readonly Measured[]
  readonly microResults: readonly MicroResult[]
  readonly peers: readonly Peer[]
  readonly workshop: Workshop
  readonly notes: ReadonlySet<string>
  readonly options: Options
}

/** Writes RESULTS.md: the machine, the versions, every table, every target. No names or paths of this machine. */
export function writeResults (path: string, { measured, microResults, peers, workshop, notes, options }: Findings): void {
  const targets: string[] = []
  const tables: string[] = []
  for (const { workload, outcomes } of measured) {
    for (const { title, text } of tablesOf(workload, outcomes)) tables.push(`### ${title}\n\n${text}`)
    for (const figure of workload.figures) {
      for (const verdict of verdictsOf(workload, figure, outcomes)) targets.push(targetLine(figure.title, verdict))
    }
  }
  for (const verdict of logVerdict(microResults, ourRequest(measured))) targets.push(targetLine('The log\'s part', verdict))
  if (microResults.length > 0) tables.push(`### Each plugin by itself, CPU per request\n\n${microTable(microResults, ourRequest(measured))}`)
  const versions = peers.filter(peer => peer.version !== '' || peer.absent !== null)
    .map(peer => `${peer.name} ${peer.absent === null ? peer.version : `(absent: ${peer.absent})`}`)
  const text = `# Results

Written by \`npm run bench\`; what is measured and how to read it is in [README.md](README.md).

- Date: ${new Date().toISOString().slice(0, 10)}
- Machine: ${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release().replace(/-.*/, '')}
- Node ${process.versions.node}
- Peers: ${[...new Set(versions)].join(', ')}
- Command: \`npm run bench -- --samples ${options.samples} --seconds ${options.seconds}${options.fresh ? ' --fresh' : ''} --count ${options.count}${options.rate > 0 ? ` --rate ${options.rate}` : ''}${options.backlog !== 4096 ? ` --backlog ${options.backlog}` : ''}${options.workers > 1 ? ` --workers ${options.workers}` : ''}${options.only.length > 0 ? ` --only ${options.only.join(',')}` : ''}${options.peers.length > 0 ? ` --peers ${options.peers.join(',')}` : ''}\`
${[...workshop.absent].map(line => `- Absent: ${line}\n`).join('')}${[...notes].map(line => `- ${line}\n`).join('')}
## Targets

The targets are for the tunnel and the forwarder with the observer and the log on: the first column. The second has all plugins: no other peer does what url-rewrite and host-routing do.

| work | to reach | with the log | all plugins |
|---|---|---|---|
${targets.join('\n')}

## Tables

${tables.join('\n\n')}
`
  writeFileSync(path, text)
}

function targetLine (work: string, { wanted, reached }: Verdict): string {
  const cells = reached.map(({ text, met }) => met === null ? 'not measured' : `${text} ${met ? 'met' : '**not met**'}`)
  return `| ${[work, wanted, ...cells].join(' | ')} |`
}
