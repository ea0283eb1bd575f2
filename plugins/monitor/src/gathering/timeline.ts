// What happened in each second and in each minute? Counts that are closed when their second is over, whatever the clock does meanwhile.
import type { Columns, HistoryView, Point } from '../messages/index.ts'
import { Chart } from './chart.ts'
import { Spread } from './spread.ts'

const SECONDS = 300
const MINUTES = 1440
/** Over so many seconds bytes are spread that were not looked for while they passed. */
const BEFORE = 60
const COUNTS = ['requests', 'handshakes', 'closed', 'received', 'sent', 'clientErrors', 'serverErrors'] as const

/** A chart of one process, to be added to those of others. */
export interface ChartPart {
  readonly columns: Columns
  /** As `Spread.sparse` tells them, one for each point. */
  readonly times: ReadonlyArray<readonly number[]>
}

export type HistoryPart = { readonly [Name in keyof HistoryView]: ChartPart }

type Counts = Record<typeof COUNTS[number], number>

const none = (): Counts => ({ requests: 0, handshakes: 0, closed: 0, received: 0, sent: 0, clientErrors: 0, serverErrors: 0 })

export class Timeline {
  /** Of the second that goes on. */
  readonly now: Counts = none()
  /** Times of its requests, ms. */
  readonly times = new Spread()
  readonly #seconds = new Chart(SECONDS)
  readonly #minutes = new Chart(MINUTES)
  readonly #minute: Counts = none()
  readonly #minuteTimes = new Spread()
  #minuteSeconds = 0
  /** The second that goes on, counted from the epoch, and when it began by a clock that nobody sets. */
  #second: number
  #began: number
  #last: Point

  /** `wall` is ms since the epoch, `steady` ms of a clock that nobody sets. */
  constructor (wall: number, steady: number) {
    this.#second = Math.floor(wall / 1000)
    this.#began = steady
    this.#last = pointOf((this.#second - 1) * 1000, none(), 1, 0, this.times)
  }

  /** The last whole second. */
  get last (): Point {
    return this.#last
  }

  /** The minute that goes on is the last of the minutes. */
  get history (): HistoryView {
    return { seconds: this.#seconds.columns(), minutes: this.#minutes.columns(this.#minuteSeconds === 0 ? null : this.#minutePoint()) }
  }

  /** From now on all is kept that charts of several processes are added up from. */
  keepTimes (): void {
    this.#seconds.keepTimes()
    this.#minutes.keepTimes()
  }

  /** Of the last seconds, or of all: the columns of `history`, and the times of each point. */
  get parts (): HistoryPart {
    const { seconds, minutes } = this.history
    const minuteTimes = this.#minutes.times()
    if (this.#minuteSeconds > 0) minuteTimes.push(this.#minuteTimes.sparse())
    return { seconds: { columns: seconds, times: this.#seconds.times() }, minutes: { columns: minutes, times: minuteTimes } }
  }

  /** The last `count` seconds. */
  latest (count: number): ChartPart {
    return { columns: this.#seconds.columns(null, count), times: this.#seconds.times(count) }
  }

  /** Bytes that passed over the last minute, and were not looked for: evenly, so that they are no peak. */
  addBefore (received: number, sent: number): void {
    if (this.#seconds.length === 0) {
      this.now.received += received
      this.now.sent += sent
      return
    }
    this.#seconds.addEvenly('received', received, BEFORE)
    this.#seconds.addEvenly('sent', sent, BEFORE)
    this.#minute.received += received
    this.#minute.sent += sent
  }

  /** To be called about once a second. True where a second was closed. */
  tick (wall: number, steady: number, open: number): boolean {
    const second = Math.floor(wall / 1000)
    const forward = second - this.#second
    // The clock may be a little back; the next call closes the second.
    if (forward === 0 || forward === -1) return false
    if (forward < 0) {
      // It was set back. The times of before were wrong; they go on in front of the new ones.
      const back = (forward - 1) * 1000
      this.#seconds.shift(back)
      this.#minutes.shift(Math.floor(back / 60_000) * 60_000)
      this.#last = { ...this.#last, at: this.#last.at + back }
      this.#second = second - 1
    }
    // Where the process was held up, its counts are of all seconds until now; where the machine slept or the clock was set, of one, and a gap is before it.
    const passed = Math.max(1, Math.round((steady - this.#began) / 1000))
    const points = Math.min(passed, second - this.#second, SECONDS)
    for (let one = points; one > 0; one--) this.#close(second - one, passed, points, open)
    this.#minuteTimes.add(this.times)
    for (const name of COUNTS) this.now[name] = 0
    this.times.clear()
    this.#second = second
    this.#began = steady
    return true
  }

  #close (second: number, passed: number, points: number, open: number): void {
    const at = second * 1000
    if (this.#minuteSeconds > 0 && Math.floor(at / 60_000) !== Math.floor(this.#last.at / 60_000)) this.#closeMinute()
    this.#last = pointOf(at, this.now, passed, open, this.times)
    this.#seconds.push(this.#last, this.times)
    for (const name of COUNTS) this.#minute[name] += this.now[name] / points
    this.#minuteSeconds += passed / points
  }

  #closeMinute (): void {
    this.#minutes.push(this.#minutePoint(), this.#minuteTimes)
    for (const name of COUNTS) this.#minute[name] = 0
    this.#minuteTimes.clear()
    this.#minuteSeconds = 0
  }

  #minutePoint (): Point {
    return pointOf(Math.floor(this.#last.at / 60_000) * 60_000, this.#minute, this.#minuteSeconds, this.#last.open, this.#minuteTimes)
  }
}

function pointOf (at: number, counts: Counts, seconds: number, open: number, times: Spread): Point {
  return {
    at,
    requests: counts.requests / seconds,
    handshakes: counts.handshakes / seconds,
    closed: counts.closed / seconds,
    received: counts.received / seconds,
    sent: counts.sent / seconds,
    open,
    p50: times.quantile(0.5),
    p95: times.quantile(0.95),
    p99: times.quantile(0.99),
    clientErrors: counts.clientErrors / seconds,
    serverErrors: counts.serverErrors / seconds
  }
}
