// `npm test`: the tests, short for people: a line for each file, then what was skipped and what failed. Where CI is set it is tap's own output.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { inspect, stripVTControlCharacters } from 'node:util'
import { Parser, type Result } from 'tap-parser'
import { root } from './packages.ts'

const tap = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs')
const words = process.argv.slice(2)
// An empty CI is none.
const isForPrograms = Boolean(process.env.CI) || words.some(word => /^--reporter|^-R/.test(word))
const child = spawn(process.execPath, [tap, ...isForPrograms ? words : ['--reporter=tap', ...words]], { stdio: isForPrograms ? 'inherit' : ['inherit', 'pipe', 'inherit'] })
child.on('close', (code, signal) => { process.exitCode = code ?? (signal === null ? 0 : 1) })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => { child.kill(signal) })
if (child.stdout !== null) child.stdout.pipe(summary())

/** Reads TAP, prints what people want to know. */
function summary (): Parser {
  const skipped: string[] = []
  const failed: string[] = []
  let files = 0
  let passed = 0
  const parser = new Parser()
  // Of the root: a file each.
  parser.on('assert', ({ ok, name, time, diag }: Result) => {
    files++
    // It ended early, or took too long: no test in it has failed.
    if (!ok && !failed.some(entry => entry.startsWith(name))) failed.push(`${name}\n${indented(diag)}`)
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${String(files).padStart(3)}  ${name}${time === null ? '' : `  ${(time / 1000).toFixed(1)} s`}`)
  })
  // Of all depths: those that have no tests inside.
  parser.on('result', ({ ok, skip, todo, fullname, diag }: Result) => {
    if (skip !== false) skipped.push(`${fullname}${typeof skip === 'string' && skip !== '' ? `: ${skip}` : ''}`)
    else if (!ok && todo === false) failed.push(`${fullname}\n${indented(diag)}`)
    else passed++
  })
  parser.on('complete', () => {
    list('Skipped', skipped)
    list('Failed', failed)
    console.log(`\n${files} files: ${passed} passed, ${failed.length} failed, ${skipped.length} skipped`)
  })
  return parser
}

/** The parts of a diagnosis; texts of several lines as they are. */
function told (diag: object): string {
  return Object.entries(diag).map(([key, value]) => typeof value === 'string' && value.includes('\n') ? `${key}:\n${value.trimEnd()}` : `${key}: ${typeof value === 'string' ? value : inspect(value, { depth: 6 })}`).join('\n')
}

function list (head: string, entries: readonly string[]): void {
  if (entries.length > 0) console.log(`\n${head}:\n${entries.map(entry => `  ${entry.trimEnd()}`).join('\n')}`)
}

function indented (diag: unknown): string {
  return diag === null || diag === undefined ? '' : stripVTControlCharacters(typeof diag === 'object' ? told(diag) : String(diag)).split('\n').map(line => `      ${line}`).join('\n')
}
