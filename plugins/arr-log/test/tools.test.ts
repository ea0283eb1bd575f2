// Common log tools read the files without errors.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { start } from './server.ts'

const isThere = (tool: string) => {
  try {
    execFileSync(tool, ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Writes a log with values that readers may stumble over; returns its path. */
async function write (t: Test, directory: string, format: 'w3c' | 'article' | 'ncsa'): Promise<string> {
  const server = await start(t, { directory: join(directory, format), ...format === 'article' ? { fields: 'article' } : { format }, period: 'none' }, app => {
    app.get('/*', async request => {
      if (request.url.startsWith('/ws')) Object.assign(request, { upstream: { logId: 'a3614585-e908-40f2-9435-e3c23a2a6e31', status: 101, tunnel: { closedBy: 'client', closeCode: 1001, ending: 'end' } } })
      else Object.assign(request, { upstream: { logId: 'ad279eb5-5553-4609-8c40-4f529aee77f7', status: 200, tunnel: null } })
      return 'x'
    })
  })
  await server.listen()
  const agents = ['Mozilla/5.0 (Windows NT 10.0; Win64; x64)', '-', '"quoted" \\ #hash %41 +plus+', Buffer.from('Zürich 😀').toString('latin1')]
  for (const [position, path] of ['/', '/page?a=b&c="d"', '/ws', '/%20%2e?#', `/${'long'.repeat(200)}`].entries()) {
    await fetch(`http://127.0.0.1:${server.port}${path}`, { headers: { 'user-agent': agents[position % agents.length]!, referer: 'http://reverseproxy.com/ "x"' } })
    if (position === 2) server.app.arrLog.reopen()
    await server.app.arrLog.flush()
  }
  await server.app.close()
  const folder = join(server.directory, 'W3SVC1')
  return join(folder, readdirSync(folder)[0]!)
}

t.test('goaccess reads every line', { skip: !isThere('goaccess') && 'goaccess is not installed' }, async t => {
  const formats = {
    w3c: ['--log-format=W3C', '--no-query-string'],
    article: ['--log-format=%d %t %^ %m %U %q %^ %e %h %H %u %R %s %^ %^ %L', '--date-format=%Y-%m-%d', '--time-format=%H:%M:%S'],
    ncsa: ['--log-format=COMBINED']
  } as const
  const directory = t.testdir()
  for (const [format, options] of Object.entries(formats)) {
    const log = await write(t, directory, format as keyof typeof formats)
    const report = join(directory, `${format}.json`)
    const invalid = join(directory, `${format}.invalid`)
    execFileSync('goaccess', [log, ...options, '--no-global-config', `--invalid-requests=${invalid}`, '-o', report], { stdio: 'ignore' })
    const { general } = JSON.parse(readFileSync(report, 'utf8'))
    t.match(general, { total_requests: 5, valid_requests: 5, failed_requests: 0 }, format)
    t.equal(existsSync(invalid) ? readFileSync(invalid, 'utf8') : '', '')
  }
})

t.test('lnav knows the W3C file as what it is, and reads every column', { skip: !isThere('lnav') && 'lnav is not installed' }, async t => {
  const home = t.testdir()
  const log = await write(t, home, 'article')
  const out = execFileSync('lnav', ['-n', '-c', ';select c_ip, cs_method, cs_uri_stem, sc_status, sc_substatus, time_taken, cs_version from w3c_log', '-c', ':write-json-to -', log], { encoding: 'utf8', env: { ...process.env, HOME: home } })
  const found = JSON.parse(out)
  t.equal(found.length, 5)
  t.match(found[2], { c_ip: '127.0.0.1', cs_method: 'GET', cs_uri_stem: '/ws', sc_status: 101, sc_substatus: 0, cs_version: 'HTTP/1.1' })
})
