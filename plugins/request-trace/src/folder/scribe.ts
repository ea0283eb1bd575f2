// Who writes what the rules name? Judges recordings, allots the numbers, and has the files written while others are served.
import { channel } from 'node:diagnostics_channel'
import { join, resolve } from 'node:path'
import { CHANNELS, type TraceFact, type TraceWritten } from '@fastify-arr/facts'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { diagnose } from '../diagnosis/diagnose.ts'
import { NO_SITE, traceOf } from '../expansion/trace-of.ts'
import { toHar } from '../files/to-har.ts'
import { toHtml } from '../files/to-html.ts'
import { toXml } from '../files/to-xml.ts'
import { isUpgrade, outcomeOf, type Outcome } from '../recording/outcome.ts'
import type { Recording } from '../recording/recording.ts'
import type { Judge } from '../recording/recorder.ts'
import { judge, type EndedWebSocket, type Verdict } from '../rules/judge.ts'
import { LEVELS } from '../trace/events.ts'
import type { Trace } from '../trace/trace.ts'
import { folderOf, Numbers } from './numbers.ts'
import { Queue } from './queue.ts'
import { deleteTrace, writeTrace, type TraceFile } from './trace-files.ts'
import type { KeptTraces } from './traces.ts'
import { Warnings } from './warnings.ts'

const written = channel(CHANNELS.traceWritten)
const FOLLOWED: Verdict = { reason: 'FOLLOWED', trigger: '' }
const FINDING_IS_ERROR = LEVELS.Error

/** Where the files go, and which. */
export interface ScribeOptions {
  /** Absolute; null writes none. */
  readonly directory: string | null
  readonly maxLogFiles: number
  readonly maxLogFileSizeKB: number
  readonly formats: ReadonlyArray<'html' | 'har'>
}

/** Writes the traces of one server. */
export class Scribe implements Judge {
  readonly #options: ScribeOptions
  readonly #traces: KeptTraces
  readonly #warnings: Warnings
  readonly #numbers = new Numbers()
  readonly #queue: Queue

  constructor (options: ScribeOptions, traces: KeptTraces, log: FastifyBaseLogger) {
    this.#options = options
    this.#traces = traces
    this.#warnings = new Warnings(log)
    this.#queue = new Queue(error => {
      this.#traces.unwritten++
      this.#warnings.unwritten(error)
    })
  }

  /** Reads which numbers are taken. */
  async prepare (): Promise<void> {
    if (this.#options.directory !== null) await this.#numbers.read(this.#options.directory)
  }

  judge (recording: Recording): void {
    const { rule } = recording
    if (rule === null || recording.dropped) return
    if (recording.verdict === null) {
      recording.verdict = this.#verdict(recording)
      if (recording.verdict === null) return
    }
    // An open WebSocket has its number from its opening on; its place in the line it gets at its end.
    if (recording.closed || recording.tunnelEnded) {
      if (recording.unreserve !== null) return
      if (!this.#queue.reserve()) {
        this.#lose(recording)
        return
      }
      recording.unreserve = () => { this.#queue.unreserve() }
    }
    if (recording.fact !== null) return
    const siteId = recording.request.site?.id ?? NO_SITE.id
    const id = this.#numbers.next(siteId)
    recording.fact = Object.freeze({ id, file: `${folderOf(siteId)}/${id}` })
    recording.request.trace = recording.fact
  }

  opened (recording: Recording): void {
    recording.followed?.heard()
    this.#tell(recording)
  }

  finish (recording: Recording): void {
    this.#tell(recording)
    const { fact, verdict, request, rule } = recording
    if (fact === null || verdict === null || recording.unreserve === null) return
    const told = traceOf(recording, outcomeOf(request, recording.reply, recording.connection), verdict, fact.id, rule?.levels)
    const trace = { ...told, findings: this.#findings(told) }
    // The place is the job's from here on.
    recording.unreserve = null
    this.#traces.add(trace)
    const raw = written.hasSubscribers ? request as unknown as FastifyRequest : null
    this.#queue.put(() => this.#write(trace, fact, raw))
  }

  broke (error: unknown): void {
    this.#warnings.broke(error)
  }

  /** Writes what waits, within `limit` ms. */
  async close (limit: number): Promise<void> {
    this.#traces.unwritten += await this.#queue.close(limit)
    this.#warnings.close()
  }

  /** Its followers get all of it, whatever the rules want. */
  #tell (recording: Recording): void {
    const { followed, request, reply, connection } = recording
    if (followed === null || recording.dropped) return
    const told = traceOf(recording, outcomeOf(request, reply, connection), FOLLOWED, '')
    // What a WebSocket comes to is known at its end.
    const findings = recording.closed || recording.tunnelEnded ? this.#findings(told) : []
    followed.tell(request as unknown as FastifyRequest, { ...told, findings })
  }

  #lose (recording: Recording): void {
    this.#traces.unwritten++
    this.#warnings.tooMany(this.#traces.unwritten)
    recording.drop()
  }

  #verdict (recording: Recording): Verdict | null {
    const { rule, request } = recording
    if (rule === null) return null
    const outcome = outcomeOf(request, recording.reply, recording.connection)
    const { upstream } = request
    const tunnel = upstream?.tunnel ?? null
    if ((upstream?.error !== null && upstream?.error !== undefined) || (outcome.judged >= 400 && (upstream === null || upstream === undefined))) recording.met(LEVELS.Warning)
    if (rule.verbosity === FINDING_IS_ERROR && recording.closed && this.#hasError(recording, outcome)) recording.met(LEVELS.Error)
    const isOver = recording.closed || recording.tunnelEnded
    const verdict = judge(rule, {
      status: outcome.judged,
      subStatus: outcome.subStatus,
      time: tunnel === null ? recording.now : tunnel.handshakeTime ?? 0,
      worst: recording.worst,
      asked: recording.askedFor?.includes(rule) === true,
      ended: tunnel === null || !isOver ? null : endOf(tunnel),
      refused: isOver && tunnel === null && isUpgrade(request)
    })
    if (verdict === null || verdict.reason === 'ON_DEMAND' || rule.sample === 1) return verdict
    // Drawn once: a WebSocket is judged twice.
    recording.drawn ??= Math.random() * rule.sample < 1
    return recording.drawn ? verdict : null
  }

  #hasError (recording: Recording, outcome: Outcome): boolean {
    const told = traceOf(recording, outcome, { reason: 'VERBOSITY', trigger: '' }, '')
    return this.#findings(told).some(({ severity }) => severity === 'error')
  }

  #findings (told: Omit<Trace, 'findings'>): Trace['findings'] {
    try {
      return diagnose(told)
    } catch (error) {
      this.#warnings.broke(error)
      return []
    }
  }

  async #write (trace: Trace, fact: TraceFact, request: FastifyRequest | null): Promise<void> {
    const { directory, maxLogFiles, maxLogFileSizeKB, formats } = this.#options
    let paths: string[] = []
    if (directory !== null) {
      const folder = resolve(directory, folderOf(trace.siteId))
      // The XML last: where it is, the others are.
      const files: TraceFile[] = [
        ...formats.map(extension => ({ extension, text: () => extension === 'html' ? toHtml(trace) : toHar(trace) })),
        { extension: 'xml', text: () => toXml(trace, maxLogFileSizeKB) }
      ]
      paths = await writeTrace(folder, fact.id, files)
      for (const old of this.#numbers.written(trace.siteId, fact.id, maxLogFiles)) await deleteTrace(folder, old)
    }
    this.#traces.written++
    this.#warnings.recovered()
    if (written.hasSubscribers) written.publish({ request, trace: fact, files: paths.map(path => join(path)) } satisfies TraceWritten)
  }
}

function endOf (tunnel: NonNullable<NonNullable<Recording['request']['upstream']>['tunnel']>): EndedWebSocket {
  const { closeCode, closeReason, ending, openedAt, observed, sent } = tunnel
  return {
    // 1005 for a Close frame without a code, as the log has it.
    code: closeCode ?? (typeof closeReason === 'string' ? 1005 : null),
    ending: ending ?? null,
    life: Date.now() - (openedAt ?? 0),
    upstreamSpoke: observed === false ? (sent?.bytes ?? 0) > 0 : (sent?.messages ?? 0) > 0
  }
}
