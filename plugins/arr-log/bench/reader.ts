// What does reading half a gigabyte of log cost, beside awk, goaccess and lnav? Run: npm run build, then
// node --import=tsx --conditions=@fastify-arr/source plugins/arr-log/bench/reader.ts [megabytes]
//
// Prints the processor's time (user and system) of each, the least of several rounds that take turns, as a ratio to awk's. What is not
// installed is named. The log is made up: two million lines as IIS writes them, with some five thousand clients and fifteen hundred paths.
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROUNDS = 3
const megabytes = Number(process.argv[2] ?? 500)
const directory = mkdtempSync(join(tmpdir(), 'arr-log-reader-'))
const log = join(directory, 'u_ex260528.log')
const command = fileURLToPath(new URL('../bin/arr-log.js', import.meta.url))

function writeLog (): number {
  const file = openSync(log, 'w')
  writeSync(file, '#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-05-28 00:00:00\r\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken\r\n')
  // A fixed sequence, so that every run reads the same.
  let seed = 1
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor(seed / 2_147_483_648 * below)
  }
  const agents = ['Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/126.0.0.0+Safari/537.36', 'Mozilla/5.0+(X11;+Linux+x86_64;+rv:127.0)+Gecko/20100101+Firefox/127.0', 'curl/8.5.0']
  const statuses = [...new Array<number>(20).fill(200), 304, 404, 500, 101]
  const two = (value: number): string => String(value).padStart(2, '0')
  const block = Array.from({ length: 100_000 }, (_, index) => {
    const second = Math.floor(index * 86_400 / 100_000)
    const id = Array.from({ length: 4 }, () => random(2 ** 31).toString(16).padStart(8, '0')).join('')
    return `2026-05-28 ${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)} 10.0.0.5 GET /app/${random(1500)}/page X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=${id}&SERVER-STATUS=200 443 - 198.51.${random(20)}.${random(250)} ${agents[random(3)] as string} - ${statuses[random(24)] as number} 0 0 ${random(90_000)} ${random(2000)} ${random(3000)}\r\n`
  }).join('')
  for (let written = 0; written < megabytes * 1_000_000; written += block.length) writeSync(file, block)
  closeSync(file)
  return statSync(log).size
}

/** Seconds of user and system time; null where the program is not there, or fails. */
function cost (program: string, args: readonly string[]): number | null {
  const told = join(directory, 'time')
  const { status } = spawnSync('/usr/bin/env', ['bash', '-c', `TIMEFORMAT='%U %S'; { time "$0" "$@" > /dev/null 2>&1 < /dev/null; } 2> ${told}`, program, ...args], { env: { ...process.env, HOME: directory } })
  const [user, system] = readFileSync(told, 'utf8').trim().split(/\s+/).map(Number)
  return status === 0 && user !== undefined && system !== undefined ? user + system : null
}

const rows: ReadonlyArray<readonly [name: string, program: string, args: readonly string[]]> = [
  ['awk: counts by status, and two sums', 'awk', ['!/^#/ { n[$12]++; t += $17; b += $15 } END { for (k in n) print k, n[k]; print t, b }', log]],
  ['arr-log --summary', process.execPath, [command, '--summary', log]],
  ['arr-log --by path,status', process.execPath, [command, '--by', 'path,status', log]],
  ['arr-log --by client', process.execPath, [command, '--by', 'client', log]],
  ['arr-log --per 1h', process.execPath, [command, '--per', '1h', log]],
  ['goaccess', 'goaccess', [log, '--log-format=W3C', '--no-query-string', '--no-global-config', '-o', join(directory, 'report.json')]],
  ['lnav: counts by status', 'lnav', ['-n', '-c', ';select sc_status, count(*) from w3c_log group by 1', log]]
]

try {
  const size = writeLog()
  console.log(`${Math.round(size / 1_048_576)} MiB, ${execFileSync('wc', ['-l', log], { encoding: 'utf8' }).split(' ')[0] as string} lines`)
  const least = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, program, args] of rows) {
      const cpu = cost(program, args)
      if (cpu !== null) least.set(name, Math.min(least.get(name) ?? Infinity, cpu))
    }
  }
  const awk = least.get((rows[0] as typeof rows[number])[0]) ?? NaN
  for (const [name] of rows) {
    const cpu = least.get(name)
    console.log(`${name.padEnd(40)} ${cpu === undefined ? 'not installed, or it failed' : `${cpu.toFixed(2)} s  ${(cpu / awk).toFixed(2)} × awk`}`)
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
