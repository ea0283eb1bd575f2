// How does a reader know of a process whose WebSockets are all silent? By a remark once a minute, as long as some are open.
import { mock } from 'node:test'
import t from 'tap'
import { SignsOfLife } from '../src/files/signs-of-life.ts'
import { aliveIn, PROCESS, startOf } from '../src/format/writing-process.ts'

t.test('a process writes a remark in each minute in which it has written nothing else and has open WebSockets', async t => {
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: Date.parse('2026-05-28T10:00:00Z') })
  t.teardown(() => { mock.timers.reset() })
  const written: string[] = []
  const signs = new SignsOfLife({ write: line => { written.push(line) } })
  mock.timers.tick(600_000)
  signs.wrote(Date.now(), 0)
  mock.timers.tick(600_000)
  t.strictSame(written, [], 'a page is no WebSocket')

  signs.wrote(Date.now(), 1)
  mock.timers.tick(59_999)
  t.strictSame(written, [])
  mock.timers.tick(1)
  t.strictSame(written, [`#Remark: 2026-05-28 10:21:00 process ${PROCESS} is alive`])
  t.strictSame(aliveIn(written[0]!), { id: PROCESS, at: Date.parse('2026-05-28T10:21:00Z') })

  mock.timers.tick(30_000)
  signs.wrote(Date.now(), 0)
  mock.timers.tick(30_000)
  t.equal(written.length, 1, 'it has just written a line')
  mock.timers.tick(60_000)
  t.equal(written.length, 2)

  signs.wrote(Date.now(), -1)
  mock.timers.tick(600_000)
  t.equal(written.length, 2, 'none is open any more')
})

t.test('the id of a process says when it started', async t => {
  const start = startOf(PROCESS) as number
  t.ok(Math.abs(start - (Date.now() - performance.now())) < 2000)
  for (const text of ['', 'x', '12', '12-', '-12', '12-A', '12-1 3']) t.equal(startOf(text), null, text)
  for (const text of ['#Remark: yes', `#Remark: 2026-05-28 10:21:00 process ${PROCESS} is alive and well`]) t.equal(aliveIn(text), null, text)
})
