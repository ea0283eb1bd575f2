// A supervisor's program, for the tests: it does what they say over IPC, and tells what it logs.
import { supervise, type SuperviseOptions } from '../src/index.ts'

const say = (what: string) => (about: object, text: string): void => { process.send?.({ log: `${what}: ${text}`, about }) }
const supervisor = supervise({ ...JSON.parse(process.argv[2] as string) as SuperviseOptions, log: { info: say('info'), warn: say('warn'), error: say('error') } })
process.on('message', async ({ id, word }: { id: number, word: 'reload' | 'status' | 'started' }) => {
  process.send?.({ id, answer: word === 'reload' ? await supervisor.reload() : word === 'status' ? supervisor.status() : await supervisor.started })
})
supervisor.done.then(() => { process.disconnect() })
