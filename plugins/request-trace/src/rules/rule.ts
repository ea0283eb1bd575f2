// What is a compiled rule? Its place, what it records, and its triggers.
import { BlockList } from 'node:net'
import type { TraceRule, WebSocketTrigger } from '../options.ts'
import { AREAS, LEVELS, type Area } from '../trace/events.ts'
import { addNetwork, isIn } from './clients.ts'
import { readCodes, readStatuses, type CodeList, type StatusList } from './numbers.ts'
import { OnDemand } from './on-demand.ts'
import { fits } from './wildcard.ts'

/** The highest level that is recorded, by the place of the area in `AREA_NAMES`; -1 for an area that is not. */
export type Levels = Int8Array

export const AREA_NAMES = Object.keys(AREAS) as readonly Area[]
/** The place of each area in `Levels`. */
export const AREA_INDEX = Object.fromEntries(AREA_NAMES.map((name, index) => [name, index])) as Readonly<Record<Area, number>>

/** Everything. */
export const ALL_LEVELS: Levels = Int8Array.from(AREA_NAMES, () => LEVELS.Verbose)

/** Compiled `webSocket`. */
export interface CompiledTrigger {
  readonly closeCodes: CodeList | null
  readonly endings: ReadonlySet<string>
  /** 0 for none. */
  readonly shorterThan: number
  readonly neverSpoke: boolean
  readonly refused: boolean
}

/** A compiled rule. */
export class CompiledRule {
  readonly site: string | null
  readonly levels: Levels
  readonly statusCodes: StatusList | null
  /** ms; Infinity for no limit. */
  readonly timeTaken: number
  /** The level that an event must have at the most; 0 for no such trigger. */
  readonly verbosity: number
  readonly webSocket: CompiledTrigger | null
  readonly onDemand: OnDemand | null
  /** True where nothing says when: all exchanges are traced. */
  readonly always: boolean
  readonly sample: number
  /** Bytes of a frame's payload that are kept. */
  readonly payload: number
  readonly #path: string
  readonly #clients: BlockList | null

  /** From a rule without mistakes. */
  constructor (rule: TraceRule) {
    const { statusCodes, timeTaken, verbosity, webSocket, onDemand, clients } = rule
    const path = (rule.path ?? '*').toLowerCase()
    // In web.config, `path` is relative to the folder that the file is in.
    this.#path = path.startsWith('/') || path.startsWith('*') ? path : `/${path}`
    this.site = rule.site ?? null
    this.levels = levelsOf(rule)
    this.statusCodes = statusCodes === undefined ? null : readStatuses(statusCodes)
    this.timeTaken = timeTaken ?? Infinity
    this.verbosity = verbosity === undefined ? 0 : LEVELS[verbosity]
    this.webSocket = webSocket === undefined ? null : triggerOf(webSocket)
    this.onDemand = onDemand === undefined ? null : new OnDemand(onDemand)
    this.always = [statusCodes, timeTaken, verbosity, webSocket, onDemand].every(trigger => trigger === undefined)
    this.sample = rule.sample ?? 1
    this.payload = rule.payloads?.maxBytes ?? 0
    this.#clients = clients === undefined ? null : networksOf(clients)
  }

  /** `path` as `comparedPath` gives it. The site is asked for later: it may not be known yet. */
  fits (path: string, client: { readonly ip: string }): boolean {
    return (this.#path === '*' || fits(this.#path, path)) && (this.#clients === null || isIn(this.#clients, client.ip))
  }
}

function levelsOf ({ areas }: TraceRule): Levels {
  return Int8Array.from(AREA_NAMES, name => {
    if (areas === undefined) return LEVELS.Verbose
    const verbosity = areas[name]
    return verbosity === undefined ? -1 : LEVELS[verbosity]
  })
}

function triggerOf ({ closeCodes, endings = [], shorterThan = 0, neverSpoke = false, refused = false }: WebSocketTrigger): CompiledTrigger {
  return { closeCodes: closeCodes === undefined ? null : readCodes(closeCodes), endings: new Set(endings), shorterThan, neverSpoke, refused }
}

function networksOf (clients: readonly string[]): BlockList {
  const list = new BlockList()
  for (const client of clients) addNetwork(list, client)
  return list
}

/** What any of several rules wants. */
export function widestLevels (rules: readonly CompiledRule[]): Levels {
  const [first] = rules
  if (rules.length === 1 && first !== undefined) return first.levels
  return Int8Array.from(AREA_NAMES, (_, index) => Math.max(...rules.map(({ levels }) => levels[index] as number)))
}
