// What passes through one WebSocket, whichever worker it is in, and also while it moves to another one?
import type { FrameRow, FramesView, WebSocketRow } from '../../messages/index.ts'
import type { Merge } from './merge.ts'

/** Rows that wait to be read. */
const MOST = 500
/** Rounds in which nobody has it until it is over: for a moment one that moves is in neither process. */
const ABSENCES = 2

export function mergeFrames (): Merge {
  let rows: FrameRow[] = []
  let webSocket: WebSocketRow | null = null
  let absences = 0
  return {
    get isThere () { return webSocket !== null },
    take (all, complete) {
      let found: WebSocketRow | null = null
      for (const { number, pid, parts } of all) {
        for (const part of parts as Array<FramesView | null>) {
          rows.push(...part?.rows ?? [])
          if (part !== null && part.webSocket !== null) found = { ...part.webSocket, worker: { number, pid } }
        }
      }
      rows = rows.sort((one, other) => one.at - other.at).slice(-MOST)
      // Who does not answer may have it.
      absences = found !== null ? 0 : complete ? absences + 1 : absences
      if (found !== null || absences >= ABSENCES || rows.some(({ kind }) => kind === 'ended')) webSocket = found
    },
    read (): FramesView {
      const view = { rows, webSocket }
      rows = []
      return view
    }
  }
}
