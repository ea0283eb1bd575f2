// What has been told to onlookers? All messages of the attempts and the answer of this process, in their order, and what a watch of a tunnel was told.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CHANNELS, type AnswerSent, type AttemptAnswered, type AttemptFailed, type AttemptMessage, type AttemptSent, type TunnelOpened, type TunnelWatch } from '@fastify-arr/facts'
import type { Test } from 'tap'

type Told = { readonly began: AttemptMessage } | { readonly sent: AttemptSent } | { readonly answered: AttemptAnswered } | { readonly failed: AttemptFailed } | { readonly left: AnswerSent }

const NAMES = {
  began: CHANNELS.attemptBegan,
  sent: CHANNELS.attemptSent,
  answered: CHANNELS.attemptAnswered,
  failed: CHANNELS.attemptFailed,
  left: CHANNELS.answerSent
}

/** What is told from now on: which moments, in order, and the messages of each. */
export interface Onlooker {
  moments (): string[]
  began (): AttemptMessage[]
  sent (): AttemptSent[]
  answered (): AttemptAnswered[]
  failed (): AttemptFailed[]
  left (): AnswerSent[]
}

/** Listens until the test ends. */
export function onlooker (t: Test): Onlooker {
  const all: Told[] = []
  for (const [moment, name] of Object.entries(NAMES)) {
    const listen = (message: unknown): void => { all.push({ [moment]: message } as unknown as Told) }
    subscribe(name, listen)
    t.teardown(() => unsubscribe(name, listen))
  }
  const of = <Message>(moment: string): Message[] => all.filter(one => moment in one).map(one => (one as unknown as Record<string, Message>)[moment] as Message)
  return {
    moments: () => all.map(one => Object.keys(one)[0] as string),
    began: () => of('began'),
    sent: () => of('sent'),
    answered: () => of('answered'),
    failed: () => of('failed'),
    left: () => of('left')
  }
}

/** Names and values in turn, as lines. */
export function lines (headers: readonly string[]): string[] {
  return headers.flatMap((name, i) => i % 2 === 0 ? [`${name}: ${headers[i + 1] as string}`] : [])
}

export type Event =
  | readonly ['frame', string, number, boolean, number, number]
  | readonly ['close', string, number | null, string]
  | readonly ['unreadable', string]
  | readonly ['ended', string, string, string | null]

export interface Watched {
  readonly events: Event[]
  /** The payloads of each side, as latin1, one after the other. */
  readonly payloads: { client: string, upstream: string }
  /** How many parts they came in. */
  parts: number
}

/** Watches every tunnel that opens until the test ends. */
export function watchTunnels (t: Test, wantsPayload = false, watchToo: (opened: TunnelOpened) => void = () => {}): Watched {
  const watched: Watched = { events: [], payloads: { client: '', upstream: '' }, parts: 0 }
  const watch: TunnelWatch = {
    frame (side, opcode, fin, rsv, length) { watched.events.push(['frame', side, opcode, fin, rsv, length]) },
    close (side, code, reason) { watched.events.push(['close', side, code, reason]) },
    unreadable (side) { watched.events.push(['unreadable', side]) },
    ended (side, how, systemCode) { watched.events.push(['ended', side, how, systemCode]) }
  }
  if (wantsPayload) {
    watch.payload = (side, part) => {
      watched.parts++
      watched.payloads[side as 'client' | 'upstream'] += part.toString('latin1')
    }
  }
  const onOpen = (message: unknown): void => {
    watchToo(message as TunnelOpened)
    ;(message as TunnelOpened).watch(watch)
  }
  subscribe(CHANNELS.tunnelOpen, onOpen)
  t.teardown(() => unsubscribe(CHANNELS.tunnelOpen, onOpen))
  return watched
}
