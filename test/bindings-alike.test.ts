// iis-config and listeners both group IIS bindings into listeners: iis-config keeps their sslFlags, listeners their hosts. Packages never
// import each other, so each has the rules; the same bindings must give the same listeners in both.
import { readConfigText } from '@fastify-arr/iis-config'
import t from 'tap'
import { mergeBindings } from '../plugins/listeners/src/plan/merge-bindings.ts'

const ADDRESSES = ['*', '', '0.0.0.0', '[::]', '127.0.0.1', '10.0.0.1', '[::1]', '[2001:db8::1]']
const HOSTS = ['', 'a.example', 'B.example', '*.example']
/** One protocol for each port: iis-config refuses a port with both. */
const PORTS: ReadonlyArray<readonly [protocol: string, port: number]> = [['http', 80], ['http', 8080], ['https', 443]]
const ROUNDS = 500

interface Place {
  readonly name?: string
  readonly host?: string
  readonly port?: number
  readonly https?: unknown
}

/** What both agree on: where each listener listens, by what name, and whether it speaks https. */
const place = ({ name, host, port, https = false }: Place) => ({ name, host, port, https: https !== false })

/** A linear congruential generator: every run has the same bindings. */
function randomFrom (seed: number): (count: number) => number {
  let state = seed
  return count => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 2 ** 32 * count)
  }
}

t.test('iis-config and listeners make the same listeners of the same bindings', async t => {
  const random = randomFrom(1)
  const pick = <T> (list: readonly T[]): T => list[random(list.length)] as T
  const counts = new Set<number>()
  for (let round = 0; round < ROUNDS; round++) {
    const bindings = new Map(Array.from({ length: 1 + random(6) }, () => {
      const [protocol, port] = pick(PORTS)
      const information = `${pick(ADDRESSES)}:${port}:${pick(HOSTS)}`
      return [`${protocol}/${information}`, `<binding protocol="${protocol}" bindingInformation="${information}" />`]
    }))
    const site = `<site name="a" id="1"><bindings>${[...bindings.values()].join('')}</bindings></site>`
    const { options } = readConfigText(`<configuration><system.applicationHost><sites>${site}</sites></system.applicationHost></configuration>`, 'applicationHost.config')
    const merged = mergeBindings([...bindings.keys()], mistake => t.fail(mistake)).map(({ options }) => options)
    t.strictSame(options.listeners?.listeners.map(place), merged.map(place), [...bindings.keys()].join(', '))
    counts.add(merged.length)
  }
  t.ok(counts.size > 3, 'the bindings give one listener, and several')
})
