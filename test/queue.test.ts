// The queue of connections that wait to be accepted, as the system has it.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { start } from './program.ts'

t.setTimeout(240_000)

const SKIP = !canAsk() && 'ss is not here'

function canAsk (): boolean {
  try {
    execFileSync('ss', ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

t.test('4,096 connections may wait at each port, where the system allows so many, with one process and with workers', { skip: SKIP }, async t => {
  const most = Math.min(4096, Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8')))
  for (const workers of ['', '2']) {
    const program = start(t, { WORKERS: workers })
    await program.says(/stop +Ctrl\+C/)
    const [, http, https] = /reached by +http (\d+)[^]*?https (\d+)/.exec(program.output())!
    for (const port of [http, https]) {
      const queues = execFileSync('ss', ['-Hltn', `sport = :${port}`], { encoding: 'utf8' }).trim().split('\n').map(line => Number(line.split(/\s+/)[2]))
      t.ok(queues.length > 0 && queues.every(queue => queue === most), `${port}: ${queues.join(', ')}`)
    }
    program.process.kill('SIGTERM')
    await program.exit
  }
})
