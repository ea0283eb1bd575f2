// What is a workload, and what is a sample of it?
import type { Workshop } from '../machine/workshop.ts'
import type { Proxy, Skill } from '../peers/kinds.ts'

/** The figures of one sample, by name. */
export type Sample = Readonly<Record<string, number>>

/** One column of figures: a table in the results, or a column of the workload's one table. */
export interface Figure {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly digits: number
  /** Whether the most of the samples is told, not the median: for what should not happen once. */
  readonly worst?: true
}

/** What a run asks of every sample. */
export interface Plan {
  /** How long the sample lasts, s. */
  readonly seconds: number
  /** Clients of a storm, idle WebSockets. */
  readonly count: number
  /** Pieces of work a second, where the workload sends at fixed times. */
  readonly rate: number
}

export type Measure = (proxy: Proxy, workshop: Workshop, plan: Plan) => Promise<Sample>

export interface Workload {
  readonly key: string
  readonly figures: readonly Figure[]
  /** The title of one table with a column for each figure; without it each figure has a table. */
  readonly table?: string
  /** What a peer must be able to do. */
  readonly needs: readonly Skill[]
  /** A fresh process for each sample, without warm-up: for memory. */
  readonly fresh: boolean
  /** How many times as many samples as other workloads have. */
  readonly repeats: number
  /** Work, in the figures' unit, after which a Node process has reached its steady speed. */
  readonly enough: number
  readonly measure: Measure
  /** The load of the warm-up, where it differs from the one that is measured. */
  readonly warmUp?: Measure
  /** Whether the load comes at fixed times, at half the rate that `warmUp` reaches with all our plugins. */
  readonly paced?: true
  /** Whether it opens `--count` WebSockets at a time. */
  readonly opensMany?: true
  /** Whether proxy, load and backend have as many processes as so many open files ask for: where memory is measured, not time. */
  readonly spreads?: true
  /** Each sample is one from each of two proxies of the same peer, with one worker and with two, put together by this. */
  readonly scale?: (one: Sample, two: Sample) => Sample
}

/** How long the load runs before each sample, s. */
export const RUN_UP = 1

/** The host of the article's site. */
export const HOST = 'reverseproxy.com'
