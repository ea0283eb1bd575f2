// What is wrong with many WebSockets at once, those of all workers counted together?
import { find } from '../../finding/find.ts'
import type { Ended } from '../../finding/records/ended.ts'
import type { Refused } from '../../finding/records/refused.ts'
import type { FindingsView, RowWorker } from '../../messages/index.ts'
import type { EvidencePart } from '../../views/socket-views.ts'
import type { Views } from '../../views/views.ts'
import type { Merge } from './merge.ts'

/** Records of all workers, as many as are looked at in one. */
const MOST = 2_000

export function mergeFindings (own: Pick<Views, 'farms' | 'sites'>): Merge {
  const ended = new Newest<Ended>()
  const refused = new Newest<Refused>()
  let clients: ReadonlyArray<Pick<EvidencePart, 'clients' | 'others'>> = []
  let view: FindingsView | null = null
  return {
    take (all) {
      for (const { number, pid, parts } of all) {
        for (const part of parts as EvidencePart[]) {
          ended.add(part.ended, { number, pid })
          refused.add(part.refused, { number, pid })
        }
      }
      clients = all.flatMap(({ parts }) => (parts as EvidencePart[]).slice(-1))
      view = null
    },
    read (): FindingsView {
      view ??= find({ now: Date.now(), ended: ended.all(), refused: refused.all(), clients: addressesOf(clients), farms: own.farms().farms, certificates: own.sites().certificates })
      return view
    }
  }
}

/** Those of each worker once, however often they are told. */
class Newest<Record extends { readonly id: string, readonly at: number }> {
  #records = new Map<string, Record>()

  add (records: readonly Record[], worker: RowWorker): void {
    for (const record of records) this.#records.set(`${worker.pid} ${record.id}`, { ...record, worker })
    if (this.#records.size > MOST) this.#records = new Map(this.#sorted().slice(-MOST))
  }

  /** The oldest first. */
  all (): Record[] {
    return this.#sorted().map(([, record]) => record)
  }

  #sorted (): Array<[string, Record]> {
    return [...this.#records].sort(([, one], [, other]) => one.at - other.at)
  }
}

/** One for each open WebSocket; those that were told as a number alone are all different. */
function * addressesOf (parts: ReadonlyArray<Pick<EvidencePart, 'clients' | 'others'>>): Generator<string> {
  let other = 0
  for (const { clients, others } of parts) {
    for (const [address, count] of clients) for (let n = 0; n < count; n++) yield address
    for (let n = 0; n < others; n++) yield `another ${++other}`
  }
}
