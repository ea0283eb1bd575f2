// Who hears what the other plugins tell of an exchange? Subscribed while it is needed: telling costs every exchange.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { AnswerSent, AttemptAnswered, AttemptFailed, AttemptMessage, AttemptSent, FarmChosen, RewriteMessage, TunnelOpened } from '@fastify-arr/facts'
import { CHANNELS } from '@fastify-arr/facts'
import { noteAnswer, noteAttempt, noteFailure, noteFarm, noteHead, noteRewrite, noteSent } from '../recording/messages.ts'
import type { Recorder } from '../recording/recorder.ts'
import type { Recording } from '../recording/recording.ts'
import type { Redactor } from '../redaction/redactor.ts'

type Handlers = Readonly<Partial<Record<keyof typeof CHANNELS, (recording: Recording, message: never) => void>>>

/** A group of channels that are heard together. */
export class Channels {
  readonly #listeners: ReadonlyArray<readonly [string, (message: unknown) => void]>
  #isHeard = false

  constructor (handlers: Handlers, recorder: Recorder, broke: (error: unknown) => void) {
    // Every message is of an exchange: `recorder.of` notes the facts that are new, such as a rejection.
    this.#listeners = Object.entries(handlers).map(([name, handle]) => [CHANNELS[name as keyof typeof CHANNELS], (message: unknown) => {
      // What a subscriber throws would end the process.
      try {
        const recording = recorder.of((message as AttemptMessage).request)
        if (recording !== null) handle(recording, message as never)
      } catch (error) {
        broke(error)
      }
    }] as const)
  }

  hear (isWanted: boolean): void {
    if (this.#isHeard === isWanted) return
    this.#isHeard = isWanted
    for (const [name, listener] of this.#listeners) isWanted ? subscribe(name, listener) : unsubscribe(name, listener)
  }
}

/** What happens to each exchange. */
export function exchangeHandlers (redactor: Redactor): Handlers {
  return {
    rewrite: (recording, message: RewriteMessage) => { noteRewrite(recording, message, redactor) },
    requestRejected: () => {},
    farmChosen: (recording, message: FarmChosen) => { noteFarm(recording, message) },
    attemptBegan: (recording, message: AttemptMessage) => { noteAttempt(recording, message) },
    attemptSent: (recording, message: AttemptSent) => { noteSent(recording, message, redactor) },
    attemptAnswered: (recording, message: AttemptAnswered) => { noteAnswer(recording, message, redactor) },
    attemptFailed: (recording, message: AttemptFailed) => { noteFailure(recording, message) },
    answerSent: (recording, message: AnswerSent) => { noteHead(recording, message, redactor) }
  }
}

/** What happens to each WebSocket. */
export function tunnelHandlers (recorder: Recorder): Handlers {
  return {
    tunnelOpen: (recording, message: TunnelOpened) => { recorder.opened(recording, message) },
    tunnelClose: recording => { recorder.tunnelEnded(recording) }
  }
}
