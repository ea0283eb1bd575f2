// How is the site built? It installs nothing, and says what to do where its parts are missing.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root } from './pages.ts'
import { referencePages } from './reference.ts'
import { readSources } from './reference/program.ts'

const folder = join(root, 'docs')
const vitepress = join(folder, 'node_modules', 'vitepress', 'bin', 'vitepress.js')

process.exitCode = build()

/** The exit code. `DOCS_OUT` is where the site goes, `DOCS_BASE` the path that it is served at. */
function build (): number {
  if (!existsSync(vitepress)) {
    console.error('The site is built by VitePress, which is not installed with the rest. Install it once:\n\n  npm ci --prefix docs\n')
    return 1
  }
  writeReference()
  const { status } = spawnSync(process.execPath, [vitepress, 'build', folder], { cwd: folder, stdio: 'inherit' })
  if (status === 0) console.log(`The site is in ${relative(process.cwd(), process.env.DOCS_OUT ?? join(folder, '.vitepress', 'dist'))}. To look at it: npm run preview --prefix docs`)
  return status ?? 1
}

function writeReference (): void {
  const place = join(folder, 'reference')
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place)
  for (const [name, text] of referencePages(readSources())) writeFileSync(join(place, name), text)
}
