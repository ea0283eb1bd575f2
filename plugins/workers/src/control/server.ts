// Who may tell a supervisor to reload? A command of its own user, by a socket in a folder that is that user's alone.
import { rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { defaultFolder, ownFolder, pathOf } from './place.ts'

/** What a command may ask. */
export type Word = 'reload' | 'status'

export interface Control {
  close (): void
}

interface Log {
  warn (about: object, text: string): void
}

const MOST_BYTES = 64
const MOST_CONNECTIONS = 16
// What every system takes for the path of a socket.
const LONGEST = 103
// ms, for the question. An answer takes as long as a reload.
const PATIENCE = 5000

/** Listens for questions, a word and a line break each; an answer is a line of JSON. Without the socket the supervisor works as well. */
export function openControl (folder: string | null, log: Log, answer: (word: Word) => Promise<unknown>): Control {
  const where = folder ?? defaultFolder()
  const path = pathOf(where, process.pid)
  const sockets: Socket[] = []
  const server = createServer(socket => {
    let text = ''
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('close', () => { sockets.splice(sockets.indexOf(socket), 1) })
    socket.setTimeout(PATIENCE, () => { socket.destroy() })
    socket.on('data', chunk => {
      text += String(chunk)
      if (text.length > MOST_BYTES) socket.destroy()
      const word = /^(reload|status)\n/.exec(text)?.[1]
      if (word === undefined) return
      socket.setTimeout(0)
      socket.removeAllListeners('data')
      answer(word as Word).then(told => { socket.end(`${JSON.stringify(told)}\n`) }, () => { socket.destroy() })
    })
  })
  server.maxConnections = MOST_CONNECTIONS
  const without = (error: Error): void => { log.warn({ err: error }, `the command arr-workers does not reach this process: ${error.message}`) }
  server.on('error', without)
  try {
    ownFolder(where)
    // Node cuts a longer one off without a word.
    if (Buffer.byteLength(path) > LONGEST) throw new Error(`${path} is longer than ${LONGEST} bytes`)
    if (process.platform !== 'win32') rmSync(path, { force: true })
    server.listen(path)
    server.unref()
  } catch (error) {
    without(error as Error)
  }
  return {
    close () {
      server.close()
      for (const socket of [...sockets]) socket.end()
    }
  }
}
