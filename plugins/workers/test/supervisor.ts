// A supervisor's program, for the tests: it does what they say over IPC, and tells what it logs.
import { supervise, type SuperviseOptions } from '../src/index.ts'
import { DRAIN_AFTER } from './site.ts'

// A timer of that time is over when the test says so.
const waiting: Array<() => void> = []
const { setTimeout: begin } = globalThis
globalThis.setTimeout = Object.assign((then: () => void, time: number, ...rest: never[]) => {
  if (time !== DRAIN_AFTER) return begin(then, time, ...rest)
  waiting.push(then)
  return begin(() => {}, time)
}, begin)
const say = (what: string) => (about: object, text: string): void => { process.send?.({ log: `${what}: ${text}`, about }) }
const supervisor = supervise({ ...JSON.parse(process.argv[2] as string) as SuperviseOptions, log: { info: say('info'), warn: say('warn'), error: say('error') } })
process.on('message', async ({ id, word }: { id: number, word: 'reload' | 'status' | 'started' | 'drain' }) => {
  if (word === 'drain') for (const then of waiting.splice(0)) then()
  process.send?.({ id, answer: word === 'reload' ? await supervisor.reload() : word === 'status' ? supervisor.status() : word === 'drain' ? null : await supervisor.started })
})
supervisor.done.then(() => { process.disconnect() })
