// What the tests of farms share: a farm that counts, and that holds the proxy to what it has to tell.
import type { FarmChoice, FarmFailure, FarmQuestion, FarmRefusal, FarmsFact, FarmVisit, OpenTunnel } from '@fastify-arr/facts'
import type { FastifyInstance } from 'fastify'

/** What a server was told, in order: `answered 200`, `opened`, `ended`, `ended FST_ARR_… headers 503`. */
export interface Told {
  readonly server: string
  readonly kind: FarmQuestion['kind']
  readonly secure: boolean
  readonly said: string[]
}

export interface FarmOptions {
  /** The server of an attempt, or why there is none; null lets it wait until `answer` is called. Defaults to one after the other. */
  pick? (question: FarmQuestion, attempt: number): string | FarmRefusal | null
  mayTryAgain? (failure: FarmFailure, attempt: number): boolean
  /** Changes the headers of an answer. */
  answered? (status: number, headers: string[]): void
  host?: string | null
}

export interface CountingFarm {
  /** How many attempts are not over. */
  current: number
  /** How many questions have no answer. */
  readonly waiting: Array<(given: string | FarmRefusal) => void>
  takenBack: number
  readonly questions: FarmQuestion[]
  readonly told: Told[]
  readonly failures: FarmFailure[]
  readonly tunnels: OpenTunnel[]
  /** What a proxy must not do. */
  readonly wrongs: string[]
}

/** A farm named `chat` on `fastify.farms`. */
export function farm (app: FastifyInstance, servers: readonly string[], options: FarmOptions = {}): CountingFarm {
  const { host = null, mayTryAgain = () => false } = options
  let turn = 0
  const pick = options.pick ?? (() => servers[turn++ % servers.length] as string)
  const counts: CountingFarm = { current: 0, waiting: [], takenBack: 0, questions: [], told: [], failures: [], tunnels: [], wrongs: [] }

  function choose (server: string, question: FarmQuestion, over: () => void): FarmChoice {
    const told: Told = { server, kind: question.kind, secure: question.secure, said: [] }
    counts.told.push(told)
    counts.current++
    const order = (once: string) => {
      if (told.said.some(one => one.startsWith('ended')) || told.said.some(one => one.startsWith(once))) counts.wrongs.push(`${once} after ${told.said.join(', ')}`)
    }
    return {
      name: server.replace(/^\w+:\/\//, ''),
      server,
      host,
      answered (status, headers) {
        order('answered')
        told.said.push(`answered ${status}`)
        options.answered?.(status, headers)
      },
      opened (tunnel) {
        order('opened')
        if (!told.said.includes('answered 101')) counts.wrongs.push('opened before 101')
        told.said.push('opened')
        counts.tunnels.push(tunnel)
      },
      ended (failure) {
        order('ended')
        counts.current--
        over()
        if (failure !== null) counts.failures.push(failure)
        told.said.push(failure === null ? 'ended' : `ended ${failure.code} ${failure.moment} ${failure.status}`)
      }
    }
  }

  const farms: Pick<FarmsFact, 'visit'> = {
    visit (name, question): FarmVisit | null {
      if (name.toLowerCase() !== 'chat') return null
      counts.questions.push(question)
      let attempt = 0
      let isServed = false
      return {
        farm: 'chat',
        ask (chosen) {
          if (isServed) counts.wrongs.push('asked before the end of the last')
          const given = pick(question, attempt++)
          const give = (given: string | FarmRefusal) => {
            isServed = typeof given === 'string'
            chosen(typeof given === 'string' ? choose(given, question, () => { isServed = false }) : given)
          }
          if (given !== null) {
            give(given)
            return () => {}
          }
          let isOpen = true
          const wait = (given: string | FarmRefusal) => {
            if (!isOpen) return
            isOpen = false
            counts.waiting.splice(counts.waiting.indexOf(wait), 1)
            give(given)
          }
          counts.waiting.push(wait)
          return () => {
            if (!isOpen) return
            isOpen = false
            counts.takenBack++
            counts.waiting.splice(counts.waiting.indexOf(wait), 1)
          }
        },
        mayTryAgain (failure) {
          if (!isServed) counts.wrongs.push('asked for another attempt after the end of the last')
          return mayTryAgain(failure, attempt)
        }
      }
    }
  }
  app.decorate('farms', farms as never)
  return counts
}
