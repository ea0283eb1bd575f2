// A supervisor's program, for the tests: it reloads when they say so.
import { fileURLToPath } from 'node:url'
import { supervise } from '@fastify-arr/workers'

const supervisor = supervise({ exec: fileURLToPath(new URL('worker.ts', import.meta.url)), args: process.argv.slice(2), workers: 2, connections: 'round-robin', control: false, readyTimeout: 100_000, drainAfter: 100_000, log: { info () {}, warn () {}, error (_about: object, text: string) { console.error(text) } } })
process.on('message', async (word: 'reload' | 'started') => { process.send?.(word === 'reload' ? await supervisor.reload() : await supervisor.started) })
supervisor.done.then(() => { process.disconnect() })
