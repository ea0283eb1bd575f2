// What does the command `arr-workers` do? It asks a supervisor to reload, or how its workers are.
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import type { Reloaded } from '../supervisor/supervise.ts'
import type { Status } from '../supervisor/status.ts'
import type { Word } from './server.ts'
import { defaultFolder, pathOf, supervisorsIn } from './place.ts'

const HELP = `arr-workers reload [PID]    new workers with the code and configuration of now; open WebSockets move to them
arr-workers status [PID]    generations, workers, tunnels

PID is the supervisor's, and need not be given where there is one.
  --control FOLDER          where its socket is, as the option \`control\` says`

/** What is printed, and the exit code. */
export interface Outcome {
  readonly code: number
  readonly text: string
}

/** Runs the command. */
export async function run (words: readonly string[]): Promise<Outcome> {
  if (words.length === 0 || words.includes('--help') || words.includes('-h')) return { code: words.length === 0 ? 1 : 0, text: HELP }
  const at = words.indexOf('--control')
  const folder = at === -1 ? defaultFolder() : words[at + 1] ?? ''
  const [word, pid, ...more] = words.filter((_, index) => at === -1 || (index !== at && index !== at + 1))
  if ((word !== 'reload' && word !== 'status') || more.length > 0 || folder === '' || (pid !== undefined && !/^\d+$/.test(pid))) return { code: 1, text: HELP }
  const living: number[] = []
  for (const one of pid === undefined ? supervisorsIn(folder) : [Number(pid)]) if (await isThere(folder, one)) living.push(one)
  const [only, other] = living
  if (only === undefined) return { code: 1, text: pid === undefined ? 'No supervisor of this user is running.' : `There is no supervisor ${pid}.` }
  if (other !== undefined) return { code: 1, text: `Which one? arr-workers ${word} ${living.join(' | ')}` }
  const told = await ask(folder, only, word)
  if (told === null) return { code: 1, text: `The supervisor ${only} has ended without an answer.` }
  return word === 'status' ? { code: 0, text: statusText(told as Status) } : reloadText(told as Reloaded)
}

/** Whether a process listens there; the socket of one that was killed is removed. */
async function isThere (folder: string, pid: number): Promise<boolean> {
  const path = pathOf(folder, pid)
  return await new Promise(resolve => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') rmSync(path, { force: true })
      resolve(false)
    })
  })
}

/** The answer; null where the connection ends without one. */
async function ask (folder: string, pid: number, word: Word): Promise<unknown> {
  return await new Promise(resolve => {
    let text = ''
    const socket = connect(pathOf(folder, pid), () => { socket.write(`${word}\n`) })
    socket.setEncoding('utf8')
    socket.on('data', (part: string) => { text += part })
    socket.on('error', () => {})
    socket.once('close', () => {
      try {
        resolve(JSON.parse(text))
      } catch {
        resolve(null)
      }
    })
  })
}

function reloadText ({ ok, generation, reason = '', moved = 0, stayed = 0 }: Reloaded): Outcome {
  if (!ok) return { code: 1, text: `The reload has failed, and generation ${generation} goes on:\n${reason}` }
  return { code: 0, text: `Generation ${generation} serves. Tunnels: ${moved} have moved to it, ${stayed} stay where they were until they end.` }
}

function statusText ({ pid, serving, tunnels, generations }: Status): string {
  return [
    `supervisor ${pid}: generation ${serving ?? '-'} serves, ${tunnels} tunnels`,
    ...generations.flatMap(generation => generation.workers.map(({ number, pid, state, tunnels, starts }) => `  ${generation.number}/${number}  ${state.padEnd(8)}  pid ${pid}  ${tunnels} tunnels${starts > 1 ? `  started ${starts} times` : ''}`))
  ].join('\n')
}
