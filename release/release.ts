// `npm run release`: builds, tests, packs and checks all packages, and publishes those whose version npm does not have yet.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { packages, program, root } from '../test/packages.ts'
import { inOrder } from './order.ts'
import { pack, type Packed } from './pack.ts'
import { inWords } from './sizes.ts'

const HELP = `npm run release -- [--dry-run] [--no-tests]

  --dry-run    publish nothing; show what would be published
  --no-tests   leave the tests out, where they have just passed

Publishes with provenance, which npm gives to a workflow of GitHub alone. A version with a hyphen gets the tag "next", others "latest".`

const shell = process.platform === 'win32'

process.exitCode = await release()

async function release (): Promise<number> {
  const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean' }, 'no-tests': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } })
  if (values.help === true) {
    console.log(HELP)
    return 0
  }
  const isDry = values['dry-run'] === true
  const changed = execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' })
  if (changed !== '' && !isDry) return stop('there are changes that are not committed:', changed.trimEnd())
  if (!runs('npm', ['run', 'build'])) return stop('it does not build')
  if (values['no-tests'] !== true && !runs('npm', ['test'])) return stop('a test has failed')
  const folder = mkdtempSync(join(tmpdir(), 'release-'))
  try {
    return await publish(folder, isDry)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function publish (folder: string, isDry: boolean): Promise<number> {
  const all: Packed[] = []
  for (const one of inOrder([...packages, program])) all.push(await pack(one, folder))
  for (const { one, version, size, files } of all) console.log(`${one.name.padEnd(30)} ${version.padEnd(14)} ${inWords(size).padStart(8)} ${String(files.length).padStart(5)} files`)
  const mistakes = all.flatMap(({ one, mistakes }) => mistakes.map(mistake => `${one.name}: ${mistake}`))
  const versions = new Set(all.map(({ version }) => version))
  if (versions.size > 1) mistakes.push(`all packages have one version, and these have ${[...versions].join(', ')}`)
  mistakes.push(...all.filter(({ one, version }) => !isTold(one.folder, version)).map(({ one, version }) => `${one.name}: its changelog does not begin with ${version}`))
  if (mistakes.length > 0) return stop('nothing is published:', mistakes.join('\n'))
  for (const { one, version, tarball } of all) {
    const tag = version.includes('-') ? 'next' : 'latest'
    if (isDry) console.log(`would publish ${one.name}@${version} as ${tag}`)
    else if (isThere(one.name, version)) console.log(`${one.name}@${version} is there already`)
    else if (!runs('npm', ['publish', tarball, '--access', 'public', '--provenance', '--tag', tag])) return stop(`${one.name} could not be published; those before it were`)
  }
  return 0
}

/** Whether the changelog's first heading is the version. */
function isTold (folder: string, version: string): boolean {
  return readFileSync(join(folder, 'CHANGELOG.md'), 'utf8').split('\n').find(line => line.startsWith('## ')) === `## ${version}`
}

function isThere (name: string, version: string): boolean {
  const { status, stdout } = spawnSync('npm', ['view', `${name}@${version}`, 'version'], { encoding: 'utf8', shell })
  return status === 0 && stdout.trim() === version
}

function runs (command: string, words: string[]): boolean {
  return spawnSync(command, words, { cwd: root, stdio: 'inherit', shell }).status === 0
}

function stop (...lines: string[]): number {
  console.error(['', ...lines].join('\n'))
  return 1
}
